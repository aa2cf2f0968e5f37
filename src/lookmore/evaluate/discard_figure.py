"""Error versus discard: what is left of the error when the hardest probes are turned away."""

from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from lookmore.evaluate.discard import ORACLE, RANDOM, Discards
from lookmore.evaluate.labels import method_of, percent
from lookmore.evaluate.line_ends import LABEL_HEIGHT, LineEnd, write_line_ends
from lookmore.evaluate.look import FAINT, QUIET, RIGHT, new_figure, our_look
from lookmore.evaluate.quality import COSINE

# Grey is what nobody can use or nobody would: chance, and those who know the answer. Colours are
# Paul Tol's "muted", as of rivals elsewhere.
_STYLES: dict[str, dict[str, Any]] = {
    RANDOM: {"color": "#494d52", "linestyle": (0, (5, 2))},
    "discard_norm": {"color": "#882255"},
    "discard_mirror": {"color": "#117733"},
    "discard_sharpness": {"color": "#999933"},
    COSINE: {"color": QUIET, "linestyle": (0, (1, 1.4))},
    ORACLE: {"color": QUIET, "linestyle": (0, (1, 3))},
    "ours": {"color": RIGHT, "linewidth": 2.4},
}


def discard_curve(found: Discards, *, title: str) -> Figure:
    """Draw the error of the pairs kept against the share of them turned away.

    Args:
        found: One form of pairs.
        title: Stands above, as it is.

    Returns:
        A figure with its own Agg canvas; the band is the 95 % interval of recognisability's line.
    """
    tall = max(4.2, 1.2 + len(found.curves) * LABEL_HEIGHT / 72)
    with our_look():
        figure = new_figure(width=7.6, height=tall)
        axes = figure.add_axes((0.055, 0.42 / tall, 0.9, 1 - 1.12 / tall))
        highest = max(curve.errors.max() for curve in found.curves.values())
        shares = 100 * next(iter(found.curves.values())).shares
        axes.set_xlim(shares[0], shares[-1])
        axes.set_ylim(0, 110 * max(highest, 0.01))
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_formatter(lambda share, _: f"{share:g} %")
        axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axes.grid(axis="y", color=FAINT, linewidth=0.6)
        axes.tick_params(which="both", length=0, pad=6)
        axes.spines[["top", "right", "left"]].set_visible(False)
        ends = []
        for method, style in _STYLES.items():
            curve = found.curves[method]
            axes.plot(shares, 100 * curve.errors, **{"linewidth": 1.4, **style})
            if method == "ours":
                axes.fill_between(
                    shares, 100 * curve.lows, 100 * curve.highs, color=style["color"], alpha=0.15,
                    linewidth=0,
                )  # fmt: skip
            at = curve.at(0.2)[0]
            name = "By recognisability" if method == "ours" else method_of(method).label
            ends.append(
                LineEnd(
                    name=name,
                    note=f"{percent(at)} with 20 % turned away",
                    value=100 * float(curve.errors[-1]),
                    side=float(shares[-1]),
                    colour=style["color"],
                    is_bold=method == "ours",
                )
            )
        write_line_ends(figure, axes, ends)
        inch = 1 / tall
        below = (
            f"wrong decisions in % of those kept of {len(found.pairs.correct):,} pairs, by the "
            "share turned away; band: 95 % interval"
        )
        figure.text(0.013, 1 - 0.22 * inch, title, fontsize=12, weight="bold", va="center")
        figure.text(0.013, 1 - 0.46 * inch, below, fontsize=8.5, color=QUIET, va="center")
    return figure
