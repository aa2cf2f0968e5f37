"""Names at the ends of lines, instead of a legend, and never on top of one another."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from matplotlib.transforms import offset_copy

from lookmore.evaluate.look import QUIET

LABEL_HEIGHT = 25.0
"""Room for one name and its note, in points."""

_LEADER = 20.0  # points between the axes and the names


class LineEnd(NamedTuple):
    """What to write at the end of a line, and where the line ends."""

    name: str
    note: str
    """Small, below the name; may be empty."""

    value: float
    side: float
    colour: str
    is_bold: bool


def spread(wanted: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Move positions as little as possible until neighbours are at least ``gap`` apart.

    Args:
        wanted: Where each would like to be, in any order.
        gap: Least distance between two of them, in the same unit.
        low: None ends below; if they do not all fit, they grow over ``high``.
        high: None ends above.

    Returns:
        One position for each of ``wanted``, in the same order, with the least sum of squared moves.

    Example:
        >>> spread([1.0, 1.0, 9.0], gap=4.0, low=0.0, high=10.0)
        [0.0, 4.0, 9.0]
    """
    order = np.argsort(wanted, kind="stable")
    # Take the gaps out, and the positions must not fall: pool neighbours that do (isotonic fit).
    pools: list[tuple[float, int]] = []
    for place, index in enumerate(order):
        mean, size = wanted[index] - place * gap, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean, size = (mean * size + other * count) / (size + count), size + count
        pools.append((mean, size))
    top = max(high - (len(order) - 1) * gap, low)
    levels = [min(max(mean, low), top) for mean, size in pools for _ in range(size)]
    moved = [0.0] * len(order)
    for place, index in enumerate(order):
        moved[index] = float(levels[place] + place * gap)
    return moved


def write_line_ends(figure: Figure, axes: Axes, ends: Sequence[LineEnd]) -> None:
    """Name each line beside its end, and narrow the axes until the names fit on the figure."""
    scale = figure.dpi / 72  # pixels in a point
    height = axes.get_window_extent().height / scale
    low, high = axes.get_ylim()
    wanted = [(end.value - low) / (high - low) * height for end in ends]
    gap = LABEL_HEIGHT if any(end.note for end in ends) else 0.6 * LABEL_HEIGHT
    places = spread(wanted, gap=gap, low=gap / 2, high=height - gap / 2)
    beside = offset_copy(axes.transAxes, fig=figure, x=_LEADER - 4, units="points")

    texts: list[Annotation] = []
    for end, place in zip(ends, places, strict=True):
        anchor = (1.0, place / height)
        for words, shift, look in (
            (end.name, 5.5, {"color": end.colour, "weight": "bold" if end.is_bold else "normal"}),
            (end.note, -6.0, {"color": QUIET, "fontsize": 7.0}),
        ):
            lift = shift if end.note else 0.0
            text = axes.annotate(
                words,
                xy=anchor,
                xycoords="axes fraction",
                xytext=(_LEADER, lift),
                textcoords="offset points",
                verticalalignment="center",
                **look,
            )
            texts.append(text)
        axes.annotate(
            "",
            xy=(end.side, end.value),
            xytext=anchor,
            textcoords=beside,
            arrowprops={"arrowstyle": "-", "color": end.colour, "linewidth": 0.7, "shrinkA": 0},
            annotation_clip=False,
        )
    widest = max(text.get_window_extent().width for text in texts)
    left, bottom, _, tall = axes.get_position().bounds
    room = (widest / scale + _LEADER + 8) / (72 * figure.get_figwidth())
    axes.set_position((left, bottom, max(1 - left - room, 0.3), tall))
