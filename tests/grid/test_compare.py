"""Means, spreads and paired differences, against scipy and by hand."""

import io
import math
from collections.abc import Callable

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from lookmore.grid.compare import Question, questions, standings
from lookmore.grid.ledger import GridRow
from lookmore.grid.table import standings_tables

Make = Callable[..., GridRow]
QUESTION = Question(8, 8, "bicubic", False, "top1_accuracy")


def seeds(row: Make, method: str, values: list[float], **facts: object) -> list[GridRow]:
    return [row(method, value, seed=seed, **facts) for seed, value in enumerate(values)]


def test_the_paired_difference_is_scipys(row: Make) -> None:
    ours, rival = [0.90, 0.93, 0.88, 0.91], [0.89, 0.90, 0.88, 0.87]
    rows = [*seeds(row, "ours", ours), *seeds(row, "closer", rival)]
    found = {standing.method: standing for standing in standings(rows, QUESTION)}
    closer = found["closer"]
    assert closer.ahead / closer.ahead_error == pytest.approx(
        stats.ttest_rel(ours, rival).statistic
    )
    assert closer.error == pytest.approx(stats.sem(rival))
    assert closer.mean == pytest.approx(np.mean(rival))
    assert closer.cells == 4


def test_only_cells_that_both_have_are_compared(row: Make) -> None:
    rows = [*seeds(row, "ours", [0.9, 0.8]), row("closer", 0.1, seed=1)]
    closer = standings(rows, QUESTION)[0]
    assert closer.ahead == pytest.approx(0.7)
    assert math.isnan(closer.ahead_error)
    assert closer.verdict == "open"


@pytest.mark.parametrize(
    ("rival", "verdict"),
    [
        ([0.80, 0.81, 0.82], "ahead"),
        ([0.90, 0.90, 0.90], "open"),
        ([0.99, 0.97, 0.98], "behind"),
        ([0.80, 0.81], "open"),  # two may agree by chance
    ],
)
def test_a_difference_is_called_one_beyond_two_errors(
    row: Make, rival: list[float], verdict: str
) -> None:
    rows = [*seeds(row, "ours", [0.90, 0.91, 0.89]), *seeds(row, "closer", rival)]
    assert standings(rows, QUESTION)[0].verdict == verdict


def test_ours_stands_last_and_sharp_references_in_every_question(row: Make) -> None:
    rows = [
        row("ours", 0.5),
        row("closer", 0.8),
        row("teacher", 0.9, cell_method="ours", probe_side=32, degradation="none"),
    ]
    assert questions(rows) == [QUESTION]
    assert [found.method for found in standings(rows, QUESTION)] == ["closer", "teacher", "ours"]


def test_questions_part_sides_degradations_galleries_and_metrics(row: Make) -> None:
    rows = [
        row(),
        row(probe_side=16),
        row(degradation="degraded"),
        row(gallery_side=8, gallery_stream="student"),
        row(metric="auc"),
        row(student_side=16),
    ]
    assert len(questions(rows)) == 6


def test_the_table_says_what_is_clear_and_what_is_one_run(row: Make) -> None:
    rows = [
        *seeds(row, "ours", [0.90, 0.91, 0.89]),
        *seeds(row, "closer", [0.80, 0.81, 0.80]),
        row("softened", 0.5),
    ]
    console = Console(width=120, file=io.StringIO(), record=True)
    for table in standings_tables(rows, metric="top1_accuracy"):
        console.print(table)
    text = console.export_text()
    assert "+9.7 ± 0.3, ahead" in text
    assert "+40.0 (one run)" in text
    assert "50.0 (45.0 to 55.0)" in text
