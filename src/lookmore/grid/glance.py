"""All suites at a glance: the controls, the nearest rival, and ours."""

from collections.abc import Mapping, Sequence

from lookmore.evaluate.labels import method_of, percent
from lookmore.grid.compare import Standing, questions, standings
from lookmore.grid.ledger import GridRow
from lookmore.grid.markdown import main_questions
from lookmore.grid.suite import OURS
from lookmore.grid.table import ahead_cell, asked_label, value_cell

PUBLISHED = ("individual_alone", "kd", "dist", "rkd_d", "rkd_da", "sp", "cc", "pkt")
"""Methods of others: rivals that are no part of ours taken away."""


def glance_table(suites: Mapping[str, tuple[str, Sequence[GridRow]]]) -> str:
    """Return one line for every main question: the controls, the nearest rival, and ours.

    Args:
        suites: Name to its metric and rows; those measured on what settings are chosen on have no
            place here.
    """
    lines = [
        "| suite | asked | teacher, sharp | teacher, scaled up | nearest rival | ours | "
        "ours less the rival | runs |",
        "|---" * 8 + "|",
    ]
    for name, (metric, rows) in suites.items():
        asked = [question for question in questions(rows) if question.metric == metric]
        for question in main_questions(asked):
            found = {standing.method: standing for standing in standings(rows, question)}
            if OURS in found:
                cells = " | ".join(_glance(found))
                lines.append(f"| [{name}](#suite-{name}) | {asked_label(question)} | {cells} |")
    return "\n".join(lines)


def _glance(found: Mapping[str, Standing]) -> list[str]:
    def mean(method: str) -> str:
        return percent(found[method].mean) if method in found else ""

    rivals = [found[name] for name in PUBLISHED if name in found and found[name].paired]
    rival, ahead = "", ""
    if rivals:
        nearest = min(rivals, key=lambda standing: standing.ahead)
        rival = f"{percent(nearest.mean)} {method_of(nearest.method).label}"
        ahead = ahead_cell(nearest)
    ours = found[OURS]
    return [
        mean("teacher"),
        mean("teacher_upscaled"),
        rival,
        f"**{value_cell(ours)}**",
        ahead,
        str(ours.cells),
    ]
