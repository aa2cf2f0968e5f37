"""The look shared by all figures: one font, few colours, and a canvas nobody else can touch."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DPI = 150
INK, QUIET, FAINT = "#1a1a1a", "#5f6368", "#dadce0"
RIGHT, WRONG = "#0072b2", "#d55e00"
"""Blue and vermilion of Okabe and Ito, *Color Universal Design* (2008): told apart with any
kind of colour vision, https://jfly.uni-koeln.de/color/."""


def _settings() -> dict[Any, Any]:
    return {
        "font.family": ["DejaVu Sans"],  # shipped with matplotlib: the same picture everywhere
        "font.size": 9.0,
        "axes.edgecolor": FAINT,
        "text.color": INK,
        "axes.labelcolor": QUIET,
        "xtick.color": QUIET,
        "ytick.color": QUIET,
        "svg.hashsalt": "lookmore",  # otherwise every SVG has other ids
        "svg.fonttype": "path",
        "text.usetex": False,
        "text.parse_math": False,  # a title is a title, dollar signs and all
    }


@contextmanager
def our_look() -> Iterator[None]:
    """Draw and save under our settings, whatever the user's matplotlibrc says."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_settings())
        yield


def new_figure(*, width: float, height: float) -> Figure:
    """Return an empty white figure of ``width`` by ``height`` inches, on its own Agg canvas."""
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)  # ties itself to the figure
    return figure
