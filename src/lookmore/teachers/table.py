"""The guide's answers to every view of every training image."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class GuideTable:
    """Embeddings by row of the pack and index of the view."""

    embeddings: NDArray[np.float32]
    """``(n, V, D)`` float32, usually memory-mapped; not normalised."""

    rows: NDArray[np.int64]
    """``(n,)`` rows of the pack, ascending, without repetition."""

    def __post_init__(self) -> None:
        if self.embeddings.ndim != 3 or len(self.embeddings) != len(self.rows):
            raise ValueError(
                f"embeddings must have shape (n, V, D) for {len(self.rows)} rows, got "
                f"{self.embeddings.shape}"
            )
        if (np.diff(self.rows) <= 0).any():
            raise ValueError("rows must be ascending, without repetition")

    def lookup(self, rows: NDArray[np.int64], views: NDArray[np.int64]) -> Tensor:
        """Return ``(B, D)`` float32, a copy of what the guide saw in each of these views.

        Args:
            rows: ``(B,)`` rows of the pack, any order, repetition allowed.
            views: ``(B,)`` index of the view of each.

        Raises:
            ValueError: If a row or a view is not in the table.
        """
        places = np.searchsorted(self.rows, rows).clip(max=len(self.rows) - 1)
        if (self.rows[places] != rows).any():
            missing = int(np.asarray(rows)[self.rows[places] != rows][0])
            raise ValueError(f"row {missing} is not in the table of {len(self.rows)} rows")
        if ((views < 0) | (views >= self.embeddings.shape[1])).any():
            raise ValueError(
                f"views must be between 0 and {self.embeddings.shape[1] - 1}, got "
                f"{int(np.min(views))} to {int(np.max(views))}"
            )
        return torch.from_numpy(np.array(self.embeddings[places, views]))
