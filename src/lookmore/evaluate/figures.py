"""The figures of a report, and how one reaches the disk."""

from pathlib import Path

from matplotlib.figure import Figure

from lookmore.evaluate.curve import accuracy_curve
from lookmore.evaluate.discard_figure import discard_curve
from lookmore.evaluate.look import DPI, our_look
from lookmore.evaluate.strips import probe_strip, search_strip

__all__ = ["accuracy_curve", "discard_curve", "probe_strip", "save_figure", "search_strip"]


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure as PNG (150 dpi) and SVG side by side, each beside first and then renamed.

    The same figure gives the same bytes: no date and no program version is written.

    Args:
        figure: Drawn by a function of this file.
        path: Where; its folder is made if need be. The ending is replaced if it is ``.png`` or
            ``.svg`` and added to otherwise.

    Returns:
        Path of the PNG, ready for a page.
    """
    stem = path.with_suffix("") if path.suffix in (".png", ".svg") else path
    stem.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"png": {"Software": None}, "svg": {"Date": None, "Creator": "lookmore"}}
    for ending, facts in metadata.items():
        target = stem.with_name(f"{stem.name}.{ending}")
        beside = target.with_name(target.name + ".part")
        try:
            with our_look():
                figure.savefig(beside, format=ending, dpi=DPI, metadata=facts)
            beside.replace(target)
        finally:
            beside.unlink(missing_ok=True)
    return stem.with_name(f"{stem.name}.png")
