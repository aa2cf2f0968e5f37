"""The standings of a suite, for the terminal."""

import math
from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from lookmore.evaluate.labels import method_of, metric_label, percent, side_label
from lookmore.evaluate.rows import NATIVE
from lookmore.grid.compare import Question, Standing, questions, standings
from lookmore.grid.ledger import GridRow
from lookmore.grid.suite import OURS

_STYLES = {"reference": "dim", "control": "dim", "rival": "", "ours": "bold green"}


def standings_tables(rows: Sequence[GridRow], *, metric: str) -> Iterator[Table]:
    """Yield a table for every question of one metric: methods, means, and how far ours is ahead.

    Args:
        rows: Of one suite.
        metric: The one to show.
    """
    for question in questions(rows):
        if question.metric == metric:
            yield _table(rows, question)


def question_label(question: Question) -> str:
    """Return a question in words."""
    kind = ""
    if question.metric.startswith(("accuracy", "auc", "tar", "recall", "map")):
        kind = ", LR-LR" if question.is_same_side else ", LR-HR"
    probes = f"{question.degradation} probes of {side_label(question.probe_side)}"
    if question.probe_side == NATIVE:
        probes = "probes small in their files"
    students = f"students for {side_label(question.student_side)}"
    return f"{metric_label(question.metric)}: {probes}{kind}; {students}"


def asked_label(question: Question) -> str:
    """Return a main question in words: students are named where their side is not the probes'."""
    what, students = question_label(question).split("; ")
    return f"{what}, {students}" if question.probe_side == NATIVE else what


def value_cell(standing: Standing) -> str:
    """Return a mean in percent with its standard error, or a single value with its interval."""
    if standing.cells == 1:
        return f"{percent(standing.mean)} ({percent(standing.low)} to {percent(standing.high)})"
    return f"{percent(standing.mean)} ± {percent(standing.error)}"


def ahead_cell(standing: Standing) -> str:
    """Return how far ours is ahead, in points; bold words only where that is clear."""
    is_reference = method_of(standing.method).role == "reference"  # it saw sharp probes
    if standing.method == OURS or is_reference or math.isnan(standing.ahead):
        return ""
    points = f"{100 * standing.ahead:+.1f}"
    if math.isnan(standing.ahead_error):
        return f"{points} (one run)"
    return f"{points} ± {percent(standing.ahead_error)}, {standing.verdict}"


def _table(rows: Sequence[GridRow], question: Question) -> Table:
    title = Text(question_label(question), style="bold")
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("Method")
    for name in ("% (± standard error)", "runs", "ours less this"):
        table.add_column(name, justify="right", no_wrap=True)
    for standing in standings(rows, question):
        method = method_of(standing.method)
        cells = (method.label, value_cell(standing), str(standing.cells), ahead_cell(standing))
        table.add_row(*map(Text, cells), style=_STYLES[method.role])
    return table
