"""Pictures of a grid: methods over sides, and how far ours is from each of them."""

import math
from collections.abc import Sequence
from dataclasses import fields, replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lookmore.evaluate.curve import line_style, rivals_of
from lookmore.evaluate.labels import is_reference, is_same_side, method_of, percent
from lookmore.evaluate.look import FAINT, INK, QUIET, new_figure, our_look
from lookmore.evaluate.rows import Row
from lookmore.grid.compare import CLEAR, Question, Standing, mean_and_error, standings
from lookmore.grid.ledger import GridRow
from lookmore.grid.suite import OURS

_OUTLYING = 3.0  # times as far from ours as the furthest rival


def mean_rows(rows: Sequence[GridRow]) -> list[Row]:
    """Return one row for each method, gallery, side and degradation: the mean over cells.

    Args:
        rows: Of students for one side, and of one metric.

    Returns:
        Rows whose interval is two standard errors to either side, or, where there is one cell,
        that cell's own.
    """
    groups: dict[tuple[object, ...], list[GridRow]] = {}
    for row in rows:
        key = (row.method, row.probe_side, row.gallery_side, row.gallery_stream, row.degradation)
        groups.setdefault(key, []).append(row)
    return [_mean(found) for found in groups.values()]


def differences(rows: Sequence[GridRow], question: Question, *, title: str) -> Figure:
    """Draw how far ours is from every other method, paired by seed and fold.

    Args:
        rows: Of one suite.
        question: What is compared.
        title: Stands above, as it is.

    Returns:
        A figure with its own Agg canvas: a point for each method, a line of two standard errors
        to either side; hollow where there is a single run, and so no error.

    Raises:
        ValueError: If nothing can be compared with ours.
    """
    shown = [
        standing
        for standing in standings(rows, question)
        if standing.method != OURS
        and not math.isnan(standing.ahead)
        and method_of(standing.method).role != "reference"
    ]
    if not shown:
        raise ValueError("no method was measured in a cell that ours was measured in")
    tall = 1.35 + 0.27 * len(shown)
    with our_look():
        figure = new_figure(width=7.6, height=tall)
        axes = figure.add_axes((0.30, 0.42 / tall, 0.50, 1 - 1.12 / tall))
        rivals = rivals_of(standing.method for standing in shown)
        near = _nearby(shown)
        for place, standing in enumerate(shown):
            colour = line_style(standing.method, rivals=rivals)["color"]
            ahead, error = 100 * standing.ahead, 100 * standing.ahead_error
            face = colour if error >= 0 else "white"
            style = {"color": colour, "markerfacecolor": face, "markersize": 5.5}
            if standing not in near:  # at the edge, pointing to where it would be
                edge, arrow = (0.985, ">") if ahead > 0 else (0.015, "<")
                side = axes.get_yaxis_transform()
                axes.plot([edge], [place], arrow, transform=side, clip_on=False, **style)
            else:
                axes.plot([ahead], [place], "o", **style)
                if error >= 0:
                    ends = (ahead - CLEAR * error, ahead + CLEAR * error)
                    axes.hlines(place, *ends, color=colour, linewidth=1.6)
            axes.annotate(
                _numbers(standing), xy=(1.02, place), xycoords=("axes fraction", "data"),
                va="center", fontsize=8, color=QUIET,
            )  # fmt: skip
        axes.axvline(0, color=INK, linewidth=1.0)
        axes.set_ylim(-0.7, len(shown) - 0.3)
        axes.set_yticks(range(len(shown)), [method_of(found.method).label for found in shown])
        axes.tick_params(length=0)
        axes.tick_params(axis="y", labelcolor=INK)
        axes.grid(axis="x", color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right", "left"]].set_visible(False)
        _make_room(axes)
        inch = 1 / tall
        figure.text(0.013, 1 - 0.22 * inch, title, fontsize=12, weight="bold", va="center")
        figure.text(
            0.013, 1 - 0.46 * inch,
            "Points by which ours is ahead, same seed and fold; lines: two standard errors to "
            "either side" + ("" if len(near) == len(shown) else "; triangles: far outside"),
            fontsize=8.5, color=QUIET, va="center",
        )  # fmt: skip
    return figure


def _nearby(shown: Sequence[Standing]) -> list[Standing]:
    """Return those that are drawn to scale: one far away would press all others into a point."""
    reach = {
        standing.method: abs(standing.ahead)
        + (0.0 if math.isnan(standing.ahead_error) else CLEAR * standing.ahead_error)
        for standing in shown
    }
    rivals = [reach[name] for name in reach if method_of(name).role == "rival"]
    most = _OUTLYING * max(rivals, default=math.inf)
    return [standing for standing in shown if reach[standing.method] <= most]


def _make_room(axes: Axes) -> None:
    """Move the left edge to the right where a name would leave the picture."""
    figure = axes.figure
    outside = min(label.get_window_extent().x0 for label in axes.get_yticklabels())
    short = 0.013 - outside / figure.bbox.width
    if short > 0:
        box = axes.get_position()
        axes.set_position((box.x0 + short, box.y0, box.width - short, box.height))


def for_curve(rows: Sequence[GridRow], *, student_side: int, degradation: str, metric: str,
              same_side: bool) -> list[Row]:  # fmt: skip
    """Return the mean rows of one figure of accuracy against pixels."""
    return mean_rows(
        [
            row
            for row in rows
            if row.student_side == student_side
            and row.metric == metric
            and (
                is_reference(row)
                or (row.degradation == degradation and is_same_side(row) == same_side)
            )
        ]
    )


def _numbers(standing: Standing) -> str:
    points = f"{100 * standing.ahead:+.1f}"
    if math.isnan(standing.ahead_error):
        return f"{points}  one run"
    return f"{points} ± {percent(standing.ahead_error)}  n = {standing.cells}"


def _mean(rows: Sequence[GridRow]) -> Row:
    first = rows[0]
    plain = Row(**{field.name: getattr(first, field.name) for field in fields(Row)})
    if len(rows) == 1:
        return plain
    value, error = mean_and_error([row.value for row in rows])
    return replace(
        plain,
        value=value,
        low=max(value - CLEAR * error, 0.0),
        high=min(value + CLEAR * error, 1.0),
        interval="two standard errors",
        n=sum(row.n for row in rows),
    )
