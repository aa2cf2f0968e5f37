"""The sides of all triangles of a batch: one table of squared distances for both streams."""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

_NEAR = 1e-4  # of the squared norms: below, x.x - 2 x.y + y.y has lost 4 of its 16 digits
_SAME_PLACE = 1e-18  # of the widest square: float64 knows no angle at such a side
_WIDEST_RATIO = 100.0  # longest / shortest side; float32 cosines are off by 1e-7 times this
_BLOCK_ON_CPU = 2**15  # entries worked on at once: a quarter of a MiB in float64, what caches hold
_BLOCK = 2**22  # the same elsewhere, where each block is a dozen calls to wait for


class Sides(NamedTuple):
    """What the distance and the angle loss are computed from."""

    rows: Tensor
    """``(B, D_s)`` float64, the student's rows, centred, in units of ``unit``."""

    unit: Tensor
    """``()`` float64."""

    table: Tensor
    """``(B, B)`` squared distances, each stream in its own unit: the student's above the
    diagonal, the teacher's below, zeros on it. Float32 where that is enough, else float64."""


def sides_of(*, student: Tensor, teacher: Tensor) -> Sides:
    """Measure every side of both streams in float64, near twins by their difference.

    Two rows nearer than 1e-9 of a stream's longest side count as in one place: 0.

    Args:
        student: ``(B, D_s)``; float64 asks for a table in float64.
        teacher: ``(B, D_t)`` of the same images.

    Returns:
        The student's rows and the table of both.
    """
    rows, unit = _in_own_units(student)
    guide, _ = _in_own_units(teacher)
    table = rows.new_zeros(len(rows), len(rows))
    norms, guide_norms = (each.square().sum(1) for each in (rows, guide))
    for first, last in row_blocks(rows):
        table[first:last, first:] = _squared_distances(rows, norms, first, last)
        table[first:, first:last] += _squared_distances(guide, guide_norms, first, last).T
    ratio = _drop_same_place(table)
    # not ratio > WIDEST: a NaN is carried in float64
    if student.dtype != torch.float64 and bool(ratio <= _WIDEST_RATIO**2):
        table = table.float()
    return Sides(rows, unit, table)


def row_blocks(rows: Tensor) -> Iterator[tuple[int, int]]:
    """Yield first and last row of blocks whose table against all rows is small enough.

    Args:
        rows: ``(B, ...)``, at least one; small is less on the CPU.
    """
    height = max(1, _block_on(rows.device) // len(rows))
    for first in range(0, len(rows), height):
        yield first, min(len(rows), first + height)


def _block_on(device: torch.device) -> int:
    return _BLOCK_ON_CPU if device.type == "cpu" else _BLOCK


def squares_from(table: Tensor, first: int, last: int) -> Tensor:
    """Return the squared distances from images ``first:last`` to all others.

    Args:
        table: ``(B, B)`` of `Sides`.
        first: Of the images.
        last: One behind the last image.

    Returns:
        ``(2, last - first, B)``, the student's, then the teacher's.
    """
    here, mirrored = table[first:last], table[:, first:last].T
    at = torch.arange(len(table), device=table.device)
    is_above = at[first:last, None] < at
    return torch.stack(
        [torch.where(is_above, here, mirrored), torch.where(is_above, mirrored, here)]
    )


def points_of(table: Tensor) -> Tensor:
    """Return the Huber penalty of all corners between a side and itself.

    The cosine there is 1, or 0 on a side without length: half where the streams differ.

    Args:
        table: ``(B, B)`` of `Sides`.

    Returns:
        ``()`` float64, the sum over all sides, of mirror images both.
    """
    penalty = table.new_zeros((), dtype=torch.float64)
    for first, last in row_blocks(table):
        is_point = squares_from(table, first, last) == 0
        penalty += (is_point[0] != is_point[1]).sum() / 2
    return penalty


def _in_own_units(embeddings: Tensor) -> tuple[Tensor, Tensor]:
    """Centred float64 rows whose largest number is 1, and the unit that made it so."""
    rows = embeddings.double()
    rows = rows - rows.mean(0)
    unit = rows.abs().amax()
    unit = torch.where(unit == 0, 1.0, unit)
    return rows / unit, unit


def _squared_distances(rows: Tensor, norms: Tensor, first: int, last: int) -> Tensor:
    """From rows ``first:last`` to those behind them, ``(last - first, B - first)``, else 0.

    Args:
        rows: ``(B, D)`` float64.
        norms: ``(B,)``, their squared lengths.
        first: Of the rows.
        last: One behind the last row.
    """
    sums = norms[first:last, None] + norms[first:]
    squares = torch.addmm(sums, rows[first:last], rows[first:].T, alpha=-2).triu_(1)
    near = (squares < sums.mul_(_NEAR)).triu_(1).nonzero()
    for pairs in near.split(max(1, _block_on(rows.device) // rows.shape[1])):
        i, j = pairs.T
        squares[i, j] = (rows[first + i] - rows[first + j]).square().sum(1)
    return squares


def _drop_same_place(table: Tensor) -> Tensor:
    """Set the squares of rows in one place to 0; return widest / narrowest square of the rest."""
    blocks = list(row_blocks(table))
    widest = torch.stack([_each_stream(table, *block).amax((1, 2)) for block in blocks]).amax(0)
    narrowest = widest
    for first, last in blocks:
        squares = _each_stream(table, first, last)
        squares.masked_fill_(squares <= _SAME_PLACE * widest[:, None, None], 0.0)
        table[first:last] = squares.sum(0)
        least = torch.where(squares == 0, torch.inf, squares).amin((1, 2))
        narrowest = torch.minimum(narrowest, least)
    return torch.where(narrowest == 0, 1.0, widest / narrowest).amax()


def _each_stream(table: Tensor, first: int, last: int) -> Tensor:
    """Rows of the table apart, ``(2, last - first, B)``: the student's part and the teacher's."""
    rows = table[first:last]
    return torch.stack([rows.triu(first + 1), rows.tril(first - 1)])
