"""The same picture on both sides of a split makes a result look better than it is."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from lookmore.data.pack import Pack

SAME = 0.985
"""Correlation of two pictures, in grey and 32 by 32 cells, from which they count as one picture.
Chosen by looking at what lies near it in five collections (faces, cars, signs, small things): all
pairs above are copies, mirrored, recoloured, compressed again; from 0.981 down there are also two
speed limit signs, or two ships, that only look alike."""

_COARSE, _FINE = 16, 32  # cells a side: the first finds candidates, the second decides
_CANDIDATE = 0.96
_FLAT = 2.0 / 255  # a picture with less contrast than this looks like any other
_MOST_COMPARED = 2_000_000_000  # pairs; about a minute on one core
_ENTRIES = 2**24  # similarities held at once
RULES = (SAME, _COARSE, _FINE, _CANDIDATE, _FLAT, _MOST_COMPARED)
"""What decides which images are twins, beside the images."""


class Twin(NamedTuple):
    """Two images of different splits that are one picture, or nearly."""

    train: int
    """Pack row of the one on the training side."""

    tried: int
    """Pack row of the other."""

    likeness: float
    """Correlation of their grey values; 1 where every pixel is equal."""

    is_mirrored: bool
    """Whether one is the mirror image of the other."""


def twins(
    pack: Pack, train: npt.NDArray[np.int64], tried: npt.NDArray[np.int64]
) -> tuple[list[Twin], int]:
    """Return the pairs of one picture, or nearly one, between two sets of images.

    Found are copies, copies of another size, compression, brightness, contrast or colour, and
    mirror images. Not found are other crops and turned pictures. Pictures without contrast are
    twins only where every pixel is equal. Where there are more than two thousand million pairs,
    an even sample of ``tried`` is compared.

    Args:
        pack: The images.
        train: ``(n,)`` rows on the training side.
        tried: ``(m,)`` rows that are tried, or choose settings.

    Returns:
        The pairs, most alike first, and how many of ``tried`` were compared.
    """
    if not len(train) or not len(tried):
        return [], len(tried)
    compared = tried
    if len(train) * len(tried) > _MOST_COMPARED:
        count = max(_MOST_COMPARED // len(train), 1)
        compared = tried[np.linspace(0, len(tried) - 1, count).round().astype(int)]
    equal = _equal(pack, train, tried)
    found = {(twin.train, twin.tried): twin for twin in _alike(pack, train, compared)}
    found |= {(twin.train, twin.tried): twin for twin in equal}
    return sorted(found.values(), key=lambda twin: (-twin.likeness, *twin)), len(compared)


def _equal(
    pack: Pack, train: npt.NDArray[np.int64], tried: npt.NDArray[np.int64]
) -> Iterator[Twin]:
    places: dict[int, list[int]] = {}
    for row in train.tolist():
        places.setdefault(int(pack.keys[row]), []).append(row)
    for row in tried.tolist():
        for other in places.get(int(pack.keys[row]), []):
            if np.array_equal(pack.images[other], pack.images[row]):
                yield Twin(other, row, 1.0, False)


def _alike(
    pack: Pack, train: npt.NDArray[np.int64], tried: npt.NDArray[np.int64]
) -> Iterator[Twin]:
    ours, theirs = _descriptors(pack, train, _COARSE), _descriptors(pack, tried, _COARSE)
    step = max(1, _ENTRIES // len(train))
    for start in range(0, len(tried), step):
        block = theirs[start : start + step]
        for is_mirrored in (False, True):
            seen = _mirrored(block, _COARSE) if is_mirrored else block
            places = (seen @ ours.T >= _CANDIDATE).nonzero()
            if not len(places):
                continue
            left = train[places[:, 1].numpy()]
            right = tried[start + places[:, 0].numpy()]
            for at in range(0, len(left), 4096):
                a, b = (_descriptors(pack, rows[at : at + 4096], _FINE) for rows in (left, right))
                b = _mirrored(b, _FINE) if is_mirrored else b
                likeness = (a * b).sum(dim=1)
                for place in (likeness >= SAME).nonzero().flatten().tolist():
                    yield Twin(
                        int(left[at + place]),
                        int(right[at + place]),
                        min(float(likeness[place]), 1.0),
                        is_mirrored,
                    )


def _descriptors(pack: Pack, rows: npt.NDArray[np.int64], cells: int) -> Tensor:
    """Return ``(n, cells * cells)`` grey values of mean 0 and length 1; zero where it is flat."""
    found = []
    for start in range(0, len(rows), 512):
        grey = pack.batch(rows[start : start + 512]).float().mean(dim=1, keepdim=True) / 255
        flat = F.adaptive_avg_pool2d(grey, cells).flatten(1)
        flat = flat - flat.mean(dim=1, keepdim=True)
        seen = flat.square().mean(dim=1, keepdim=True).sqrt() >= _FLAT
        found.append(F.normalize(flat) * seen)
    return torch.cat(found)


def _mirrored(rows: Tensor, cells: int) -> Tensor:
    return rows.view(-1, cells, cells).flip(2).flatten(1)
