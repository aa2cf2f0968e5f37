"""From springs between the images to the gradient in their embeddings."""

import torch
from torch import Tensor

from lookmore.losses.analytic import Part
from lookmore.losses.sides import Sides, row_blocks


def pulled(penalty: Tensor, springs: Tensor, sides: Sides, *, entries: int) -> Part:
    """Return a loss that is a mean of penalties, with its gradient.

    Near twins pull hard and nearly cancel; float32 would lose what is left.

    Args:
        penalty: ``()`` sum of the penalties.
        springs: ``(B, B)`` symmetric, the slope of the sum in each squared distance.
        sides: What the distances were measured on.
        entries: How many penalties there are.

    Returns:
        In float64.
    """
    rows = sides.rows
    gradient = torch.empty_like(rows)
    for first, last in row_blocks(rows):
        block = springs[first:last].double()
        here = block.sum(1, keepdim=True) * rows[first:last]
        torch.addmm(here, block, rows, alpha=-1, out=gradient[first:last])
    return Part(penalty / entries, gradient.mul_(2 / (entries * sides.unit)))
