"""The guide's space: where its embeddings are compared, centred, evened out, of length one."""

import hashlib
from dataclasses import dataclass
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

MOST_DIRECTIONS = 32
"""That are evened out; the others vary little, and so few numbers are kept beside a student."""


@dataclass(frozen=True, kw_only=True)
class GuideSpace:
    """A shift of the origin, a few directions made shorter, then length one.

    Some teachers keep all their embeddings in one narrow cone (dlib's cosines of different
    people lie near 0.83); seen from the mean of many images, directions tell people apart. Most of
    what is then left to see lies in a few directions that many people share; with these shortened,
    the others count for more.

    Example:
        >>> space = GuideSpace.fit(torch.tensor([[3.0, 1.0], [5.0, 1.0]]), centre=True)
        >>> space.place(torch.tensor([[4.0, 3.0]]))
        tensor([[0., 1.]])
    """

    mean: Tensor
    """``(D,)`` float32, subtracted before normalising; zeros if the space is not centred."""

    whitening: Tensor | None = None
    """``(K, D)`` float32, ``K`` at most `MOST_DIRECTIONS`: unit directions, each multiplied by the
    root of the share that is taken out of it; ``None`` = nothing is."""

    def __post_init__(self) -> None:
        if self.mean.ndim != 1 or not self.mean.isfinite().all():
            raise ValueError(f"mean must be finite (D,), got {tuple(self.mean.shape)}")
        if self.whitening is None:
            return
        found = tuple(self.whitening.shape)
        if (
            len(found) != 2
            or not 1 <= found[0] <= MOST_DIRECTIONS
            or found[1] != self.width
            or not self.whitening.isfinite().all()
        ):
            raise ValueError(
                f"whitening must be finite (K, {self.width}) with K from 1 to {MOST_DIRECTIONS}, "
                f"got {found}"
            )

    @property
    def width(self) -> int:
        """Numbers in an embedding, ``D``."""
        return len(self.mean)

    @property
    def fingerprint(self) -> str:
        """Hex sha256: equal means that embeddings are placed equally."""
        parts = [self.mean] if self.whitening is None else [self.mean, self.whitening]
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part.cpu().contiguous().numpy().astype("<f4").tobytes())
        return digest.hexdigest()

    @classmethod
    def fit(cls, embeddings: Tensor, *, centre: bool, whiten: float = 0.0) -> Self:
        """Choose the origin, and what is shortened, from the training images' embeddings.

        Whitening divides each principal direction by the root of its variance. Here the covariance
        (divided by its mean variance) is mixed with the identity first, and what lies behind the
        `MOST_DIRECTIONS` widest directions is taken as equally wide.

        Args:
            embeddings: ``(N, D)`` of training images only: the space is learnt from data.
            centre: Whether to move the origin at all.
            whiten: Weight of the covariance in that mixture, in [0, 1); 0 shortens nothing.

        Raises:
            ValueError: If ``embeddings`` is not ``(N, D)`` with ``N >= 1``, or ``whiten`` is
                outside [0, 1) or asked for without ``centre``.
        """
        if embeddings.ndim != 2 or len(embeddings) == 0:
            raise ValueError(
                f"embeddings must have shape (N, D) with N >= 1, got {tuple(embeddings.shape)}"
            )
        if not 0 <= whiten < 1 or (whiten and not centre):
            raise ValueError(
                f"whiten must be in [0, 1), above 0 only with centre, got {whiten} and {centre}"
            )
        if not centre:
            return cls(mean=torch.zeros(embeddings.shape[1]))
        mean = embeddings.double().mean(dim=0)
        whitening = _whitening(embeddings.double() - mean, whiten) if whiten else None
        return cls(mean=mean.float(), whitening=whitening)

    def place(self, embeddings: Tensor) -> Tensor:
        """Return ``(N, D)`` float32 rows of length one (zero where the row is the mean)."""
        if embeddings.ndim != 2 or embeddings.shape[1] != self.width:
            raise ValueError(
                f"embeddings must have shape (N, {self.width}), got {tuple(embeddings.shape)}"
            )
        rows = embeddings.float() - self.mean.to(embeddings.device)
        if self.whitening is not None:
            whitening = self.whitening.to(embeddings.device)
            rows = rows - (rows @ whitening.T) @ whitening
        return F.normalize(rows, dim=1)


def _whitening(centred: Tensor, weight: float) -> Tensor | None:
    """Return ``(K, D)`` float32 as `GuideSpace.whitening`; ``None`` if no direction stands out.

    Args:
        centred: ``(N, D)`` float64.
        weight: Of the covariance, in (0, 1).
    """
    variances, directions = torch.linalg.eigh(centred.T @ centred / len(centred))
    if not variances.mean() > 0:
        return None
    mixed = weight * variances.clamp(min=0) / variances.mean() + 1 - weight
    count = min(MOST_DIRECTIONS, len(mixed) - 1)
    rest = mixed[: len(mixed) - count].mean()  # eigh sorts from the least to the greatest
    widest, directions = mixed[len(mixed) - count :], directions.T[len(mixed) - count :]
    shares = (1 - (rest / widest).sqrt()).clamp(min=0)  # by rounding, rest may be above the least
    kept = shares > 0
    if not kept.any():
        return None
    # 16 bits are enough, and so a file of a small student stays small; what was rounded is used
    whitening: Tensor = (shares.sqrt()[:, None] * directions)[kept].half().float()
    return whitening
