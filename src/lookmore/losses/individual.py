"""The relation of one image to itself: where the student puts it, and where the teacher does."""

import torch
from torch import Tensor

from lookmore.losses.rows import paired_rows, unit_rows


def individual_loss(*, student: Tensor, teacher: Tensor, weights: Tensor | None = None) -> Tensor:
    """Penalise a student whose embeddings point elsewhere than its teacher's.

    A student that obeys can be searched in a gallery that the teacher built. Lengths are not
    compared; a row of zeros has cosine 0 with everything.

    Args:
        student: ``(B, D)`` embeddings; gradient flows here.
        teacher: ``(B, D)`` embeddings of the same images, in the same order; detached.
        weights: ``(B,)``, what each image counts, 0 or more (not checked: reading them would
            make every step wait for the accelerator); detached. None counts all alike.

    Returns:
        Scalar ``()`` float32 (float64 for a float64 student): weighted mean of one minus the
        cosine, in [0, 2], smaller is better; 0 if all weights are 0.

    Raises:
        ValueError: If the shapes differ, or there is no row, or not one weight per row.

    Example:
        >>> student = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
        >>> teacher = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
        >>> individual_loss(student=student, teacher=teacher)
        tensor(0.5000)
    """
    rows, guide = paired_rows(student=student, teacher=teacher, fewest=1)
    if rows.shape != guide.shape:
        raise ValueError(
            f"student and teacher must have equal widths, got {rows.shape[1]} and "
            f"{guide.shape[1]}: map one to the other first, as HybridOrder does when told both"
        )
    with torch.autocast(rows.device.type, enabled=False):
        penalties = 1 - (unit_rows(rows) * unit_rows(guide).to(rows.dtype)).sum(1)
        if weights is None:
            return penalties.mean()
        if weights.shape != penalties.shape:
            raise ValueError(
                f"weights must have shape ({len(rows)},), one per image, got {tuple(weights.shape)}"
            )
        shares = weights.detach().to(rows.dtype)
        total = shares.sum()
        return (shares * penalties).sum() / torch.where(total == 0, 1.0, total)
