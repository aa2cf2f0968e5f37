"""Strips of images: what few pixels look like, and what is still found with them."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from numpy.typing import NDArray

from lookmore.evaluate.labels import method_of
from lookmore.evaluate.look import DPI, QUIET, RIGHT, WRONG, new_figure, our_look

Images = NDArray[np.uint8]

# Dots of the printed picture. 192 is a whole multiple of 8, 12, 16, 24, 32 and 48, so that their
# pixels come out equally wide.
_TILE, _GAP, _NAMES, _TOP, _EDGE = 192, 16, 350, 170, 24


def _check(images: Images, name: str, *, count: int | None = None) -> None:
    """Refuse what is not a strip of square RGB images, ``count`` of them."""
    square = images.ndim == 4 and images.shape[1] == 3 and images.shape[2] == images.shape[3]
    if not square or images.dtype != np.uint8 or len(images) == 0:
        raise ValueError(
            f"{name} must be uint8 of shape (n, 3, side, side) with n >= 1, "
            f"got {images.dtype} of shape {images.shape}"
        )
    if count is not None and len(images) != count:
        raise ValueError(f"every row needs the same {count} images, {name} holds {len(images)}")


def _tile_axes(*, rows: int, columns: int, title: str, below: str) -> tuple[Figure, Axes]:
    """Return a figure whose axes count in dots, from the top left, with its title written."""
    wide = max(_NAMES + columns * (_TILE + _GAP) - _GAP + _EDGE, 1200)  # or the words would not fit
    tall = _TOP + rows * (_TILE + _GAP) - _GAP + _EDGE
    figure = new_figure(width=wide / DPI, height=tall / DPI)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_axis_off()
    axes.set_xlim(0, wide)
    axes.set_ylim(tall, 0)
    axes.text(_EDGE, 52, title, fontsize=18, weight="bold", va="center")
    axes.text(_EDGE, 112, below, fontsize=13, color=QUIET, va="center")
    return figure, axes


def _corner(row: int, column: int) -> tuple[int, int]:
    """Left and top of a tile, in dots."""
    return _NAMES + column * (_TILE + _GAP), _TOP + row * (_TILE + _GAP)


def _show_row(axes: Axes, row: int, images: Images, *, name: str, note: str) -> None:
    """Print one row of tiles, each pixel as a square, and its name to the left."""
    for column, image in enumerate(images):
        left, top = _corner(row, column)
        axes.imshow(
            image.transpose(1, 2, 0),
            extent=(left, left + _TILE, top + _TILE, top),
            interpolation="nearest" if len(image[0]) <= _TILE else "antialiased",
            aspect="auto",
        )
    middle = _corner(row, 0)[1] + _TILE / 2
    axes.text(_EDGE, middle + 4, name, fontsize=14, weight="bold", va="bottom", linespacing=1.1)
    axes.text(_EDGE, middle + 12, note, fontsize=12, color=QUIET, va="top")


def probe_strip(probes: Mapping[int, Images], sharp: Images) -> Figure:
    """Show the same images at every side, all printed equally large, so that one sees the pixels.

    Args:
        probes: For each side in pixels, ``(n, 3, side, side)`` uint8 RGB.
        sharp: ``(n, 3, S, S)`` uint8 RGB, the same images; the first row.

    Returns:
        A figure with its own Agg canvas, a row for each side, largest first.

    Raises:
        ValueError: If images are not such arrays, differ in number, or do not have the side
            under which they stand.
    """
    _check(sharp, "sharp")
    for side, images in probes.items():
        _check(images, f"probes[{side}]", count=len(sharp))
        if images.shape[2] != side:
            raise ValueError(f"probes[{side}] must have that side, got {images.shape[2]} pixels")
    sides = sorted(probes, reverse=True)
    with our_look():
        figure, axes = _tile_axes(
            rows=1 + len(sides),
            columns=len(sharp),
            title="What the student gets to see",
            below="The same images from sharp to small, printed equally large.",
        )
        _show_row(axes, 0, sharp, name=f"{sharp.shape[2]} px", note="sharp")
        for row, side in enumerate(sides, start=1):
            note = f"{side * side:,} pixels"
            _show_row(axes, row, probes[side], name=f"{side} px", note=note)
    return figure


def _frame(axes: Axes, row: int, column: int, *, is_right: bool) -> None:
    """Frame a tile and stamp it: a tick or a cross, besides the colour."""
    left, top = _corner(row, column)
    colour, symbol = (RIGHT, "\N{CHECK MARK}") if is_right else (WRONG, "\N{BALLOT X}")
    box = Rectangle((left + 4, top + 4), _TILE - 8, _TILE - 8, fill=False)
    box.set(edgecolor=colour, linewidth=4.0, joinstyle="miter")
    axes.add_patch(box)
    centre = (left + _TILE - 30, top + _TILE - 30)
    axes.add_patch(Circle(centre, 25, facecolor=colour, edgecolor="white", linewidth=1.2, zorder=3))
    axes.text(*centre, symbol, color="white", fontsize=13, ha="center", va="center", zorder=4)


def search_strip(
    probes: Images, matches: Mapping[str, Images], correct: Mapping[str, NDArray[np.bool_]]
) -> Figure:
    """Show, below each probe, the gallery image that each method takes for the same thing.

    Args:
        probes: ``(n, 3, side, side)`` uint8 RGB, a handful.
        matches: For each method, named as in the rows, ``(n, 3, S, S)`` uint8 RGB: its first match
            for each probe, in the order of the rows to show.
        correct: For each method ``(n,)`` bool: whether that match is right.

    Returns:
        A figure with its own Agg canvas: probes in the first row, then a row for each method;
        right matches are framed in blue with a tick, wrong ones in vermilion with a cross.

    Raises:
        ValueError: If images are not such arrays, or numbers or names do not fit one another.
    """
    _check(probes, "probes")
    if matches.keys() != correct.keys():
        raise ValueError(f"matches name {sorted(matches)}, correct names {sorted(correct)}")
    for method, images in matches.items():
        _check(images, f"matches[{method!r}]", count=len(probes))
        if correct[method].shape != (len(probes),):
            raise ValueError(
                f"correct[{method!r}] must have shape ({len(probes)},), got {correct[method].shape}"
            )
    with our_look():
        figure, axes = _tile_axes(
            rows=1 + len(matches),
            columns=len(probes),
            title="What is found first",
            below="The best match in the gallery of sharp images: "
            "\N{CHECK MARK} right, \N{BALLOT X} wrong.",
        )
        _show_row(axes, 0, probes, name="Probe", note=f"{probes.shape[2]} px")
        for row, (method, images) in enumerate(matches.items(), start=1):
            note = f"{int(correct[method].sum())} of {len(probes)} right"
            _show_row(
                axes, row, images, name=method_of(method).label.replace(", ", ",\n"), note=note
            )
            for column, is_right in enumerate(correct[method]):
                _frame(axes, row, column, is_right=bool(is_right))
    return figure
