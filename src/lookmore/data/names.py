"""Names of images, classes and splits: their order, their numbers, their spelling."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from lookmore.errors import DataError

SPLIT_NAMES = {"": "", "train": "train", "val": "val", "validation": "val", "test": "test"}
"""Every spelling of a split that a source may state, and our word for it."""

IMAGE_SUFFIXES = frozenset(
    [
        ".avif",
        ".bmp",
        ".gif",
        ".jp2",
        ".jpeg",
        ".jpg",
        ".pbm",
        ".pgm",
        ".png",
        ".pnm",
        ".ppm",
        ".tga",
        ".tif",
        ".tiff",
        ".webp",
    ]
)
"""Lower-case endings of the files that are taken for images."""


def natural_key(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return a sort key under which numbers count as numbers, the same on every machine.

    Example:
        >>> sorted(["s10/1.pgm", "s2/10.pgm", "s2/9.pgm"], key=natural_key)
        ['s2/9.pgm', 's2/10.pgm', 's10/1.pgm']
    """
    # A folder ends before a longer name begins ("a/1" before "a1"); equal numbers ("1", "01")
    # are told apart by the spelling.
    pieces = [piece for piece in re.split(r"([0-9]+|/)", name) if piece]
    return tuple(_rank(piece) for piece in pieces), name


def _rank(piece: str) -> tuple[int, int, str]:
    if piece == "/":
        return 0, 0, ""
    return (1, int(piece), "") if piece.isdecimal() else (2, 0, piece)


def natural_order(names: Iterable[str]) -> list[str]:
    """Return the names sorted by ``natural_key``."""
    return sorted(names, key=natural_key)


def class_name(value: object) -> str:
    """Return a label as the name of a class; empty for no label.

    Whole floating-point numbers are taken for integers, because tables with gaps turn
    integers into them.

    Raises:
        DataError: If the value is neither text nor a whole number.

    Example:
        >>> class_name("cat"), class_name(3.0), class_name(float("nan")), class_name(None)
        ('cat', '3', '', '')
    """
    if value is None or value != value:  # only NaN differs from itself
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | int):
        return str(value)
    raise DataError(f"a label must be text or a whole number, got {value!r}")


def numbered(values: Sequence[str]) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    """Give each class a number.

    Args:
        values: One class name per image; empty: no label.

    Returns:
        ``(N,)`` labels, -1 for no label, and the class names in natural order.

    Example:
        >>> labels, names = numbered(["b10", "", "b9", "b9"])
        >>> labels.tolist(), names
        ([1, -1, 0, 0], ('b9', 'b10'))
    """
    names = tuple(natural_order({value for value in values if value}))
    number = {"": -1} | {name: index for index, name in enumerate(names)}
    return np.array([number[value] for value in values], dtype=np.int64), names
