"""Pairs of photographs for face verification, in the format of LFW's pairs.txt."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from lookmore.errors import DataError


class Pairs(NamedTuple):
    """Pairs of images, each of the same person or of two."""

    left: tuple[str, ...]
    """Id of one image of each pair, ``NAME/NAME_0001.jpg``."""

    right: tuple[str, ...]
    """Id of the other."""

    same: npt.NDArray[np.bool_]
    """``(P,)`` whether both show one person."""

    folds: npt.NDArray[np.int64]
    """``(P,)`` fold of each pair, counted from 1."""

    def of_fold(self, fold: int) -> Self:
        """Return the pairs of one fold; DataError if there is no such fold."""
        rows = np.flatnonzero(self.folds == fold)
        if len(rows) == 0:
            raise DataError(
                f"data.pairs_fold is {fold}, but the pairs have folds 1 to {self.folds.max()}"
            )
        return type(self)(
            left=tuple(self.left[row] for row in rows),
            right=tuple(self.right[row] for row in rows),
            same=self.same[rows],
            folds=self.folds[rows],
        )


def read_pairs(path: Path) -> Pairs:
    """Read a pairs file.

    The first line holds the number of folds and of matched pairs per fold (or the latter
    alone, for one fold). Each fold is that many lines ``NAME NUMBER NUMBER`` and as many
    ``NAME NUMBER NAME NUMBER``.

    Returns:
        All pairs, in the order of the file.

    Raises:
        DataError: If the file cannot be read, a line is malformed (its number is named), or
            their count is not the promised one.

    Source:
        Huang et al., *Labeled Faces in the Wild*, UMass Amherst technical report 07-49, 2007
        (view 2); the README beside the file.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the pairs file {path} cannot be read: {error}") from error
    while lines and not lines[-1].strip():
        lines.pop()
    folds, matched = _header(lines, path)
    if len(lines) - 1 != folds * 2 * matched:
        raise DataError(
            f"the pairs file {path} promises {folds} x 2 x {matched} pairs in its first line, "
            f"but holds {len(lines) - 1}"
        )
    pairs = [_pair(line, number, path) for number, line in enumerate(lines[1:], start=2)]
    return Pairs(
        left=tuple(left for left, _, _ in pairs),
        right=tuple(right for _, right, _ in pairs),
        same=np.array([same for _, _, same in pairs], dtype=np.bool_),
        folds=np.arange(len(pairs), dtype=np.int64) // (2 * matched) + 1,
    )


def pair_rows(
    pairs: Pairs, ids: Sequence[str]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows of the left and of the right images among ``ids``, ``(P,)`` each.

    Raises:
        DataError: If an image of a pair is not among ``ids``.
    """
    row = {name: index for index, name in enumerate(ids)}
    missing = [name for name in (*pairs.left, *pairs.right) if name not in row]
    if missing:
        raise DataError(
            f"the pairs name {missing[0]} ({len(missing)} such), which is not among the images: "
            "data.root must be the folder that holds one folder per person"
        )
    left = np.array([row[name] for name in pairs.left], dtype=np.int64)
    return left, np.array([row[name] for name in pairs.right], dtype=np.int64)


def _header(lines: list[str], path: Path) -> tuple[int, int]:
    words = lines[0].split() if lines else []
    numbers = [int(word) for word in words if word.isdecimal()]
    if len(numbers) != len(words) or len(words) not in (1, 2) or 0 in numbers:
        raise DataError(
            f"line 1 of the pairs file {path} must hold the number of folds and of matched pairs "
            f"per fold, got {' '.join(words)[:60]!r}"
        )
    return (1, numbers[0]) if len(numbers) == 1 else (numbers[0], numbers[1])


def _pair(line: str, number: int, path: Path) -> tuple[str, str, bool]:
    """Return both ids of a line, and whether they are of one person."""
    words = line.split()
    same = len(words) == 3
    cells = [words[0], words[1], words[0], words[2]] if same else words
    if len(cells) != 4 or not (cells[1].isdecimal() and cells[3].isdecimal()):
        raise DataError(
            f"line {number} of the pairs file {path} must be NAME NUMBER NUMBER or "
            f"NAME NUMBER NAME NUMBER, got {line.strip()[:80]!r}"
        )
    left, right = (
        f"{name}/{name}_{int(digits):04d}.jpg" for name, digits in (cells[:2], cells[2:])
    )
    return left, right, same
