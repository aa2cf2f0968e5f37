"""What stands out in a collection of images, each with the rows to look at and the way out."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lookmore.data.config import DataConfig
from lookmore.data.files import FileSource
from lookmore.data.headers import Header, read_header
from lookmore.data.pack import Pack
from lookmore.data.sources import Source
from lookmore.page.finding import Finding, Verdict

IMAGES = "Images"
"""Heading of all findings about images."""

_TINY = 16  # pixels: about what a student sees
_OBLONG = 3.0  # longer over shorter side, from which the centre square is a third or less
_BLANK = 2.0  # standard deviation of the grey values, in 8-bit steps
_UNEVEN = 20.0  # largest class over the middle one
_STRANGE = {
    "grey": "repeated in three channels",
    "palette": "turned into colours",
    "CMYK": "converted without their colour profile: their colours may be off",
    "16 bits": "divided by 257",
    "transparent": "laid on white",
}


class Problem(NamedTuple):
    """One thing that stands out."""

    finding: Finding
    """In words."""

    rows: tuple[int, ...]
    """Pack rows of the images that show it, the most telling first; may be empty."""


def problems_of(pack: Pack, source: Source, config: DataConfig) -> list[Problem]:
    """Return what stands out among images that can be read.

    Args:
        pack: The images.
        source: Where they come from; headers are read where each is a file.
        config: How they are made square.

    Returns:
        In the order in which a reader wants them: shapes, contents, classes, formats.
    """
    found = [_tiny(pack, config), _oblong(pack, config), _blank(pack), *_copies(pack)]
    found += [_lonely(pack), _uneven(pack), _namesakes(pack)]
    if isinstance(source, FileSource):
        found += _formats(pack, source.root)
    return [problem for problem in found if problem is not None]


def _problem(
    name: str, found: str, verdict: Verdict, advice: str, rows: Sequence[int] | np.ndarray = ()
) -> Problem:
    return Problem(Finding(IMAGES, name, found, verdict, advice), tuple(int(row) for row in rows))


def _some(count: int, pack: Pack) -> str:
    """Return a number of images with their share of all, in words."""
    share = 100 * count / len(pack.ids)
    words = f"{share:.0f} %" if share >= 1 else "below 1 %"
    return f"{count:,} image{'s' if count > 1 else ''} ({words})"


def _tiny(pack: Pack, config: DataConfig) -> Problem | None:
    shorter = pack.sizes.min(axis=1)
    rows = np.flatnonzero(shorter < _TINY)
    if len(rows):
        rows = rows[np.argsort(shorter[rows], kind="stable")]
        advice = (
            f"scaled up to {config.side} px they teach blur: remove them, or keep them for tests"
        )
        found = f"{_some(len(rows), pack)} with a side below {_TINY} px, down to {shorter.min()}"
        return _problem("tiny", found, "note", advice, rows)
    below = int((shorter < config.side).sum())
    if below <= len(shorter) // 2:
        return None
    return _problem(
        "scaled up",
        f"{_some(below, pack)} smaller than data.side={config.side}",
        "note",
        f"half of them are below {int(np.median(shorter))} px: a smaller data.side costs nothing",
    )


def _oblong(pack: Pack, config: DataConfig) -> Problem | None:
    ratio = pack.sizes.max(axis=1) / pack.sizes.min(axis=1)
    rows = np.flatnonzero(ratio >= _OBLONG)
    if not len(rows):
        return None
    rows = rows[np.argsort(-ratio[rows], kind="stable")]
    found = f"{_some(len(rows), pack)} at least {_OBLONG:g} times as long as wide"
    advice = {
        "crop": "their centre square leaves most of them out: data.fit=pad keeps all of it",
        "squash": "they are squashed out of shape: data.fit=pad keeps it",
        "pad": "they are mostly repeated edges",
    }[config.fit]
    return _problem("oblong", found, "note", advice, rows)


def _blank(pack: Pack) -> Problem | None:
    rows = [
        row
        for start in range(0, len(pack.ids), 256)
        for row in start + _blank_rows(np.asarray(pack.images[start : start + 256]))
    ]
    if not rows:
        return None
    found = f"{_some(len(rows), pack)} of one colour all over"
    return _problem("blank", found, "note", "there is nothing on them: remove them", rows)


def _blank_rows(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
    return np.flatnonzero(images.mean(axis=1).reshape(len(images), -1).std(axis=1) < _BLANK)


def _copies(pack: Pack) -> list[Problem]:
    """Return pictures that stand there twice, by their decoded pixels."""
    places: dict[int, list[int]] = {}
    for row, key in enumerate(pack.keys.tolist()):
        places.setdefault(key, []).append(row)
    groups = [rows for rows in places.values() if len(rows) > 1]
    mixed = [rows for rows in groups if len({int(pack.labels[row]) for row in rows} - {-1}) > 1]
    plain = [rows for rows in groups if rows not in mixed]
    found = []
    if mixed:
        first = " = ".join(pack.ids[row] for row in mixed[0][:2])
        words = f"pictures that stand in two classes: {len(mixed):,}, such as {first}"
        advice = "one of the labels is wrong, or both are right: look, and take one of them away"
        found.append(_problem("two labels", words, "note", advice, [*chain.from_iterable(mixed)]))
    if plain:
        extra = sum(len(rows) - 1 for rows in plain)
        words = f"{_some(extra, pack)} that copy another one of their class"
        advice = "they count twice in training; remove them if there are many"
        found.append(_problem("copies", words, "fine", advice, [*chain.from_iterable(plain)]))
    return found


def _lonely(pack: Pack) -> Problem | None:
    counts = np.bincount(pack.labels[pack.labels >= 0], minlength=len(pack.class_names))
    lonely = np.flatnonzero(counts == 1)
    if not len(lonely):
        return None
    found = f"classes with a single image: {len(lonely):,} of {int((counts > 0).sum()):,}"
    advice = (
        "fine to train faces and retrieval on; whoever is tried needs two images, and a classifier "
        "cannot both learn and try such a class"
    )
    rows = np.flatnonzero(np.isin(pack.labels, lonely))
    return _problem("single images", found, "note", advice, rows)


def _uneven(pack: Pack) -> Problem | None:
    labels = pack.labels[pack.labels >= 0]
    if not len(labels):
        return None
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    largest, middle = int(counts.max()), float(np.median(counts))
    if largest < _UNEVEN * middle:
        return None
    name = pack.class_names[int(np.bincount(labels).argmax())]
    found = f"{name!r} has {largest:,} images, the middle class {middle:g}"
    advice = "schedule.images_per_class=4 draws classes evenly"
    return _problem("uneven classes", found, "note", advice)


def _namesakes(pack: Pack) -> Problem | None:
    """Return classes whose names differ by case, spaces or accents only."""
    plain: dict[str, list[str]] = {}
    for name in pack.class_names:
        bare = unicodedata.normalize("NFKD", name).casefold()
        key = "".join(letter for letter in bare if letter.isalnum())
        plain.setdefault(key, []).append(name)
    pairs = [names for key, names in plain.items() if len(names) > 1 and key]
    if not pairs:
        return None
    words = "; ".join(" and ".join(map(repr, names[:3])) for names in pairs[:5])
    found = f"classes whose names are nearly the same: {words}"
    return _problem("namesakes", found, "note", "if they are one class, give them one name")


def _formats(pack: Pack, root: Path) -> list[Problem]:
    headers = [read_header(root / name) for name in pack.ids]
    kinds = Counter(header.kind for header in headers if header is not None)
    listed = ", ".join(f"{count:,} {kind}" for kind, count in kinds.most_common())
    found = [_problem("formats", listed, "fine", "")]
    for colours, treatment in _STRANGE.items():
        rows = [row for row, header in enumerate(headers) if header and header.colours == colours]
        if rows:
            words = f"{_some(len(rows), pack)}, {treatment}"
            found.append(_problem(colours, words, "fine", "", rows))
    rows = _rows_where(headers, lambda header: header.is_turned)
    if rows:
        words = f"{_some(len(rows), pack)} to be turned, as their EXIF says, and so they are"
        advice = "programs that ignore EXIF see them lying: mind boxes and crops made by others"
        found.append(_problem("turned", words, "fine", advice, rows))
    rows = _rows_where(headers, lambda header: header.is_animated)
    if rows:
        words = f"{_some(len(rows), pack)} with several frames: the first one is used"
        found.append(_problem("animated", words, "fine", "", rows))
    return found


def _rows_where(headers: Sequence[Header | None], claim: Callable[[Header], bool]) -> list[int]:
    return [row for row, header in enumerate(headers) if header is not None and claim(header)]
