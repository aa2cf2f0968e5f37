"""A suite's section of RESULTS.md, made from its rows and from nothing else."""

from collections.abc import Sequence

from lookmore.evaluate.labels import method_of
from lookmore.grid.compare import CLEAR, Question, questions, standings
from lookmore.grid.ledger import GridRow
from lookmore.grid.suite import OURS
from lookmore.grid.table import ahead_cell, question_label, value_cell


def suite_section(name: str, rows: Sequence[GridRow], *, metric: str) -> str:
    """Return a suite's section in Markdown.

    Args:
        name: Of the suite.
        rows: All of its rows.
        metric: The metric that methods are compared by; others stay in the JSON file.

    Returns:
        What was run, then a table for every question.
    """
    cells = {row.cell for row in rows}
    seeds, folds = sorted({cell.seed for cell in cells}), sorted({cell.fold for cell in cells})
    hours = sum({row.cell: row.seconds for row in rows}.values()) / 3600
    facts = [
        f"{len(cells)} runs",
        f"seeds {', '.join(map(str, seeds))}",
        *([f"folds {', '.join(map(str, folds))}"] if folds != [0] else []),
        f"commit {', '.join(sorted({row.commit for row in rows}))}",
        f"on {', '.join(sorted({row.machine for row in rows}))}",
        f"students trained for {hours:.1f} hours",
    ]
    parts = [
        f"## Suite {name}",
        f"`lookmore benchmark {name}` with where the images lie; all rows, other metrics among "
        f"them, in `benchmarks/results/{name}.json`. {'; '.join(facts)}.",
    ]
    found = [question for question in questions(rows) if question.metric == metric]
    for question in found:
        parts += [f"**{question_label(question)}**", _table(rows, question)]
    return "\n\n".join(parts)


def reading() -> str:
    """Return how the tables are read, once for all of them."""
    return (
        "Values are means in % with their standard error over runs (seeds and folds), or, where "
        "there is one run, with that run's 95 % interval over images. The last column is ours "
        "less the method, paired by seed and fold; it says *ahead* or *behind* only where the "
        f"difference exceeds {CLEAR:.0f} of its standard errors. One run decides nothing."
    )


def _table(rows: Sequence[GridRow], question: Question) -> str:
    lines = ["| method | % | runs | ours less this |", "|---|---|---|---|"]
    for standing in standings(rows, question):
        label = method_of(standing.method).label
        if standing.method == OURS:
            label = f"**{label}**"
        ahead = ahead_cell(standing)
        lines.append(f"| {label} | {value_cell(standing)} | {standing.cells} | {ahead} |")
    return "\n".join(lines)
