"""The guide's space: where its embeddings are compared, centred and of length one."""

from dataclasses import dataclass
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class GuideSpace:
    """A shift of the origin, then length one.

    Some teachers keep all their embeddings in one narrow cone (dlib's cosines of different
    people lie near 0.83); seen from the mean of many images, directions tell people apart.

    Example:
        >>> space = GuideSpace.fit(torch.tensor([[3.0, 1.0], [5.0, 1.0]]), centre=True)
        >>> space.place(torch.tensor([[4.0, 3.0]]))
        tensor([[0., 1.]])
    """

    mean: Tensor
    """``(D,)`` float32, subtracted before normalising; zeros if the space is not centred."""

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or not self.mean.isfinite().all():
            raise ValueError(f"mean must be finite (D,), got {tuple(self.mean.shape)}")

    @classmethod
    def fit(cls, embeddings: Tensor, *, centre: bool) -> Self:
        """Choose the origin from the training images' embeddings.

        Args:
            embeddings: ``(N, D)`` of training images only: the origin is learnt from data.
            centre: Whether to move the origin at all.

        Raises:
            ValueError: If ``embeddings`` is not ``(N, D)`` with ``N >= 1``.
        """
        if embeddings.ndim != 2 or len(embeddings) == 0:
            raise ValueError(
                f"embeddings must have shape (N, D) with N >= 1, got {tuple(embeddings.shape)}"
            )
        if not centre:
            return cls(mean=torch.zeros(embeddings.shape[1]))
        return cls(mean=embeddings.double().mean(dim=0).float())

    def place(self, embeddings: Tensor) -> Tensor:
        """Return ``(N, D)`` float32 rows of length one (zero where the row is the mean)."""
        if embeddings.ndim != 2 or embeddings.shape[1] != len(self.mean):
            raise ValueError(
                f"embeddings must have shape (N, {len(self.mean)}), got {tuple(embeddings.shape)}"
            )
        return F.normalize(embeddings.float() - self.mean.to(embeddings.device), dim=1)
