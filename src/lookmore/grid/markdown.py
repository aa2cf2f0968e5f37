"""A suite's section of RESULTS.md, made from its rows and from nothing else."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from lookmore.evaluate.labels import method_of, percent, side_label
from lookmore.evaluate.rows import NATIVE
from lookmore.grid.compare import CLEAR, FEWEST, Question, questions, standings
from lookmore.grid.ledger import GridRow
from lookmore.grid.suite import OURS
from lookmore.grid.table import ahead_cell, asked_label, question_label, value_cell


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
        f"on {' and '.join(sorted({row.machine for row in rows}))}",
        f"students trained for {hours:.1f} hours",
    ]
    parts = [
        f"## Suite {name}",
        f"`lookmore benchmark {name}` with where the images lie; all rows, other metrics among "
        f"them, in `benchmarks/results/{name}.json`. {'; '.join(facts)}.",
    ]
    asked = [question for question in questions(rows) if question.metric == metric]
    for question in main_questions(asked):
        parts += [f"**{question_label(question)}**", _table(rows, question)]
    for side, same_side in dict.fromkeys((q.student_side, q.is_same_side) for q in asked):
        others = [q for q in asked if (q.student_side, q.is_same_side) == (side, same_side)]
        kind = question_label(others[0]).partition(":")[0] + (", LR-LR" if same_side else "")
        parts += [f"{kind}, students for {side} px, all probes:", wide_table(rows, others)]
    return "\n\n".join(parts)


PARTS = MappingProxyType(
    {
        "student_alone": "any guide",
        "teacher_upscaled": "the student: the teacher, probes scaled up",
        "individual_alone": "all but order 1: orders 2 and 3, class scores, the assistant",
        "ours_without_assistant": "the assistant",
        "scores_none": "the guide's class scores",
        "orders_1": "orders 2 and 3",
        "orders_2": "orders 1 and 3",
        "orders_3": "orders 1 and 2",
        "orders_12": "order 3",
        "orders_13": "order 2",
        "orders_23": "order 1",
        "guide_assistant": "the teacher as a guide of the student",
        "guide_teacher": "the assistant as a guide of the student, not as its start",
        "whiten_none": "the whitened space, for the centred one",
        "started_at_random": "the weights of the teacher to start from",
        "adamw": "Muon, for AdamW",
        "views_1": "views: each image as it is",
        "views_4": "all views but four",
        "blends_none": "blends",
        "width_32": "numbers in an embedding: 32 are left",
        "width_64": "numbers in an embedding: 64 are left",
        "width_256": "the guide's own width: 256 numbers",
    }
)
"""What ours loses in a method: the parts whose worth the paired difference is."""


def parts_table(suites: Mapping[str, tuple[str, Sequence[GridRow]]]) -> str:
    """Return what each part of the method is worth, over all suites.

    Args:
        suites: Name to its metric and rows.
    """
    lines = [
        "| taken away | suite | what is asked | it costs, in points | runs |",
        "|---|---|---|---|---|",
    ]
    for method, part in PARTS.items():
        for name, (metric, rows) in suites.items():
            asked = [question for question in questions(rows) if question.metric == metric]
            for question in main_questions(asked):
                for standing in standings(rows, question):
                    if standing.method == method and ahead_cell(standing):
                        what = asked_label(question).partition(": ")[2]
                        lines.append(
                            f"| {part} | {name} | {what} | {ahead_cell(standing)} | "
                            f"{standing.cells} |"
                        )
    return "\n".join(lines)


def main_questions(asked: Sequence[Question]) -> list[Question]:
    """Return those about bicubic probes of the students' own side, and about small files."""
    return [
        question
        for question in asked
        if question.probe_side == NATIVE
        or (question.degradation == "bicubic" and question.probe_side == question.student_side)
    ]


def reading() -> str:
    """Return how the tables are read, once for all of them."""
    return (
        "Values are means in % with their standard error over runs (seeds and folds), or, where "
        "there is one run, with that run's 95 % interval over images. The last column is ours "
        "less the method, paired by seed and fold; it says *ahead* or *behind* only where the "
        f"difference exceeds {CLEAR:.0f} of its standard errors over {FEWEST} runs or more."
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


def wide_table(rows: Sequence[GridRow], asked: Sequence[Question]) -> str:
    """Return means alone, methods down, probes across: what is small in its file stands last.

    Args:
        rows: Of one suite.
        asked: Questions about one side of students, of one metric.
    """
    asked = sorted(asked, key=lambda q: (q.degradation, q.probe_side == NATIVE, q.probe_side))
    found = {q: {s.method: s for s in standings(rows, q)} for q in asked}
    methods = list(dict.fromkeys(name for q in asked for name in found[q]))
    heads = [f"{side_label(q.probe_side)}{_how(q)}" for q in asked]
    lines = [f"| method | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name in sorted(methods, key=lambda name: name == OURS):
        method = method_of(name)
        if method.role == "reference":
            continue
        label = f"**{method.label}**" if name == OURS else method.label
        cells = [percent(found[q][name].mean) if name in found[q] else "" for q in asked]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _how(question: Question) -> str:
    return "" if question.degradation in ("bicubic", "none") else f", {question.degradation}"
