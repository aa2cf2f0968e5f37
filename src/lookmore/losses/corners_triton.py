"""Penalty and pull of all corners in one kernel on the GPU, compiled by Triton.

A program takes a tile of sides ``ab`` and walks over all third images ``c``. Of each triangle it
needs all three corners: at ``c`` the side is opposite, at ``a`` and ``b`` it is one of the two
that meet. So each corner is computed three times, and nothing is shared between programs: no
atomic addition, the same bits in every run.
"""

from __future__ import annotations  # Triton reads them as they are written

from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from lookmore.losses.sides import points_of, squares_from

try:
    tl: Any = import_module("triton.language")
    _jitted: Any = import_module("triton").jit
except ImportError:  # the module loads; `engines` sees to it that nobody calls it
    tl, _jitted = None, lambda function: function

_BLOCK = 32  # images along each side of a tile
_RUN = 32  # third images summed up in the table's precision before float64 takes over


def corners(table: Tensor) -> tuple[Tensor, Tensor]:
    """Do what `corners_torch.corners` does.

    Args:
        table: ``(B, B)`` of `Sides`, on a GPU; anywhere in Triton's interpreter.

    Returns:
        Penalty ``()`` and springs ``(B, B)``, both float64.
    """
    count = len(table)
    squares = squares_from(table, 0, count)
    inverses = torch.where(squares == 0, 0.0, squares.rsqrt())
    springs = table.new_zeros(count, count, dtype=torch.float64)
    tiles = -(-count // _BLOCK)
    penalties = springs.new_zeros(tiles, tiles)
    _add_tile[(tiles, tiles)](
        squares, inverses, springs, penalties, count, tiles, BLOCK=_BLOCK, RUN=_RUN
    )
    above = springs.triu(1)
    return penalties.sum() + points_of(table), above + above.T


@_jitted  # type: ignore[untyped-decorator]
def _add_tile(  # type: ignore[no-untyped-def]
    squares, inverses, springs, penalties, count, tiles, BLOCK: tl.constexpr, RUN: tl.constexpr
):
    """Write the springs of a tile on or above the diagonal, and the penalty of what is opposite.

    A store of the mirror image would want the indices in a second layout, which Triton 3.6 gets
    wrong for a number of images that 16 does not divide: seen on an H200, value right, gradient
    not. ``s`` is a square and ``v`` 1 / length; of the teacher they stand ``count * count`` behind.
    """
    tile_a, tile_b = tl.program_id(0), tl.program_id(1)
    if tile_a > tile_b:
        return
    a = tile_a * BLOCK + tl.arange(0, BLOCK)
    b = tile_b * BLOCK + tl.arange(0, BLOCK)
    teacher = count * count
    at = a[:, None] * count + b[None, :]
    inside = (a < count)[:, None] & (b < count)[None, :]
    s_ab = tl.load(squares + at, inside, 0.0)
    v_ab = tl.load(inverses + at, inside, 0.0)
    t_ab = tl.load(squares + teacher + at, inside, 0.0)
    w_ab = tl.load(inverses + teacher + at, inside, 0.0)
    is_pair = a[:, None] != b[None, :]
    pull = tl.zeros((BLOCK, BLOCK), tl.float64)
    penalty = tl.zeros((BLOCK, BLOCK), tl.float64)
    for first in range(0, count, RUN):
        pull_here = tl.zeros_like(s_ab)
        penalty_here = tl.zeros_like(s_ab)
        for c in range(first, first + RUN):
            # behind the last image, and where c is a or b, a side has no length: 0 throughout
            in_a, in_b = (a < count) & (c < count), (b < count) & (c < count)
            to_a, to_b = c * count + a, c * count + b
            s_ac = tl.load(squares + to_a, in_a, 0.0)[:, None]
            v_ac = tl.load(inverses + to_a, in_a, 0.0)[:, None]
            t_ac = tl.load(squares + teacher + to_a, in_a, 0.0)[:, None]
            w_ac = tl.load(inverses + teacher + to_a, in_a, 0.0)[:, None]
            s_bc = tl.load(squares + to_b, in_b, 0.0)[None, :]
            v_bc = tl.load(inverses + to_b, in_b, 0.0)[None, :]
            t_bc = tl.load(squares + teacher + to_b, in_b, 0.0)[None, :]
            w_bc = tl.load(inverses + teacher + to_b, in_b, 0.0)[None, :]

            cosine = 0.5 * v_ac * v_bc * (s_ac + s_bc - s_ab)
            gap = cosine - 0.5 * w_ac * w_bc * (t_ac + t_bc - t_ab)
            slope = tl.minimum(tl.maximum(gap, -1.0), 1.0)
            # Huber of x is c * (x - c / 2) with c the clamped x
            penalty_here += tl.where(is_pair, slope * (gap - 0.5 * slope), 0.0)
            found = -slope * v_ac * v_bc

            cosine = 0.5 * v_ab * v_ac * (s_ab + s_ac - s_bc)
            gap = cosine - 0.5 * w_ab * w_ac * (t_ab + t_ac - t_bc)
            slope = tl.minimum(tl.maximum(gap, -1.0), 1.0)
            found += v_ab * slope * (v_ac - cosine * v_ab)

            cosine = 0.5 * v_ab * v_bc * (s_ab + s_bc - s_ac)
            gap = cosine - 0.5 * w_ab * w_bc * (t_ab + t_bc - t_ac)
            slope = tl.minimum(tl.maximum(gap, -1.0), 1.0)
            found += v_ab * slope * (v_bc - cosine * v_ab)

            # a corner between a side and itself is counted apart, and pulls at nothing
            is_corner = (a != c)[:, None] & (b != c)[None, :]
            pull_here += tl.where(is_corner & is_pair, found, 0.0)
        pull += pull_here.to(tl.float64)
        penalty += penalty_here.to(tl.float64)
    tl.store(springs + at, pull, inside)
    twice = tl.where(tile_a == tile_b, 1.0, 2.0)
    tl.store(penalties + tile_a * tiles + tile_b, tl.sum(penalty) * twice)
