"""Methods beside one another: mean over cells, spread, and the paired difference to ours."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from lookmore.evaluate.labels import is_reference, is_same_side
from lookmore.grid.ledger import GridRow
from lookmore.grid.suite import OURS

CLEAR = 2.0
"""How many standard errors a paired difference must exceed to be called one."""

FEWEST = 3
"""How many cells must be behind it."""


class Question(NamedTuple):
    """What is compared: rows of one question may stand side by side."""

    student_side: int
    """Side that students were trained for, in pixels."""

    probe_side: int
    """Side of the probes; 0 = the images' own size."""

    degradation: str
    """How probes lost their detail."""

    is_same_side: bool
    """Whether both sides are small (LR-LR)."""

    metric: str
    """As in `Row.metric`."""


class Standing(NamedTuple):
    """How one method does, and how far it is from ours in the same cells."""

    method: str
    """As in `Row.method`."""

    mean: float
    """Of the values, in [0, 1]."""

    error: float
    """Standard error of the mean over cells; NaN for a single one."""

    cells: int
    """Seeds and folds behind it."""

    ahead: float
    """Mean of ours less this method, in the cells that both have; NaN where there are none."""

    ahead_error: float
    """Standard error of that paired difference; NaN for a single cell."""

    paired: int
    """Cells that both have."""

    low: float
    """Lower end of the 95 % interval of the row, where there is one cell; else NaN."""

    high: float
    """Upper end, likewise."""

    @property
    def verdict(self) -> str:
        """``ahead`` or ``behind`` where ours is so by more than `CLEAR` errors, else ``open``.

        Fewer than `FEWEST` cells leave it open: two may agree by chance.
        """
        if self.paired < FEWEST or abs(self.ahead) <= CLEAR * self.ahead_error:
            return "open"
        return "ahead" if self.ahead > 0 else "behind"


def questions(rows: Iterable[GridRow]) -> list[Question]:
    """Return what was asked of students, in order."""
    return sorted({_question(row) for row in rows if not is_reference(row)})


def standings(rows: Sequence[GridRow], question: Question) -> list[Standing]:
    """Return how every method does in one question; references see sharp probes, whatever it is.

    Args:
        rows: Of one suite.
        question: Which of `questions`.

    Returns:
        One standing a method, best mean last but ours after all.
    """
    values: dict[str, dict[tuple[int, int], GridRow]] = {}
    for row in rows:
        if _answers(row, question):
            values.setdefault(row.method, {})[row.seed, row.fold] = row
    ours = {place: row.value for place, row in values.get(OURS, {}).items()}
    found = [_standing(method, cells, ours) for method, cells in values.items()]
    return sorted(found, key=lambda standing: (standing.method == OURS, standing.mean))


def mean_and_error(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and its standard error, NaN for fewer than two values.

    Example:
        >>> mean_and_error([1.0, 3.0])
        (2.0, 1.0)
    """
    if len(values) < 2:
        return (float(values[0]) if len(values) else math.nan), math.nan
    error = np.std(values, ddof=1) / math.sqrt(len(values))
    return float(np.mean(values)), float(error)


def _question(row: GridRow) -> Question:
    return Question(
        row.student_side, row.probe_side, row.degradation, is_same_side(row), row.metric
    )


def _answers(row: GridRow, question: Question) -> bool:
    if is_reference(row):
        return (row.student_side, row.metric) == (question.student_side, question.metric)
    return _question(row) == question


def _standing(
    method: str, cells: dict[tuple[int, int], GridRow], ours: dict[tuple[int, int], float]
) -> Standing:
    mean, error = mean_and_error([row.value for row in cells.values()])
    both = [ours[place] - row.value for place, row in cells.items() if place in ours]
    ahead, ahead_error = mean_and_error(both)
    one = next(iter(cells.values())) if len(cells) == 1 else None
    return Standing(
        method,
        mean,
        error,
        len(cells),
        ahead,
        ahead_error,
        len(both),
        one.low if one else math.nan,
        one.high if one else math.nan,
    )
