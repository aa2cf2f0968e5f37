"""Robustness as small pictures side by side: one for each way of losing detail."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from lookmore.evaluate.curve import line_style, rivals_of
from lookmore.evaluate.labels import in_order, is_reference, is_same_side, method_of, metric_label
from lookmore.evaluate.look import FAINT, INK, QUIET, new_figure, our_look
from lookmore.evaluate.robustness import TOLERANCE
from lookmore.evaluate.rows import Row

_ACROSS = 4
_WIDE, _TALL = 2.0, 1.9  # inches of one panel


def robustness_panels(rows: Sequence[Row], *, metric: str, title: str) -> Figure:
    """Draw a metric against the side of the probe, one panel for each degradation.

    All panels share their axes. The level line is what the teacher reaches on sharp probes, the
    band below it the points that still count as good.

    Args:
        rows: Of one protocol, seed and kind of gallery; other metrics are passed over.
        metric: Name of the metric.
        title: Stands above, as it is.

    Returns:
        A figure with its own Agg canvas.

    Raises:
        ValueError: If no row is left to draw.
    """
    wanted = in_order(row for row in rows if row.metric == metric)
    shown = [row for row in wanted if not is_reference(row) and row.probe_side > 0]
    if not shown:
        raise ValueError(f"no row of metric {metric!r} has a probe of a stated side: none to draw")
    sharp = next((row for row in wanted if row.method == "teacher"), None)
    names = list(dict.fromkeys(row.degradation for row in shown))
    methods = list(dict.fromkeys(row.method for row in shown))
    styles = {name: line_style(name, rivals=rivals_of(methods)) for name in methods}
    across, down = min(len(names), _ACROSS), -(-len(names) // _ACROSS)
    wide, tall = max(across * _WIDE, 5.6) + 0.5, down * _TALL + 1.25
    with our_look():
        figure = new_figure(width=wide, height=tall)
        grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
        figure.subplots_adjust(
            left=0.5 / wide, right=1 - 0.15 / wide, top=1 - 1.15 / tall, bottom=0.35 / tall,
            wspace=0.1, hspace=0.3,
        )  # fmt: skip
        for place, axes in enumerate(grid.flat):
            if place >= len(names):
                axes.set_visible(False)
                continue
            mine = [row for row in shown if row.degradation == names[place]]
            _panel(axes, names[place], mine, styles, sharp)
            axes.tick_params(
                labelleft=place % across == 0, labelbottom=place + across >= len(names)
            )
        inch = 1 / tall
        figure.text(0.013, 1 - 0.2 * inch, title, fontsize=12, weight="bold", va="center")
        figure.text(
            0.013, 1 - 0.44 * inch, f"{metric_label(metric)} in % by side of the probe, "
            "bands: 95 % intervals", fontsize=8.5, color=QUIET, va="center",
        )  # fmt: skip
        handles = [Line2D([], [], label=method_of(name).label, **styles[name]) for name in styles]
        if sharp is not None:
            handles.append(Line2D([], [], color=INK, linewidth=1.0, label="Teacher, sharp probes"))
        figure.legend(
            handles=handles, loc="center left", bbox_to_anchor=(0.0, 1 - 0.72 * inch),
            ncols=len(handles), frameon=False, fontsize=8.0, handlelength=1.8,
        )  # fmt: skip
    return figure


def _panel(
    axes: Axes,
    name: str,
    rows: Sequence[Row],
    styles: dict[str, dict[str, Any]],
    sharp: Row | None,
) -> None:  # fmt: skip
    sides = sorted({row.probe_side for row in rows})
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator([side for side in sides if side & (side - 1) == 0]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda side, _: f"{side:g}"))
    axes.grid(axis="y", color=FAINT, linewidth=0.6)
    axes.tick_params(which="both", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.set_title(name, fontsize=9, loc="left", pad=3)
    if sharp is not None:
        level = 100 * sharp.value
        axes.axhspan(level - 100 * TOLERANCE, level, color=FAINT, alpha=0.5, linewidth=0)
        axes.axhline(level, color=INK, linewidth=1.0)
    for method, style in styles.items():
        line = sorted((row for row in rows if row.method == method), key=lambda row: row.probe_side)
        at = [row.probe_side for row in line]
        axes.fill_between(
            at, [100 * row.low for row in line], [100 * row.high for row in line],
            color=style["color"], alpha=0.12, linewidth=0,
        )  # fmt: skip
        axes.plot(at, [100 * row.value for row in line], **style)


def by_gallery(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Return rows by what probes are compared with, and a word for it; references stand in all."""
    sharp = [row for row in rows if is_reference(row)]
    parts = [
        ("LR-HR", [row for row in rows if not is_reference(row) and not is_same_side(row)]),
        ("LR-LR", [row for row in rows if is_same_side(row)]),
    ]
    found = [(word, [*sharp, *part]) for word, part in parts if part]
    return found if len(found) > 1 else [("", part) for _, part in found]
