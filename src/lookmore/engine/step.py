"""One optimisation step; everything that learns, learns here."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from lookmore.engine.batch import Batch
from lookmore.losses import weighted_sum

Objective = Callable[[Batch], Mapping[str, Tensor]]
"""A batch in, named unweighted scalars out; it holds the learner."""


def train_step(
    batch: Batch,
    *,
    objective: Objective,
    weights: Mapping[str, float],
    optimizer: torch.optim.Optimizer,
    backward: Callable[[Tensor], None],
) -> dict[str, Tensor]:
    """Update the learner on one batch.

    Args:
        batch: On the learner's device.
        objective: Computes the terms.
        weights: One weight per term, same names.
        optimizer: Holds the learner's parameters, and those of the losses if they have any.
        backward: Called with the total; scales it where the precision asks for that.

    Returns:
        Detached unweighted terms plus ``"total"``, still on the device: reading a number
        here would make every step wait for the accelerator.
    """
    terms = objective(batch)
    total = weighted_sum(terms, weights)

    optimizer.zero_grad(set_to_none=True)
    backward(total)
    optimizer.step()

    return {name: term.detach() for name, term in {**terms, "total": total}.items()}
