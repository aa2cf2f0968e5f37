"""Folders of images: the folder's name is the class, or the split, or nothing."""

import os
from pathlib import Path

from lookmore.data.files import FileSource
from lookmore.data.names import IMAGE_SUFFIXES, SPLIT_NAMES, natural_order
from lookmore.errors import DataError


def open_folder(root: Path) -> FileSource:
    """Open a folder of images.

    ``ROOT/CLASS/*.jpg`` gives classes; ``ROOT/train/CLASS/*.jpg`` (train, val, validation,
    test) gives classes and splits; ``ROOT/*.jpg`` gives images without labels. Images in
    folders below a class belong to it. Files of other kinds and hidden files are no images
    and are left out.

    Returns:
        The source; ids are paths below ``root`` in natural order.

    Raises:
        DataError: If the folder is missing, empty or unreadable, or mixes these layouts.
    """
    if not os.path.exists(root):  # where Path.exists would raise below a closed folder
        raise DataError(f"data.root {str(root)!r} does not exist: check the path")
    if not root.is_dir():
        raise DataError(f"data.root {str(root)!r} is a file: name the folder that holds it")
    folders, loose = _listing(root)
    stated = [name for name in folders if name in SPLIT_NAMES]
    if stated:
        others = [name for name in folders if name not in stated and _images(root / name)]
        if others or loose:
            raise DataError(
                f"{root} mixes folders of splits ({stated[0]}) with other images "
                f"({(others + loose)[0]}): move them below a split, or write a manifest"
            )
    parts = [f"{name}/" for name in stated] or [""]
    found = [(image, name) for part in parts for image, name in _labelled(root, part)]
    if not found:
        raise DataError(
            f"{root} holds no images: expected {root}/CLASS/*.jpg or {root}/*.jpg "
            f"(or {', '.join(sorted(IMAGE_SUFFIXES - {'.jpg'}))})"
        )
    return FileSource.of(
        root=root,
        ids=[image for image, _ in found],
        classes=[name for _, name in found],
        splits=[SPLIT_NAMES[image.split("/")[0]] if stated else "" for image, _ in found],
    )


def _labelled(root: Path, part: str) -> list[tuple[str, str]]:
    """Return the images of one split, ``part`` being its folder with a slash, and their class."""
    folders, loose = _listing(root / part)
    classed = [
        (f"{part}{name}/{image}", name) for name in folders for image in _images(root / part / name)
    ]
    if classed and loose:
        raise DataError(
            f"{root / part} mixes class folders ({classed[0][1]}) and loose images ({loose[0]}): "
            "move the loose images into a class folder"
        )
    return classed or [(f"{part}{image}", "") for image in loose]


def _images(folder: Path, *, above: tuple[tuple[int, int], ...] = ()) -> list[str]:
    """Return all images at any depth, as paths below ``folder``."""
    folders, images = _listing(folder)
    state = folder.stat()
    here = (state.st_dev, state.st_ino)
    if here in above:  # a link back to a folder that we are in
        return []
    deeper = (
        f"{name}/{image}"
        for name in folders
        for image in _images(folder / name, above=(*above, here))
    )
    return natural_order([*images, *deeper])


def _listing(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of the folders and of the images in one folder, in natural order."""
    try:
        with os.scandir(folder) as entries:
            kinds = {e.name: e.is_dir() for e in entries if not e.name.startswith(".")}
    except OSError as error:
        raise DataError(
            f"{folder} cannot be listed: {error.strerror}; check its permissions"
        ) from error
    images = (name for name, is_dir in kinds.items() if not is_dir and _is_image(name))
    return natural_order(n for n, is_dir in kinds.items() if is_dir), natural_order(images)


def _is_image(name: str) -> bool:
    return Path(name).suffix.lower() in IMAGE_SUFFIXES
