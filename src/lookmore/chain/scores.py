"""What a guide says of each class: a table beside the one of its embeddings."""

import numpy as np
import torch
from torch import Tensor

from lookmore.chain.guide import PlacedGuide
from lookmore.streams.frozen import FrozenStream
from lookmore.streams.stream import Stream


def scores_of(guide: str) -> str:
    """Return the name that a guide's class scores go by, beside its own for its embeddings."""
    return f"{guide}_scores"


class ScoresTeacher:
    """The class scores of a trained stream, in the role of a guide; satisfies `Teacher`.

    Args:
        stream: Copied, and frozen; one that has classes.
        name: How it is called in reports.
        device: Where it computes.

    Raises:
        ValueError: If the stream has no classes.
    """

    def __init__(self, stream: Stream, *, name: str, device: torch.device) -> None:
        if not stream.classes:
            raise ValueError("a stream without classes has no scores to give")
        self.stream = FrozenStream(stream).to(device)
        self.name = name
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
