"""A loss from outside, trained in place of our relations: how rivals get the same treatment."""

from collections.abc import Callable
from typing import NamedTuple

from torch import nn

from lookmore.chain.scores import scores_of

SCORES = scores_of("teacher")
"""What a foreign loss asks for where it wants the teacher's class scores."""


class ForeignLoss(NamedTuple):
    """What a student learns from a guide by somebody else's formula, beside its task loss."""

    name: str
    """As in ``student.foreign``, in logs and in the stage's key: equal names must mean equal
    formulas and settings."""

    weight: float
    """What it counts beside the task loss, above 0."""

    guides: tuple[str, ...]
    """What it reads of the guides: ``teacher`` (embeddings), ``teacher_scores`` (class scores)."""

    build: Callable[[], nn.Module]
    """Makes ``loss(output, guides)``: the learner's `StreamOutput` and the named guides' rows
    ``(B, D)`` to a scalar."""
