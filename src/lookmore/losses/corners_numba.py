"""Penalty and pull of all corners in one pass, compiled by numba: nothing is written in between.

A tile is a block of images ``j`` by a block of images ``k``. Everything a tile adds lies in the
columns of its two blocks, so tiles without a common block can be worked on at once, and sums come
out in the same order, bit for bit, however many threads there are.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

_SIDE = 64  # images in a block; rows of 64 float32 fill 8 registers of 256 bits
Array = np.ndarray[Any, Any]
_Compiled = TypeVar("_Compiled", bound=Callable[..., object])


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
    return torch.tensor(2 * total, dtype=torch.float64), torch.from_numpy(springs)


def _rounds(blocks: int) -> Iterator[list[tuple[int, int]]]:
    """Yield all pairs of blocks, in rounds in which none has two partners: a tournament."""
    yield [(block, block) for block in range(blocks)]
    seats = blocks + blocks % 2
    for turn in range(seats - 1):
        ring = [seats - 1, *((turn + seat) % (seats - 1) for seat in range(seats - 1))]
        pairs = zip(ring[: seats // 2], ring[: seats // 2 - 1 : -1], strict=True)
        found = [(min(pair), max(pair)) for pair in pairs]
        yield [pair for pair in found if pair[1] < blocks]


def _compiled(function: _Compiled) -> _Compiled:
    """Compile at the first call. Sums may be reordered; NaN and infinity stay what they are."""
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    options["fastmath"] = {"reassoc", "contract", "nsz"}
    try:
        numba = import_module("numba")
    except ImportError:
        return function  # so that the module loads; `engines` sees to it that nobody calls it
    try:
        return cast(_Compiled, numba.njit(cache=True, **options)(function))
    except RuntimeError:  # nowhere to keep what was compiled: neither the package nor a home
        return cast(_Compiled, numba.njit(**options)(function))


@_compiled
def _add_row(
    w: Array,
    m: Array,
    pull_k: Array,
    v_s: Any,
    v_t: Any,
    h_s: Any,
    h_t: Any,
    one: Any,
    half: Any,
    zero: Any,
) -> tuple[Any, Any]:
    """Corners at one image between one j and all k: their penalty and pull on j.

    Constant lengths and offsets let the compiler see that nothing overlaps, and use registers of
    8 numbers; a row is therefore padded by sides without length.
    """
    pull_j, penalty = zero, zero
    for k in range(_SIDE):
        v = w[k]
        # cosine = (ij * ij + ik * ik - jk * jk) / (2 * ij * ik)
        cosine = v_s * (v * (h_s - m[k]) + w[_SIDE + k])
        gap = cosine - v_t * (w[2 * _SIDE + k] * (h_t - m[_SIDE + k]) + w[3 * _SIDE + k])
        slope = min(max(gap, -one), one)
        penalty += slope * (gap - half * slope)
        m[2 * _SIDE + k] += v_s * (slope * v)
        pull_j += slope * (v - cosine * v_s)
        pull_k[k] += slope * (v_s - cosine * v)
    return pull_j, penalty


@_compiled
def _copy(table: Array, is_student: bool, i0: int, j0: int, out: Array, column: int) -> None:
    """Copy the squares of one stream between two blocks of images to ``out[:, column:]``."""
    for i in range(min(_SIDE, len(table) - i0)):
        for j in range(min(_SIDE, len(table) - j0)):
            is_above = (i0 + i < j0 + j) == is_student
            out[i, column + j] = table[i0 + i, j0 + j] if is_above else table[j0 + j, i0 + i]


@_compiled
def _panel(table: Array, i0: int, j0: int, out: Array, one: Any, half: Any, zero: Any) -> None:
    """Sides from a block of images to another: 1 / length and length / 2, student, then teacher."""
    out[:] = zero
    _copy(table, True, i0, j0, out, 0)
    _copy(table, False, i0, j0, out, 2 * _SIDE)
    for i in range(_SIDE):
        row = out[i]
        for stream in range(2):
            start = 2 * _SIDE * stream
            for k in range(_SIDE):
                square = row[start + k]
                inverse = zero if square == zero else one / np.sqrt(square)
                row[start + k] = inverse
                row[start + _SIDE + k] = half * square * inverse


@_compiled
def _add_tile(table: Array, springs: Array, block_j: int, block_k: int) -> float:
    """Return the penalty of all corners between two blocks, and add up their pull."""
    count, kind = len(table), table.dtype.type
    one, half, zero = kind(1), kind(0.5), kind(0)
    j0, k0 = block_j * _SIDE, block_k * _SIDE
    in_j, in_k = min(_SIDE, count - j0), min(_SIDE, count - k0)
    # half the squares jk of the student, of the teacher, and the pull on them
    facing = np.zeros((_SIDE, 3 * _SIDE), table.dtype)
    _copy(table, True, j0, k0, facing, 0)
    _copy(table, False, j0, k0, facing, _SIDE)
    facing *= half
    of_j = np.empty((_SIDE, 4 * _SIDE), table.dtype)
    of_k = np.empty((_SIDE, 4 * _SIDE), table.dtype)
    pull_k = np.empty(_SIDE, table.dtype)
    total = 0.0
    for i0 in range(0, count, _SIDE):
        _panel(table, i0, j0, of_j, one, half, zero)
        _panel(table, i0, k0, of_k, one, half, zero)
        facing[:, 2 * _SIDE :] = zero
        for i in range(min(_SIDE, count - i0)):
            row_j, row_k = of_j[i], of_k[i]
            pull_k[:] = zero
            for j in range(in_j):
                v_s, v_t = row_j[j], row_j[2 * _SIDE + j]
                if block_j == block_k:  # k up to j are mirror images
                    for part in range(4):
                        row_k[part * _SIDE + j] = zero
                h_s = zero if v_s == zero else row_j[_SIDE + j] / v_s
                h_t = zero if v_t == zero else row_j[3 * _SIDE + j] / v_t
                pull_j, penalty = _add_row(
                    row_k, facing[j], pull_k, v_s, v_t, h_s, h_t, one, half, zero
                )
                total += penalty
                springs[i0 + i, j0 + j] += v_s * pull_j
            inverse = row_j if block_j == block_k else row_k
            for k in range(in_k):
                springs[i0 + i, k0 + k] += inverse[k] * pull_k[k]
        for j in range(in_j):
            for k in range(in_k):
                springs[j0 + j, k0 + k] -= facing[j, 2 * _SIDE + k]
    return total
