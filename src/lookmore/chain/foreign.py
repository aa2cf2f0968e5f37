"""A loss from outside, trained in place of our relations: how rivals get the same treatment."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from lookmore.chain.guide import PlacedGuide
from lookmore.streams.frozen import FrozenStream
from lookmore.streams.stream import Stream

SCORES = "teacher_scores"
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


class ScoresTeacher:
    """The class scores of a trained stream, in the role of a guide; satisfies `Teacher`.

    Args:
        stream: Copied, and frozen; one that has classes.
        device: Where it computes.

    Raises:
        ValueError: If the stream has no classes.
    """

    def __init__(self, stream: Stream, *, device: torch.device) -> None:
        if not stream.classes:
            raise ValueError("a stream without classes has no scores to give")
        self.stream = FrozenStream(stream).to(device)
        self.name = SCORES
        self.width = stream.classes
        self.licence = "as its training images"
        self.fingerprint = f"{self.stream.fingerprint} scores"
        self.device = device

    def embed(self, high: Tensor) -> Tensor:
        """Return ``(B, C)`` class scores of ``(B, 3, S, S)`` images in [0, 1]; not normalised."""
        logits: Tensor = self.stream(high.to(self.device)).logits
        return logits.cpu()


class ScoresGuide(PlacedGuide):
    """Class scores by image and view: they have a scale, so nothing is taken off or normalised."""

    def lookup(self, rows: np.ndarray, views: np.ndarray) -> Tensor:
        """Return ``(B, C)`` class scores for ``(B,)`` pack rows and view indices."""
        return self.table.lookup(rows, views)
