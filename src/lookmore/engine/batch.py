"""What one step sees."""

from typing import NamedTuple

import torch
from torch import Tensor


class Batch(NamedTuple):
    """Images as the learner sees them, and what its guides said of the same views."""

    images: Tensor
    """``(B, 3, side, side)`` float32 in [0, 1]."""

    labels: Tensor
    """``(B,)`` int64 class indices; -1 where an image has no single class."""

    guides: dict[str, Tensor]
    """Guide name (``teacher``, ``assistant``) to its ``(B, D)`` embeddings of the same rows."""

    def to(self, device: torch.device) -> "Batch":
        """Return the same batch on ``device``."""
        return Batch(
            self.images.to(device, non_blocking=True),
            self.labels.to(device, non_blocking=True),
            {name: rows.to(device, non_blocking=True) for name, rows in self.guides.items()},
        )
