"""Penalty and pull of all distances, compiled by numba."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookmore.losses.compiled import compiled

_SIDE = 64  # images in a block: two blocks of rows stay in the caches
Array = np.ndarray[Any, Any]


def pairs(table: Tensor) -> tuple[Tensor, Tensor]:
    """Do what `pairs_torch.pairs` does.

    Args:
        table: ``(B, B)`` of `Sides`, on the CPU.

    Returns:
        Penalty ``()`` float64 and springs ``(B, B)`` in the dtype of ``table``.
    """
    lengths = np.sqrt(table.numpy())
    count, kind = len(lengths), lengths.dtype.type
    entries = count * (count - 1) / 2
    means = [total / entries if total != 0 else 1.0 for total in _sums(lengths)]
    student, teacher = (kind(mean) for mean in means)
    penalty, tension = _compare(lengths, student, teacher, kind(0.5), kind(1))
    # what stretches one side stretches the mean, which shortens every relative distance
    _loosen(lengths, student, teacher, kind(tension / entries), kind(0), kind(1))
    return torch.tensor(2 * penalty, dtype=torch.float64), torch.from_numpy(lengths)


@compiled
def _sums(lengths: Array) -> tuple[float, float]:
    """Of the student's lengths, above the diagonal, and of the teacher's, in the same order."""
    count, above, below = len(lengths), 0.0, 0.0
    for i0 in range(0, count, _SIDE):
        for j0 in range(i0, count, _SIDE):
            for i in range(i0, min(i0 + _SIDE, count)):
                for j in range(max(j0, i + 1), min(j0 + _SIDE, count)):
                    above += lengths[i, j]
                    below += lengths[j, i]
    return above, below


@compiled
def _compare(
    lengths: Array, student: Any, teacher: Any, half: Any, one: Any
) -> tuple[float, float]:
    """Return the penalty of all pairs, of mirror images one, and their pull on the mean.

    Args:
        lengths: Of both streams, as they stand in the table.
        student: Mean length of the student.
        teacher: Mean length of the teacher.
        half: 0.5 in the dtype of ``lengths``, as all numbers are.
        one: 1.
    """
    count, penalty, tension = len(lengths), 0.0, 0.0
    for i0 in range(0, count, _SIDE):
        for j0 in range(i0, count, _SIDE):
            for i in range(i0, min(i0 + _SIDE, count)):
                for j in range(max(j0, i + 1), min(j0 + _SIDE, count)):
                    # divided, not multiplied: two equal streams then differ by nothing at all
                    relative = lengths[i, j] / student
                    gap = relative - lengths[j, i] / teacher
                    slope = min(max(gap, -one), one)
                    penalty += slope * (gap - half * slope)
                    tension += slope * relative
    return penalty, tension


@compiled
def _loosen(lengths: Array, student: Any, teacher: Any, common: Any, zero: Any, one: Any) -> None:
    """Replace the lengths by the slopes of the penalty in the student's squared distances."""
    count = len(lengths)
    for i0 in range(0, count, _SIDE):
        for j0 in range(i0, count, _SIDE):
            for i in range(i0, min(i0 + _SIDE, count)):
                for j in range(max(j0, i + 1), min(j0 + _SIDE, count)):
                    length = lengths[i, j]
                    gap = length / student - lengths[j, i] / teacher
                    slope = min(max(gap, -one), one) - common
                    spring = zero if length == zero else slope / (student * length)
                    lengths[i, j] = spring
                    lengths[j, i] = spring
