"""The training objective: named terms, one weight each, one sum."""

from collections.abc import Mapping

import torch
from torch import Tensor

from lookmore.errors import ConfigError


def weighted_sum(terms: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Combine the loss terms of one step.

    Args:
        terms: Unweighted scalars ``()``, at least one, keyed as they are logged
            (``"distance/teacher_to_student"``).
        weights: One non-negative weight per term, same keys.

    Returns:
        Scalar ``()``.

    Raises:
        ConfigError: If the two sets of names differ, so that no weight is ignored in silence,
            or both are empty.

    Example:
        >>> terms = {"individual": torch.tensor(0.5), "distance": torch.tensor(0.25)}
        >>> weighted_sum(terms, {"individual": 2.0, "distance": 4.0})
        tensor(2.)
    """
    if terms.keys() != weights.keys():
        unknown = sorted(weights.keys() - terms.keys())
        missing = sorted(terms.keys() - weights.keys())
        raise ConfigError(f"loss weights do not fit: unknown {unknown}, missing {missing}")
    if not terms:
        raise ConfigError("the objective needs at least one loss term, got none")
    return torch.stack([weights[name] * term for name, term in terms.items()]).sum()
