"""Penalty and pull of all corners, block by block in torch: the engine that is always there."""

import math

import torch
from torch import Tensor

from lookmore.losses.sides import points_of, row_blocks, squares_from

_BLOCK_ON_CPU = 2**17  # corners worked on at once: half a MiB in float32, what caches hold
_BLOCK = 2**22  # the same elsewhere


def corners(table: Tensor) -> tuple[Tensor, Tensor]:
    """Compare every corner of the student with the teacher's.

    Corners at ``a`` between ``j`` and ``k`` are laid out ``(j, k, a)`` with ``j < k``: every table
    is then read in whole rows, and the mirror image ``k, j`` is hardly ever computed.

    Args:
        table: ``(B, B)`` of `Sides`.

    Returns:
        Sum ``()`` of the Huber penalties over all corners, and springs ``(B, B)``, both float64:
        symmetric, the slope of that sum in each squared distance.
    """
    count = len(table)
    springs = table.new_zeros(count, count, dtype=torch.float64)
    total = springs.new_zeros(())
    budget = _BLOCK_ON_CPU if table.device.type == "cpu" else _BLOCK
    side = max(1, min(count, math.isqrt(budget // count)))
    blocks = [slice(first, min(count, first + side)) for first in range(0, count, side)]
    for number, js in enumerate(blocks):
        squares_j = squares_from(table, js.start, js.stop)
        for ks in blocks[number:]:
            squares_k = squares_j if js == ks else squares_from(table, ks.start, ks.stop)
            total += _add_block(springs, squares_j, squares_k, js, ks)
    for first, last in row_blocks(table):
        both = springs[first:last, first:] + springs[first:, first:last].T
        springs[first:last, first:] = both
        springs[first:, first:last] = both.T
    return 2 * total + points_of(table), springs


def _add_block(
    springs: Tensor, squares_j: Tensor, squares_k: Tensor, js: slice, ks: slice
) -> Tensor:
    """Return the penalty of the corners between ``js`` and ``ks``, and add up their pull.

    Speed is the number of passes over the block, so it is overwritten where it can be.
    """
    inverses_j, inverses_k = (
        torch.where(squares == 0, 0.0, squares.rsqrt()) for squares in (squares_j, squares_k)
    )
    # cosine * ja = (ja * ja + ka * ka - jk * jk) / (2 * ka), (J, K, B) for each stream
    far = 0.5 * squares_j
    projections = far.unsqueeze(2) - far[:, :, ks].unsqueeze(3)
    halves = (0.5 * squares_k * inverses_k).unsqueeze(1)
    torch.addcmul(halves, projections, inverses_k.unsqueeze(1), out=projections)
    of_j, of_k = inverses_j[0], inverses_k[0]
    gaps = projections[0] * of_j.unsqueeze(1)
    gaps.addcmul_(projections[1], inverses_j[1].unsqueeze(1), value=-1)
    if js == ks:  # of two mirror images one
        gaps *= torch.ones_like(gaps[:, :, 0]).triu_(1).unsqueeze(2)
    slopes = gaps.clamp(-1.0, 1.0)
    # Huber of x is c * (x - c / 2) with c the clamped x
    penalty = gaps.sub_(slopes, alpha=0.5).mul_(slopes).sum()
    slopes *= of_j.unsqueeze(1)
    turns = projections[0].mul_(slopes)
    turn_j, turn_k = turns.sum(1), _sum_over_j(turns)
    slopes *= of_k
    springs[js] += slopes.sum(1) - turn_j * of_j.square()
    springs[ks] += _sum_over_j(slopes) - turn_k * of_k.square()
    springs[js, ks] -= slopes.sum(2)
    return penalty


def _sum_over_j(block: Tensor) -> Tensor:
    return block[0] if len(block) == 1 else block.sum(0)  # torch sums one row slowly
