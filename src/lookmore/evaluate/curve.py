"""Accuracy against the side of the probe: the figure that says at a glance what distilling buys."""

import math
from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from lookmore.evaluate.labels import (
    counted,
    gallery_label,
    in_order,
    is_reference,
    is_same_side,
    method_of,
    metric_label,
    percent,
)
from lookmore.evaluate.line_ends import LABEL_HEIGHT, LineEnd, write_line_ends
from lookmore.evaluate.look import FAINT, INK, QUIET, new_figure, our_look
from lookmore.evaluate.rows import Row

# Ours: blue and vermilion of Okabe and Ito (see look.py). Rivals: the "muted" colours of Paul Tol,
# also safe for any colour vision, https://sronpersonalpages.nl/~pault/, less the blues.
_OURS = ("#0072b2", "#d55e00")
_RIVALS = ("#117733", "#882255", "#44aa99", "#999933", "#aa4499", "#cc6677")
_CONTROLS = {
    "teacher_upscaled": ("#494d52", (0, (5, 2))),
    "student_alone": ("#767b82", (0, (1, 1.4))),
}


class _Line(NamedTuple):
    """One series: its rows by rising side, and how it is drawn."""

    rows: list[Row]
    style: dict[str, Any]


def _check(rows: Sequence[Row], metric: str) -> None:
    """Refuse what one figure cannot say honestly."""
    if not rows:
        raise ValueError(f"no row of metric {metric!r} has a probe of a stated side: none to draw")
    for name in ("protocol", "degradation"):
        found = sorted({getattr(row, name) for row in rows})
        if len(found) > 1:
            raise ValueError(f"one figure shows one {name}, got {found}: draw one for each")


def _series(rows: Sequence[Row]) -> list[list[Row]]:
    """Gather rows by method and gallery, each by rising side."""
    series: dict[tuple[str, str, bool], list[Row]] = {}
    for row in in_order(rows):
        series.setdefault((row.method, row.gallery_stream, is_same_side(row)), []).append(row)
    for line in series.values():
        sides = [row.probe_side for row in line]
        if len(set(sides)) < len(sides):
            raise ValueError(
                f"a line needs one row for each side, got sides {sides} of {line[0].method!r}: "
                "draw one figure for each seed"
            )
    return list(series.values())


def line_style(method: str, *, rivals: Sequence[str], ours: str = _OURS[0]) -> dict[str, Any]:
    """Return colour, dashes, width and marker of a method's line.

    Args:
        method: Which.
        rivals: All rivals of the figure, each of which has a colour of its own.
        ours: Colour of a line of ours.
    """
    role = method_of(method).role
    dashes: Any = "-"
    if role == "ours":
        colour, width = ours, 2.4
    elif role == "rival":
        colour, width = _RIVALS[rivals.index(method) % len(_RIVALS)], 1.3
    else:
        (colour, dashes), width = _CONTROLS.get(method, (QUIET, "-")), 1.5
    style = {"color": colour, "linestyle": dashes, "linewidth": width, "marker": "o"}
    return style | {"markersize": 5.0 if role != "rival" else 3.5}


def rivals_of(methods: Iterable[str]) -> list[str]:
    """Return the rivals among methods, each once, in order."""
    return [name for name in dict.fromkeys(methods) if method_of(name).role == "rival"]


def _styled(series: Sequence[list[Row]]) -> list[_Line]:
    """Give each series its colour, dashes and marker.

    Where some lines have a sharp gallery and some a small one, the latter have hollow squares.
    """
    is_mixed = len({is_same_side(rows[0]) for rows in series}) > 1
    rivals = rivals_of(rows[0].method for rows in series)
    ours, lines = cycle(_OURS), []
    for rows in series:
        method = rows[0].method
        colour = next(ours) if method_of(method).role == "ours" else _OURS[0]
        style = line_style(method, rivals=rivals, ours=colour)
        if is_mixed and is_same_side(rows[0]):
            style |= {"marker": "s", "markerfacecolor": "white", "markeredgewidth": 1.3}
        lines.append(_Line(rows, style))
    return lines


def _set_scales(axes: Axes, rows: Sequence[Row]) -> None:
    """Sides on a log2 axis, with ticks where there are sides; percent between round numbers."""
    sides = sorted({row.probe_side for row in rows if not is_reference(row)})
    left, right = (1.25, 1.25) if len(sides) == 1 else (1.04, 1.02)
    axes.set_xscale("log", base=2)
    axes.set_xlim(sides[0] / left, sides[-1] * right)
    axes.xaxis.set_major_locator(FixedLocator(sides))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda side, _: f"{side:g} px"))
    lowest, highest = 100 * min(row.low for row in rows), 100 * max(row.high for row in rows)
    floor = 0 if lowest < 20 else 10 * math.floor(lowest / 10)
    ceiling = 100 if highest > 80 else min(10 * math.floor(highest / 10) + 10, 100)
    axes.set_ylim(min(floor, 90), ceiling)
    axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", length=0, pad=6)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _draw(axes: Axes, line: _Line, *, shift: float) -> LineEnd:
    """Draw a series above its band of intervals, ``shift`` times to the right; return its end."""
    sides = [row.probe_side * shift for row in line.rows]
    lows, highs = [100 * row.low for row in line.rows], [100 * row.high for row in line.rows]
    ours, colour = method_of(line.rows[0].method).role == "ours", line.style["color"]
    if len(sides) == 1:
        axes.vlines(sides, lows, highs, color=colour, linewidth=1.4)
    else:
        opacity = 0.20 if ours else 0.10
        axes.fill_between(sides, lows, highs, color=colour, alpha=opacity, linewidth=0, zorder=1)
    values = [100 * row.value for row in line.rows]
    axes.plot(sides, values, zorder=4 if ours else 3, clip_on=False, **line.style)
    return _end(line.rows[-1], side=sides[-1], colour=colour)


def _end(row: Row, *, side: float, colour: str) -> LineEnd:
    """Return what stands at the end of the line that this row ends."""
    method, made_by = method_of(row.method), gallery_label(row)
    return LineEnd(
        name=f"{method.label}  {percent(row.value)}",
        note=f"gallery: {made_by}" if made_by else "",
        value=100 * row.value,
        side=side,
        colour=colour,
        is_bold=method.role == "ours",
    )


def _write_title(figure: Figure, title: str, metric: str, rows: Sequence[Row]) -> None:
    """Write the title, and below it what is drawn."""
    inch = 1 / figure.get_figheight()
    share = f"% of {counted(rows)}" if counted(rows) else "%"
    below = (
        f"{metric_label(metric)} in {share} by side of the probe, with 95 % intervals; "
        "numbers: last point"
    )
    figure.text(0.013, 1 - 0.22 * inch, title, fontsize=12, weight="bold", va="center")
    figure.text(0.013, 1 - 0.46 * inch, below, fontsize=8.5, color=QUIET, va="center")


def accuracy_curve(rows: Sequence[Row], *, metric: str, title: str) -> Figure:
    """Draw a metric against the side of the probe, a line for each method and gallery.

    Ours is in strong colours, rivals are thin, controls grey and dashed; what the teacher (and
    the assistant) reaches on sharp probes is a level line. Bands are 95 % intervals, names stand
    at the ends of the lines.

    Args:
        rows: Rows of other metrics are passed over, and so are probes at their own size
            (``probe_side`` 0), which have no place on the axis.
        metric: Name of the metric, as in the rows.
        title: Stands above, as it is.

    Returns:
        A figure with its own Agg canvas; nothing of pyplot is touched.

    Raises:
        ValueError: If no row is left to draw, if rows mix protocols or degradations, or if a line
            has two rows at one side (such as two seeds).
    """
    wanted = [row for row in rows if row.metric == metric]
    shown = [row for row in wanted if not is_reference(row) and row.probe_side > 0]
    _check(shown, metric)
    references = [row for row in in_order(wanted) if is_reference(row)]
    series = _series(shown)
    with our_look():
        names = len(series) + len(references)
        tall = max(4.2, 1.2 + names * LABEL_HEIGHT / 72)
        figure = new_figure(width=7.6, height=tall)
        axes = figure.add_axes((0.055, 0.42 / tall, 0.9, 1 - 1.12 / tall))
        _set_scales(axes, [*shown, *references])
        ends = []
        for row in references:
            colour = INK if row.method == "teacher" else QUIET
            axes.axhline(100 * row.value, color=colour, linewidth=1.0, zorder=2)
            ends.append(_end(row, side=axes.get_xlim()[1], colour=colour))
        is_one_side = len({row.probe_side for row in shown}) == 1  # whiskers would hide one another
        for place, line in enumerate(_styled(series)):
            shift = 1.025 ** (place - (len(series) - 1) / 2) if is_one_side else 1.0
            ends.append(_draw(axes, line, shift=shift))
        if all(is_same_side(row) for row in shown):  # then the notes would only repeat it
            ends = [end._replace(note="") for end in ends]
        write_line_ends(figure, axes, ends)
        _write_title(figure, title, metric, shown)
    return figure
