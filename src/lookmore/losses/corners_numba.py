"""Penalty and pull of all corners in one pass, compiled by numba: nothing is written in between.

A tile is a block of images ``j`` by a block of images ``k``. Everything a tile adds lies in the
rows of its two blocks, so tiles without a common block can be worked on at once, and sums come
out in the same order, bit for bit, however many threads there are.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookmore.losses.compiled import compiled

_SIDE = 64  # images in a block
_WIDE = 128  # corners, at as many images, that are worked on in one go
Array = np.ndarray[Any, Any]


def corners(table: Tensor) -> tuple[Tensor, Tensor]:
    """Do what `corners_torch.corners` does; threads are torch's.

    Args:
        table: ``(B, B)`` of `Sides`, on the CPU.

    Returns:
        Penalty ``()`` and springs ``(B, B)``, both float64.
    """
    squares = table.numpy()
    count = len(squares)
    springs = np.zeros((count, count))
    total = 0.0
    threads = torch.get_num_threads()
    with ThreadPoolExecutor(threads) as pool:
        spread = map if threads == 1 else pool.map
        for tiles in _rounds(-(-count // _SIDE)):
            total += sum(spread(lambda tile: _add_tile(squares, springs, tile[0], tile[1]), tiles))
    penalty = 2 * total + _finish(squares, springs)
    return torch.tensor(penalty, dtype=torch.float64), torch.from_numpy(springs)


def _rounds(blocks: int) -> Iterator[list[tuple[int, int]]]:
    """Yield all pairs of blocks, in rounds in which none has two partners: a tournament."""
    yield [(block, block) for block in range(blocks)]
    seats = blocks + blocks % 2
    for turn in range(seats - 1):
        ring = [seats - 1, *((turn + seat) % (seats - 1) for seat in range(seats - 1))]
        pairs = zip(ring[: seats // 2], ring[: seats // 2 - 1 : -1], strict=True)
        found = [(min(pair), max(pair)) for pair in pairs]
        yield [pair for pair in found if pair[1] < blocks]


@compiled
def _add_pair(
    of_j: Array,
    of_k: Array,
    pulls_j: Array,
    pulls_k: Array,
    j: int,
    k: int,
    m_s: Any,
    m_t: Any,
    one: Any,
    half: Any,
    zero: Any,
) -> tuple[Any, Any]:
    """Corners between one j and one k, at many images: their pull on side jk, and their penalty.

    Constant lengths and offsets let the compiler see that nothing overlaps, and use registers of
    8 numbers; a row is therefore padded by sides without length.
    """
    pull, penalty = zero, zero
    for i in range(_WIDE):
        v_j, v_k = of_j[j, i], of_k[k, i]
        product = v_j * v_k
        # cosine = (ij * ij + ik * ik - jk * jk) / (2 * ij * ik)
        cosine = product * ((of_j[j, _WIDE + i] - m_s) + of_k[k, _WIDE + i])
        gap = cosine - of_j[j, 2 * _WIDE + i] * of_k[k, 2 * _WIDE + i] * (
            (of_j[j, 3 * _WIDE + i] - m_t) + of_k[k, 3 * _WIDE + i]
        )
        slope = min(max(gap, -one), one)
        penalty += slope * (gap - half * slope)
        pull += slope * product
        pulls_j[j, i] += slope * (v_k - cosine * v_j)
        pulls_k[k, i] += slope * (v_j - cosine * v_k)
    return pull, penalty


@compiled
def _panel(table: Array, i0: int, j0: int, out: Array, one: Any, half: Any, zero: Any) -> None:
    """Sides from images ``i0:`` to a block: 1 / length and half the square of both streams."""
    out[:] = zero
    for j in range(min(_SIDE, len(table) - j0)):
        row = out[j]
        for i in range(min(_WIDE, len(table) - i0)):
            here, mirrored = table[j0 + j, i0 + i], table[i0 + i, j0 + j]
            is_above = j0 + j < i0 + i
            row[_WIDE + i] = here if is_above else mirrored
            row[3 * _WIDE + i] = mirrored if is_above else here
        for start in (0, 2 * _WIDE):
            for i in range(_WIDE):
                square = row[start + _WIDE + i]
                row[start + i] = zero if square == zero else one / np.sqrt(square)
                row[start + _WIDE + i] = half * square


@compiled
def _add_tile(table: Array, springs: Array, block_j: int, block_k: int) -> float:
    """Return the penalty of all corners between two blocks, of mirror images one; add their pull.

    The pull of a corner on its side ij goes to row j of ``springs``, and on ik to row k.
    """
    count, kind = len(table), table.dtype.type
    one, half, zero = kind(1), kind(0.5), kind(0)
    j0, k0 = block_j * _SIDE, block_k * _SIDE
    in_j, in_k = min(_SIDE, count - j0), min(_SIDE, count - k0)
    # each an array of its own, also where the blocks are one: where memory is shared, the compiler
    # gives up wide registers, and takes four times as long
    of_j = np.empty((_SIDE, 4 * _WIDE), table.dtype)
    of_k = np.empty((_SIDE, 4 * _WIDE), table.dtype)
    pulls_j = np.empty((_SIDE, _WIDE), table.dtype)
    pulls_k = np.empty((_SIDE, _WIDE), table.dtype)
    total = 0.0
    for i0 in range(0, count, _WIDE):
        _panel(table, i0, j0, of_j, one, half, zero)
        if block_j == block_k:
            of_k[:] = of_j
        else:
            _panel(table, i0, k0, of_k, one, half, zero)
        pulls_j[:] = zero
        pulls_k[:] = zero
        for j in range(in_j):
            for k in range(j + 1 if block_j == block_k else 0, in_k):
                m_s, m_t = half * table[j0 + j, k0 + k], half * table[k0 + k, j0 + j]
                pull, penalty = _add_pair(
                    of_j, of_k, pulls_j, pulls_k, j, k, m_s, m_t, one, half, zero
                )
                total += penalty
                springs[j0 + j, k0 + k] -= pull
        for j in range(in_j):
            for i in range(min(_WIDE, count - i0)):
                springs[j0 + j, i0 + i] += of_j[j, i] * pulls_j[j, i]
        for k in range(in_k):
            for i in range(min(_WIDE, count - i0)):
                springs[k0 + k, i0 + i] += of_k[k, i] * pulls_k[k, i]
    return total


@compiled
def _finish(table: Array, springs: Array) -> float:
    """Add the springs' transpose to them, and return the penalty of corners with equal sides.

    Where j is k the cosine is 1, or 0 on a side without length: half where the streams differ.
    """
    count, penalty = len(table), 0.0
    for i0 in range(0, count, _SIDE):
        for j0 in range(i0, count, _SIDE):
            for i in range(i0, min(i0 + _SIDE, count)):
                for j in range(max(j0, i + 1), min(j0 + _SIDE, count)):
                    both = springs[i, j] + springs[j, i]
                    springs[i, j] = both
                    springs[j, i] = both
                    penalty += (table[i, j] == 0) != (table[j, i] == 0)
    return penalty
