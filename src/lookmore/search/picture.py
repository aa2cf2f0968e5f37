"""A picture of a search: each probe, and beside it the people it may show."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lookmore.checkpoint.checkpoint import make_folder, write_whole
from lookmore.checkpoint.recogniser import Picture
from lookmore.data.images import read_image
from lookmore.data.square import to_square
from lookmore.errors import UnreadableImageError
from lookmore.evaluate.look import DPI, FAINT, QUIET, RIGHT, new_figure, our_look
from lookmore.search.answers import Answer
from lookmore.search.matches import Match

MOST = 50
"""Probes in one picture."""

# Dots of the printed picture; 192 is a whole multiple of 8, 12, 16, 24, 32 and 48.
_TILE, _GAP, _WORDS, _TOP, _EDGE, _ARROW = 192, 20, 78, 128, 24, 64
_LETTERS = 17  # of a name, below a tile


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A probe and its answer."""

    image: Picture
    """The probe."""

    answer: Answer
    """What the gallery said."""


def match_strip(asked: Sequence[Asked], *, fit: str = "crop") -> Figure:
    """Show each probe beside its best matches.

    A match that is accepted at the calibrated threshold is framed in blue with a tick. Images of
    the gallery that cannot be read, or were never files, are shown as empty tiles.

    Args:
        asked: Probes with their answers, from 1 to `MOST`.
        fit: How images become square: as the student sees them, ``artefact.fit``.

    Returns:
        A figure with its own Agg canvas, a row for each probe.

    Raises:
        UnreadableImageError: If a probe cannot be read.
        ValueError: If there are none, or too many.
    """
    if not 1 <= len(asked) <= MOST:
        raise ValueError(f"a picture shows 1 to {MOST} probes, got {len(asked)}")
    columns = max(len(one.answer.matches) for one in asked)
    wide = max(2 * _EDGE + _TILE + _ARROW + columns * (_TILE + _GAP) - _GAP, 1000)
    tall = _TOP + len(asked) * (_TILE + _WORDS) + _EDGE
    with our_look():
        figure = new_figure(width=wide / DPI, height=tall / DPI)
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_axis_off()
        axes.set_xlim(0, wide)
        axes.set_ylim(tall, 0)
        axes.text(_EDGE, 44, "Who is this?", fontsize=18, weight="bold", va="center")
        axes.text(_EDGE, 88, _legend(asked), fontsize=11, color=QUIET, va="center")
        for row, one in enumerate(asked):
            _show_row(axes, one, top=_TOP + row * (_TILE + _WORDS), fit=fit)
    return figure


def save_matches(path: Path, asked: Sequence[Asked], *, fit: str = "crop") -> None:
    """Write `match_strip` as a PNG file, whole or not at all.

    Args:
        path: Of the file; its folder is made if missing.
        asked: Probes with their answers, from 1 to `MOST`.
        fit: As for `match_strip`.

    Raises:
        CheckpointError: If it cannot be written.
        UnreadableImageError: If a probe cannot be read.
    """
    content = io.BytesIO()
    match_strip(asked, fit=fit).savefig(content, format="png")
    make_folder(path.parent)
    write_whole(path, content.getvalue())


def _legend(asked: Sequence[Asked]) -> str:
    if all(one.answer.threshold is None for one in asked):
        return "Nearest people first, with their similarity."
    return "Nearest people first, with their similarity; in blue: accepted at the threshold."


def _show_row(axes: Axes, asked: Asked, *, top: int, fit: str) -> None:
    answer = asked.answer
    _tile(axes, _square(asked.image, fit), left=_EDGE, top=top)
    below = f"probe, {answer.side} px"
    more = "" if answer.recognisability is None else f"recognisability {answer.recognisability:.2f}"
    _words(axes, below, more, left=_EDGE, top=top)
    axes.text(
        _EDGE + _TILE + _ARROW / 2, top + _TILE / 2, "\N{RIGHTWARDS ARROW}",
        fontsize=18, color=QUIET, ha="center", va="center",
    )  # fmt: skip
    for column, match in enumerate(answer.matches):
        left = _EDGE + _TILE + _ARROW + column * (_TILE + _GAP)
        _tile(axes, _gallery_square(match, fit), left=left, top=top)
        is_accepted = answer.accepts(match)
        if is_accepted:
            box = Rectangle((left + 4, top + 4), _TILE - 8, _TILE - 8, fill=False)
            box.set(edgecolor=RIGHT, linewidth=4.0, joinstyle="miter")
            axes.add_patch(box)
        sign = "  \N{CHECK MARK}" if is_accepted else ""
        _words(axes, match.person, f"{match.similarity:.3f}{sign}", left=left, top=top)


def _words(axes: Axes, name: str, note: str, *, left: int, top: int) -> None:
    short = name if len(name) <= _LETTERS else name[: _LETTERS - 1] + "\N{HORIZONTAL ELLIPSIS}"
    axes.text(left, top + _TILE + 20, short, fontsize=10, weight="bold", va="center")
    axes.text(left, top + _TILE + 46, note, fontsize=10, color=QUIET, va="center")


def _tile(axes: Axes, image: np.ndarray | None, *, left: int, top: int) -> None:
    if image is None:
        axes.add_patch(Rectangle((left, top), _TILE, _TILE, facecolor=FAINT, edgecolor="none"))
        middle = (left + _TILE / 2, top + _TILE / 2)
        axes.text(*middle, "no picture", fontsize=10, color=QUIET, ha="center", va="center")
        return
    axes.imshow(
        image,
        extent=(left, left + _TILE, top + _TILE, top),
        interpolation="nearest" if len(image) <= _TILE else "antialiased",
        aspect="auto",
    )


def _square(image: Picture, fit: str) -> np.ndarray:
    """Return ``(s, s, 3)`` uint8, its own pixels where there are few, at most a tile's."""
    pixels = read_image(image)
    sides = pixels.shape[1:]
    side = min(min(sides) if fit == "crop" else max(sides), _TILE)
    return to_square(pixels, side=side, fit=fit).permute(1, 2, 0).numpy()


def _gallery_square(match: Match, fit: str) -> np.ndarray | None:
    try:
        return _square(match.image, fit)
    except UnreadableImageError:
        return None
