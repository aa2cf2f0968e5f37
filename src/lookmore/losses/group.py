"""Group relations: whom each image of a batch resembles, among all the others."""

import torch
import torch.nn.functional as F
from torch import Tensor

from lookmore.losses.analytic import Part, with_gradients
from lookmore.losses.rows import paired_rows, unit_rows
from lookmore.losses.sides import row_blocks


def group_loss(*, student: Tensor, teacher: Tensor, temperature: float = 0.1) -> Tensor:
    """Penalise a student that finds other images alike than its teacher does.

    Each image spreads one unit of attention over all other images of the batch, by the softmax
    of their cosines. An addition of this project to the three orders of relations; widths may
    differ. It rewards any space with the right neighbours, so it says little beside the others.

    Args:
        student: ``(B, D_s)`` embeddings; gradient flows here.
        teacher: ``(B, D_t)`` embeddings of the same images, in the same order; detached.
        temperature: Cosines are divided by it; above 0. Small looks at near neighbours only.

    Returns:
        Scalar ``()`` float32 (float64 for a float64 student): mean over the images of
        ``KL(teacher || student)`` in nats, ``>= 0``; always 0 for ``B = 2``.

    Raises:
        ValueError: If the batch sizes differ, either batch has fewer than two rows, or the
            temperature is not above 0.

    Example:
        >>> rows = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> f"{group_loss(student=rows, teacher=rows):.4f}"
        '0.0000'
        >>> f"{group_loss(student=rows, teacher=-rows[[0, 2, 1]], temperature=1.0):.4f}"
        '0.1200'
    """
    if not temperature > 0:
        raise ValueError(f"temperature must be above 0, got {temperature}")
    rows, guide = paired_rows(student=student, teacher=teacher, fewest=2)
    (value,) = with_gradients(
        lambda rows, guide: [group_part(rows, guide, temperature)], student=rows, teacher=guide
    )
    return value


def group_part(rows: Tensor, guide: Tensor, temperature: float) -> Part:
    """Return the loss and its gradient, a block of images at a time.

    Args:
        rows: ``(B, D_s)`` of the student.
        guide: ``(B, D_t)`` of the teacher.
        temperature: Above 0.

    Returns:
        In the dtype of ``rows``.
    """
    units, guide_units = unit_rows(rows), unit_rows(guide.to(rows.dtype))
    lengths = torch.linalg.vector_norm(rows, dim=1, keepdim=True)
    value, pulls = units.new_zeros((), dtype=torch.float64), torch.zeros_like(units)
    for first, last in row_blocks(rows):
        logs = _attention(units, first, last, temperature)
        guide_logs = _attention(guide_units, first, last, temperature)
        shares = guide_logs.exp()
        gaps = guide_logs.sub_(logs)
        gaps.diagonal(first).zero_()  # -inf on both sides
        value += gaps.mul_(shares).sum(dtype=torch.float64)
        slopes = logs.exp_().sub_(shares)
        pulls[first:last] += slopes @ units
        pulls += slopes.T @ units[first:last]
    along = (pulls * units).sum(1, keepdim=True) * units
    lengths = torch.where(lengths == 0, 1.0, lengths)
    return Part(value / len(rows), (pulls - along) / (lengths * temperature * len(rows)))


def _attention(units: Tensor, first: int, last: int, temperature: float) -> Tensor:
    """Logarithm of the shares of images ``first:last`` on all, ``(last - first, B)``."""
    cosines = units[first:last] @ units.T / temperature
    cosines.diagonal(first).fill_(-torch.inf)
    return F.log_softmax(cosines, dim=1)
