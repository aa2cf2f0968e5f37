"""The tables of a model card, in Markdown."""

from collections.abc import Iterable, Sequence

from lookmore.checkpoint.thresholds import Threshold
from lookmore.evaluate.groups import Group, grouped
from lookmore.evaluate.labels import (
    gallery_label,
    is_reference,
    method_of,
    metric_label,
    percent,
    percent_interval,
    side_label,
)
from lookmore.evaluate.robustness import Robustness, robustness, side_in_words
from lookmore.evaluate.rows import Row


def markdown_table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a bar inside a cell is escaped."""
    lines = [list(heading), ["---"] * len(heading), *(list(row) for row in rows)]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def accuracy_tables(rows: Sequence[Row], *, metric: str) -> str:
    """Return what a report measured, side by side with its controls: a table per degradation.

    Args:
        rows: Of a report.
        metric: The one to show; where no row has it, all are shown.
    """
    shown = [row for row in rows if row.metric == metric] or list(rows)
    return "\n\n".join(_accuracy(group) for group in grouped(shown))


def _accuracy(group: Group) -> str:
    probes = [row for row in group.rows if not is_reference(row)]
    sides = sorted({row.probe_side for row in probes})
    lines: dict[tuple[str, str], dict[int, str]] = {}
    for row in group.rows:
        name = method_of(row.method).label
        cells = lines.setdefault((name, gallery_label(row)), {})
        cells[-1 if is_reference(row) else row.probe_side] = (
            f"{percent(row.value)} ({percent_interval(row)})"
        )
    table = markdown_table(
        ["method", "gallery", *map(side_label, sides), "sharp"],
        (
            [name, gallery, *(cells.get(side, "") for side in (*sides, -1))]
            for (name, gallery), cells in lines.items()
        ),
    )
    title = f"**{metric_label(group.metric)}** in %, {group.degradation} probes"
    return f"{title} ({group.protocol}, n = {group.rows[-1].n:,}, 95 % intervals):\n\n{table}"


def robustness_table(rows: Sequence[Row], *, metric: str) -> str:
    """Return how much detail the student can lose; empty where a single side was measured."""
    found = [entry for entry in robustness(rows, metric=metric) if entry.method == "ours"]
    if not found:
        return ""
    return (
        "How much detail it can lose: the mean over log2 of the side, and the side from which on "
        "it is within 5 points of what the teacher reaches on sharp images.\n\n"
        + markdown_table(
            ["probes", "against", "mean over sides, %", "good from"],
            (
                [e.degradation, _against(e), percent(e.area), side_in_words(e, e.good_from)]
                for e in found
            ),
        )
    )


def _against(entry: Robustness) -> str:
    return "an image as small" if entry.is_same_side else "a sharp gallery"


def threshold_table(thresholds: Sequence[Threshold]) -> str:
    """Return the calibrated thresholds."""
    return markdown_table(
        ["probe", "against", "FAR", "accept from (95 % interval)", "r", "TAR %", "impostor pairs"],
        (
            [
                f"{found.probe_side} px, {found.degradation}",
                found.gallery if found.gallery == "same side" else f"{found.gallery}, sharp",
                f"{found.far:g}",
                f"{found.threshold:.3f} ({found.low:.3f} to {found.high:.3f})",
                f"{found.recognisability:.2f}" if found.is_corrected else "any",
                percent(found.tar),
                f"{found.impostor_pairs:,}",
            ]
            for found in thresholds
        ),
    )
