"""Penalty and pull of all distances, block by block in torch."""

import torch
from torch import Tensor

from lookmore.losses.sides import row_blocks, squares_from


def pairs(table: Tensor) -> tuple[Tensor, Tensor]:
    """Compare every distance of the student, in units of their mean, with the teacher's.

    Args:
        table: ``(B, B)`` of `Sides`.

    Returns:
        Sum ``()`` of the Huber penalties over all entries, float64, and springs ``(B, B)`` in the
        dtype of ``table``: symmetric, the slope of that sum in each squared distance. Two rows in
        one place send each other no gradient.
    """
    count = len(table)
    total = table.new_zeros(2, dtype=torch.float64)
    for block in row_blocks(table):
        lengths = squares_from(table, *block).sqrt_()
        total += lengths.sum((1, 2), dtype=torch.float64)
    means = torch.where(total == 0, 1.0, total / (count * (count - 1)))

    penalty, tension = total.new_zeros(()), total.new_zeros(())
    for block in row_blocks(table):
        relative, gaps, slopes = _compared(table, block, means)
        # Huber of x is c * (x - c / 2) with c the clamped x
        penalty += gaps.sub_(slopes, alpha=0.5).mul_(slopes).sum(dtype=torch.float64)
        tension += relative.mul_(slopes).sum(dtype=torch.float64)

    # what stretches one side stretches the mean, which shortens every relative distance
    common = tension / (count * (count - 1))
    springs = torch.empty_like(table)
    for first, last in row_blocks(table):
        relative, _, slopes = _compared(table, (first, last), means)
        found = torch.where(relative == 0, 0.0, (slopes - common) / relative)
        springs[first:last] = found / means[0].square()
    return penalty, springs


def _compared(
    table: Tensor, block: tuple[int, int], means: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The student's relative distances, how far they are off, and the slopes of the penalty."""
    relative = squares_from(table, *block).sqrt_() / means.to(table.dtype)[:, None, None]
    gaps = relative[0] - relative[1]
    return relative[0], gaps, gaps.clamp(-1.0, 1.0)
