"""Distance-wise relations: how far apart the images of a batch lie from one another."""

import torch
import torch.nn.functional as F
from torch import Tensor

from lookmore.losses.rows import checked_rows, paired_rows


def relative_distances(embeddings: Tensor) -> Tensor:
    """Return every pairwise distance of a batch, in units of the batch's mean distance.

    Args:
        embeddings: ``(B, D)``, any scale. Two rows in one place send each other no gradient.

    Returns:
        ``(B, B)`` float32 (float64 for float64 rows), symmetric, zero diagonal; unit-free,
        off-diagonal mean 1. All zeros for a collapsed batch (all rows equal).

    Raises:
        ValueError: If ``embeddings`` is not ``(B, D)`` with ``B >= 2``.

    Example:
        >>> relative_distances(torch.tensor([[0.0], [1.0], [3.0]]))
        tensor([[0.0000, 0.5000, 1.5000],
                [0.5000, 0.0000, 1.0000],
                [1.5000, 1.0000, 0.0000]])
    """
    rows = checked_rows(embeddings, fewest=2)
    with torch.autocast(rows.device.type, enabled=False):
        # Above 25 rows cdist switches to x.x - 2x.y + y.y, which cancels: among rows of norm
        # near 200, a true distance of 0.01 came back as 0.00 in one run and 0.17 in another.
        distances = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist")
        mean = distances.sum() / (len(rows) * (len(rows) - 1))
        return distances / torch.where(mean == 0, 1.0, mean)


def distance_loss(*, student: Tensor, teacher: Tensor) -> Tensor:
    """Penalise a student that spaces the batch differently from its teacher.

    Only the pattern of distances is compared, never the coordinates, so the two streams
    may differ in embedding width and in scale.

    Args:
        student: ``(B, D_s)`` embeddings; gradient flows here. A collapsed batch has none.
        teacher: ``(B, D_t)`` embeddings of the same images, in the same order; detached.

    Returns:
        Scalar ``()`` float32 (float64 for a float64 student): mean Huber penalty over the
        ``B * B`` entries, ``>= 0``; always 0 for ``B = 2``, where there is only one distance
        to compare.

    Raises:
        ValueError: If the batch sizes differ, or either batch has fewer than two rows.

    Source:
        Park et al., *Relational Knowledge Distillation*, CVPR 2019 (distance-wise loss),
        https://arxiv.org/abs/1904.05068. Equal to it except for a collapsed batch, whose
        relative distances are 0 here.

    Example:
        >>> even = torch.tensor([[0.0], [1.0], [2.0]])
        >>> uneven = torch.tensor([[0.0], [1.0], [3.0]])
        >>> f"{distance_loss(student=even, teacher=uneven).item():.4f}"
        '0.0139'
    """
    rows, guide = paired_rows(student=student, teacher=teacher, fewest=2)
    expected = relative_distances(guide).to(rows.dtype)
    return F.smooth_l1_loss(relative_distances(rows), expected)
