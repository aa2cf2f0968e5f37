"""How much detail a recogniser can lose: one area and one side for each way of losing it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from lookmore.evaluate.labels import in_order, is_reference, is_same_side
from lookmore.evaluate.rows import Row

TOLERANCE = 0.05
"""How far below the teacher's sharp accuracy still counts as good."""


@dataclass(frozen=True, kw_only=True)
class Robustness:
    """One method under one degradation, over all sides of the probe."""

    method: str
    """As in `Row.method`."""

    degradation: str
    """As in `Row.degradation`."""

    is_same_side: bool
    """Whether both sides are small (LR-LR)."""

    sides: tuple[int, ...]
    """Sides of the probe that were measured, in pixels, ascending."""

    values: tuple[float, ...]
    """Value at each side, in [0, 1]."""

    area: float
    """Mean of the value over log2(side), between the smallest and the largest side, in [0, 1]."""

    area_low: float
    """The same of the lower ends of the 95 % intervals: at most the area's own lower end, because
    all sides are of the same images."""

    area_high: float
    """The same of the upper ends."""

    level: float
    """The teacher's value on sharp probes less `TOLERANCE`."""

    good_from: float | None
    """Side of the probe, in pixels, from which upwards the value is at `level` or above; None if
    it is below at the largest side. It is the smallest side measured if it never falls below."""

    good_from_low: float | None
    """The same of the upper ends of the intervals: the smallest such side that is likely."""

    good_from_high: float | None
    """The same of the lower ends; None where that stays below the level."""


def robustness(rows: Sequence[Row], *, metric: str) -> list[Robustness]:
    """Sum up a grid of sides and degradations.

    Args:
        rows: Of one protocol and seed; those of other metrics are passed over.
        metric: The one to sum up.

    Returns:
        One entry for each method, gallery and degradation that has two sides or more; none where
        the teacher was not measured on sharp probes.
    """
    wanted = [row for row in rows if row.metric == metric]
    sharp = next((row for row in wanted if row.method == "teacher"), None)
    if sharp is None:
        return []
    lines: dict[tuple[str, str, bool], list[Row]] = {}
    for row in in_order(wanted):
        if not is_reference(row) and row.degradation != "none" and row.probe_side > 0:
            key = (row.method, row.degradation, is_same_side(row))
            lines.setdefault(key, []).append(row)
    level = sharp.value - TOLERANCE
    return [_of(key, line, level) for key, line in lines.items() if len(line) > 1]


def area_over_log2(sides: Sequence[int], values: Sequence[float]) -> float:
    """Return the mean of values over log2(side): halving the side counts the same everywhere.

    Args:
        sides: At least two, ascending, in pixels.
        values: One for each.

    Example:
        >>> area_over_log2([8, 16, 64], [0.0, 0.6, 0.6])
        0.5
    """
    places = np.log2(sides)
    return float(np.trapezoid(values, places) / (places[-1] - places[0]))


def side_where_it_falls(
    sides: Sequence[int], values: Sequence[float], *, level: float
) -> float | None:
    """Return the side from which upwards all values are at a level or above.

    Args:
        sides: Ascending, in pixels.
        values: One for each.
        level: The level.

    Returns:
        In pixels, between two sides by a straight line over log2(side); the smallest side if no
        value is below the level; None if that at the largest side is.

    Example:
        >>> side_where_it_falls([8, 16, 32], [0.5, 0.9, 0.95], level=0.9)
        16.0
    """
    if values[-1] < level:
        return None
    points = list(zip(np.log2(sides), values, strict=True))
    for (left, below), (right, above) in reversed(list(pairwise(points))):
        if below < level:
            return float(2 ** (left + (right - left) * (level - below) / (above - below)))
    return float(sides[0])


def _of(key: tuple[str, str, bool], line: list[Row], level: float) -> Robustness:
    method, degradation, same_side = key
    sides = [row.probe_side for row in line]
    middle, low, high = ([getattr(row, name) for row in line] for name in ("value", "low", "high"))
    area, area_low, area_high = (area_over_log2(sides, found) for found in (middle, low, high))
    good, good_low, good_high = (
        side_where_it_falls(sides, found, level=level) for found in (middle, high, low)
    )
    return Robustness(
        method=method,
        degradation=degradation,
        is_same_side=same_side,
        sides=tuple(sides),
        values=tuple(middle),
        area=area,
        area_low=area_low,
        area_high=area_high,
        level=level,
        good_from=good,
        good_from_low=good_low,
        good_from_high=good_high,
    )


def side_in_words(found: Robustness, side: float | None) -> str:
    """Return a side as text: ``13 px``, ``8 px or less``, ``more than 64 px``."""
    if side is None or not math.isfinite(side):
        return f"more than {found.sides[-1]} px"
    if side <= found.sides[0]:
        return f"{found.sides[0]} px or less"
    return f"{side:.0f} px"


def degradations_of(found: Iterable[Robustness]) -> list[str]:
    """Return the degradations, in the order in which they appear."""
    return list(dict.fromkeys(entry.degradation for entry in found))
