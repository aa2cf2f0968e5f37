"""Distance-wise relations: how far apart the images of a batch lie from one another."""

import torch
from torch import Tensor

from lookmore.losses.analytic import Part, with_gradients
from lookmore.losses.rows import paired_rows
from lookmore.losses.sides import Sides, pull, row_blocks, sides_of, squares_from


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
    (value,) = with_gradients(
        lambda rows, guide: [distance_part(sides_of(student=rows, teacher=guide))],
        student=rows,
        teacher=guide,
    )
    return value


def distance_part(sides: Sides) -> Part:
    """Return the loss and its gradient, from the table of squared distances.

    Args:
        sides: Of both streams.

    Returns:
        In float64. Two rows in one place send each other no gradient.
    """
    count = len(sides.table)
    total = sides.unit.new_zeros(2)
    for block in row_blocks(count):
        lengths = squares_from(sides.table, *block).sqrt_()
        total += lengths.sum((1, 2), dtype=torch.float64)
    means = torch.where(total == 0, 1.0, total / (count * (count - 1)))

    penalty, tension = total.new_zeros(()), total.new_zeros(())
    for block in row_blocks(count):
        relative, gaps, slopes = _compared(sides.table, block, means)
        # Huber of x is c * (x - c / 2) with c the clamped x
        penalty += gaps.sub_(slopes, alpha=0.5).mul_(slopes).sum(dtype=torch.float64)
        tension += relative.mul_(slopes).sum(dtype=torch.float64)

    # what stretches one side stretches the mean, which shortens every relative distance
    common = tension / (count * (count - 1))
    gradient = torch.empty_like(sides.rows)
    for first, last in row_blocks(count):
        relative, _, slopes = _compared(sides.table, (first, last), means)
        springs = torch.where(relative == 0, 0.0, (slopes - common) / relative)
        gradient[first:last] = pull(springs, sides.rows, first, last)
    return Part(penalty / count**2, gradient / ((count * means[0]) ** 2 * sides.unit))


def _compared(
    table: Tensor, block: tuple[int, int], means: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The student's relative distances, how far they are off, and the slopes of the penalty."""
    relative = squares_from(table, *block).sqrt_() / means.to(table.dtype)[:, None, None]
    gaps = relative[0] - relative[1]
    return relative[0], gaps, gaps.clamp(-1.0, 1.0)
