"""The images of a recipe, opened: the pack, and which rows train, validate and test."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lookmore.data.pack import Pack, build_pack
from lookmore.data.sources import open_source
from lookmore.data.splits import check_trainable
from lookmore.data.without_twins import without_twins
from lookmore.recipe.config import Recipe

_TRIED = 256  # test images where training is limited, and two of every class where these are more


class Material(NamedTuple):
    """What every stage of a run works on."""

    pack: Pack
    """All images, sharp; where training is limited, a part of the test images is in no split."""

    train: np.ndarray
    """``(n,)`` int64 pack rows of the training images."""

    validation: np.ndarray
    """``(m,)`` int64 pack rows of the validation images; may be empty."""

    labels: np.ndarray
    """``(N,)`` int64: class of every pack row among the training classes; -1 elsewhere."""

    classes: int
    """Number of training classes; 0 = unlabelled."""

    class_names: tuple[str, ...]
    """Of the training classes, in the order of ``labels``."""

    fingerprint: str
    """Hash of the training images and their labels."""

    limit: int | None
    """Most images that were taken; ``None`` = all."""

    cache: Path
    """Where tables are kept."""


def _spread(rows: np.ndarray, labels: np.ndarray, limit: int) -> np.ndarray:
    """Return ``limit`` rows, the first of every class before the second of any."""
    order = np.argsort(labels[rows], kind="stable")
    _, starts, counts = np.unique(labels[rows][order], return_index=True, return_counts=True)
    place = np.empty(len(rows), dtype=np.int64)
    place[order] = np.arange(len(rows)) - np.repeat(starts, counts)
    return np.sort(rows[np.argsort(place, kind="stable")[:limit]])


def _try_fewer(pack: Pack) -> Pack:
    """Return a pack whose test split has two images of every class, or a few hundred."""
    rows = pack.rows("test")
    most = max(_TRIED, 2 * len(np.unique(pack.labels[rows])))
    return pack.without(np.setdiff1d(rows, _spread(rows, pack.labels, most)))


def open_material(
    recipe: Recipe,
    *,
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Material:
    """Open a recipe's images, decoding them once.

    Classes are counted anew within the training split: a face recogniser is tried on people
    it never trained on, who then take no place in its classifier.

    Args:
        recipe: Says where the images are and how they are split.
        limit: Train and validate on this many images at most, and try a few hundred; ``None`` =
            all.
        progress: Called with images decoded and images in all.

    Returns:
        The material.

    Raises:
        DataError: If the images cannot be used for the recipe's task, or some are in the test
            split too and ``data.leaks`` is ``refuse``.
    """
    pack = build_pack(open_source(recipe.data), recipe.data, progress=progress)
    pack = without_twins(pack, policy=recipe.data.leaks, folder=Path(recipe.data.cache))
    check_trainable(pack.labels, pack.splits, recipe.student.task.loss)
    train, validation = pack.rows("train"), pack.rows("val")
    if limit is not None:
        train, validation = (_spread(rows, pack.labels, limit) for rows in (train, validation))
        pack = _try_fewer(pack)
    present = np.unique(pack.labels[train])
    present = present[present >= 0]
    within = np.full(len(pack.class_names) + 1, -1, dtype=np.int64)
    within[present] = np.arange(len(present))
    labels = within[pack.labels]  # label -1 reads the last place, which is -1
    digest = hashlib.sha256(pack.keys[train].tobytes() + labels[train].tobytes())
    digest.update(str(pack.images.shape[-1]).encode())
    return Material(
        pack=pack,
        train=train,
        validation=validation,
        labels=labels,
        classes=len(present),
        class_names=tuple(pack.class_names[i] for i in present),
        fingerprint=digest.hexdigest()[:24],
        limit=limit,
        cache=Path(recipe.data.cache),
    )
