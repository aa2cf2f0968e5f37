"""Whose images there are: folders of people, manifests, or single files of one person."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from lookmore.data.config import DataConfig
from lookmore.data.files import FileSource
from lookmore.data.images import read_image
from lookmore.data.names import IMAGE_SUFFIXES, SPLIT_NAMES
from lookmore.data.sources import open_source
from lookmore.errors import DataError


class Listed(NamedTuple):
    """Images of people, none opened yet."""

    people: tuple[str, ...]
    """Whose each is."""

    images: tuple[str, ...]
    """Path of each, or its id where it is no file."""

    read: Callable[[int], Tensor]
    """Opens one: ``(3, H, W)`` uint8 RGB."""


def list_people(root: str, *, split: str = "") -> Listed:
    """List the images of a folder, a manifest or a data set.

    An image belongs to the person of its folder or label; one without, such as ``ann.jpg`` in a
    folder of single portraits, to the person of its own name.

    Args:
        root: As ``data.root`` of a recipe.
        split: Only the images that the source states to be of this split; empty: all.

    Raises:
        DataError: If there is no such source, or it states no such split.
    """
    source = open_source(DataConfig(root=root))
    rows = [at for at, stated in enumerate(source.splits) if split in ("", stated)]
    if not rows:
        stated = sorted(set(source.splits) - {""})
        raise DataError(
            f"{root} has no images of the split {split!r}; it states "
            f"{', '.join(stated) or 'no splits'}"
        )
    names = ("", *source.class_names)
    people = [names[source.labels[at] + 1] or person_of(source.ids[at]) for at in rows]
    images = [source.ids[at] for at in rows]
    if isinstance(source, FileSource):
        images = [str((source.root / name).resolve()) for name in images]
    return Listed(tuple(people), tuple(images), lambda at: source.read(rows[at]))


def list_files(paths: Sequence[Path], *, person: str) -> Listed:
    """List single files as images of one person.

    Args:
        paths: Image files.
        person: Whose they are.
    """
    images = tuple(str(path.resolve()) for path in paths)
    return Listed((person,) * len(images), images, lambda at: read_image(paths[at]))


def person_of(name: str) -> str:
    """Return whose image an id is that is a path: the folder's, or else the file's own name.

    Example:
        >>> [person_of(name) for name in ("ann/1.png", "train/ann/9/1.png", "ann.jpg", "Ann B.")]
        ['ann', 'ann', 'ann', 'Ann B.']
        >>> person_of("/photographs/ann/1.png")
        'ann'
    """
    *folders, last = name.split("/")
    if folders and not folders[0]:  # absolute: nobody knows where people begin
        return folders[-1] or last
    if len(folders) > 1 and folders[0] in SPLIT_NAMES:
        return folders[1]
    if folders:
        return folders[0]
    stem, dot, suffix = last.rpartition(".")
    return stem if stem and (dot + suffix).lower() in IMAGE_SUFFIXES else last
