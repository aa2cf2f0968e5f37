"""Who trains, who chooses, who is only evaluated."""

import hashlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lookmore.data.config import DataConfig
from lookmore.data.pairs import pair_rows, read_pairs
from lookmore.data.sources import Source
from lookmore.errors import DataError

Splits = npt.NDArray[np.str_]

_PLURAL = {"class": "classes", "group": "groups"}


def assign_splits(source: Source, config: DataConfig) -> Splits:
    """Return the split of each image.

    The splits that the source states are kept; when they name train but no val, val is cut
    from train. Where none is stated, ``data.pairs_fold``, ``data.test_pattern`` or the shares
    decide. A share is drawn by a hash of the image's id, or of its group's or class's name
    (``data.split_by``), so that adding or removing images moves no other; only a split that would
    stay empty is given the next best. With ``split_by="class"``, images without a label are
    trained on.

    Returns:
        ``(N,)`` text: ``train``, ``val`` or ``test``.

    Raises:
        DataError: If only some images state a split, there are too few classes to deal, or a
            fold of pairs does not fit the source.
    """
    stated: Splits = np.array(source.splits, dtype="<U5")
    if (stated == "").all():
        return _by_fold(source, config) if config.pairs_fold else _by_share(source, config)
    if (stated == "").any():
        row = int(np.flatnonzero(stated == "")[0])
        raise DataError(
            f"{(stated == '').sum()} images state no split while others do, the first being "
            f"{source.ids[row]}: state all or none, or leave them out"
        )
    if config.pairs_fold:
        raise DataError(
            f"data.pairs_fold is {config.pairs_fold}, but {config.root} states its own splits: "
            "use one of both"
        )
    train = stated == "train"
    if train.any() and not (stated == "val").any() and config.validation_share > 0:
        units = _units(source, config)
        dealt = _dealt(
            units[train], test=0.0, validation=config.validation_share, by=config.split_by
        )
        stated[train] = [dealt[unit] for unit in units[train]]
    return stated


def check_trainable(labels: npt.NDArray[np.int64], splits: Splits, task: str) -> None:
    """Refuse training images from which nothing can be learnt.

    Args:
        labels: ``(N,)``, -1 for no label.
        splits: ``(N,)`` ``train``, ``val`` or ``test``.
        task: Name of the task loss; ``none`` needs no labels.

    Raises:
        DataError: If fewer than two images are trained on, or a task loss would see fewer than
            two classes.
    """
    train = labels[splits == "train"]
    if len(train) < 2:
        raise DataError(
            f"training needs at least 2 images, got {len(train)} (of {len(labels)} in all splits): "
            "add images, or lower data.validation_share and data.test_share"
        )
    classes = len(np.unique(train[train >= 0]))
    if task != "none" and classes < 2:
        raise DataError(
            f"the task loss {task} needs training images of at least 2 classes, got {classes}: "
            "label the images, or set the task loss to none"
        )


def _by_share(source: Source, config: DataConfig) -> Splits:
    units = _units(source, config)
    if config.test_pattern:
        return _by_pattern(source, units, config)
    dealt = _dealt(
        units, test=config.test_share, validation=config.validation_share, by=config.split_by
    )
    return np.array([dealt[unit] for unit in units], dtype="<U5")


def _by_pattern(source: Source, units: npt.NDArray[np.object_], config: DataConfig) -> Splits:
    """Test on the images whose path fits, and deal the units of the others.

    Raises:
        DataError: If none or all fit, or a group or class would be on both sides.
    """
    tested = np.array([re.search(config.test_pattern, name) is not None for name in source.ids])
    if tested.all() or not tested.any():
        raise DataError(
            f"data.test_pattern {config.test_pattern!r} is found in the paths of "
            f"{tested.sum()} of {len(tested)} images: it must leave some to try and some to train "
            f"on; the first path is {source.ids[0]!r}"
        )
    both = sorted({*units[tested]} & {*units[~tested]} - {""})
    if both:
        raise DataError(
            f"data.test_pattern {config.test_pattern!r} parts the {config.split_by} {both[0]!r}: "
            f"with data.split_by={config.split_by} it must take all of its images or none"
        )
    dealt = _dealt(units[~tested], test=0.0, validation=config.validation_share, by=config.split_by)
    splits: Splits = np.full(len(units), "test", dtype="<U5")
    splits[~tested] = [dealt[unit] for unit in units[~tested]]
    return splits


def _by_fold(source: Source, config: DataConfig) -> Splits:
    """Test on everyone who is in a pair of the fold, train on all others."""
    people = _people(source)
    if "" in people:
        raise DataError("data.pairs_fold needs a class, the person's name, for every image")
    fold = read_pairs(Path(config.pairs)).of_fold(config.pairs_fold)
    tested = set(people[np.concatenate(pair_rows(fold, source.ids))])
    dealt = _dealt(
        people[[name not in tested for name in people]],
        test=0.0,
        validation=config.validation_share,
        by="class",
    )
    return np.array([dealt.get(name, "test") for name in people], dtype="<U5")


def _units(source: Source, config: DataConfig) -> npt.NDArray[np.object_]:
    """Return what is dealt for each image: its own id, its group, or its class."""
    if config.split_by == "class":
        return _people(source)
    if config.split_by == "group":
        return groups_of(source.ids, config.group_pattern)
    return np.array(source.ids, dtype=object)


def groups_of(ids: Sequence[str], pattern: str) -> npt.NDArray[np.object_]:
    """Return the group that each image's id names.

    Args:
        ids: Of the images.
        pattern: As ``data.group_pattern``.

    Raises:
        DataError: If an id does not match: alone, it could land beside its own twins.
    """
    groups = np.empty(len(ids), dtype=object)
    for row, name in enumerate(ids):
        found = re.search(pattern, name)
        if found is None or not found[1]:
            raise DataError(
                f"data.group_pattern {pattern!r} finds no group in the path {name!r}: it must "
                "name one for every image"
            )
        groups[row] = found[1]
    return groups


def _people(source: Source) -> npt.NDArray[np.object_]:
    """Return the class name of each image; empty: no label."""
    return np.array([*source.class_names, ""], dtype=object)[source.labels]


def _dealt(units: Iterable[str], *, test: float, validation: float, by: str) -> dict[str, str]:
    """Return the split of each unit; the lowest draws are test, the next val, the rest train."""
    draws = {unit: _draw(unit) for unit in set(units) if unit}
    order = sorted(draws, key=lambda unit: (draws[unit], unit))
    needed = 1 + (test > 0) + (validation > 0)
    if len(order) < needed:
        if by != "image":
            raise DataError(
                f"{len(order)} {_PLURAL[by]} cannot be dealt to {needed} splits: add some, set "
                "a share to 0, or data.split_by=image"
            )
        return dict.fromkeys(order, "train")
    tested = max(sum(draw < test for draw in draws.values()), int(test > 0))
    validated = max(
        sum(test <= draw < test + validation for draw in draws.values()), int(validation > 0)
    )
    while tested + validated >= len(order):  # by chance: leave one to train on
        tested, validated = (tested - 1, validated) if tested > 1 else (tested, validated - 1)
    dealt = {unit: "train" for unit in ["", *order]}
    dealt |= dict.fromkeys(order[:tested], "test")
    return dealt | dict.fromkeys(order[tested : tested + validated], "val")


def _draw(name: str) -> float:
    """Return a number in [0, 1) that depends on the name alone."""
    digest = hashlib.blake2b(os.fsencode(name), digest_size=8, person=b"split").digest()
    return int.from_bytes(digest, "little") / 2**64
