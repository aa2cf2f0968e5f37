"""All images of a run, decoded once, at one size, on disk."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lookmore.data.config import DataConfig
from lookmore.data.mirrored import MirroredSource
from lookmore.data.pack_files import (
    PackTable,
    fresh_folder,
    open_files,
    write_images,
    write_table,
)
from lookmore.data.sources import Source
from lookmore.data.splits import assign_splits
from lookmore.data.square import to_square
from lookmore.data.threads import in_threads
from lookmore.errors import DataError, UnreadableImageError

_FORMAT = 2
_CHUNK = 32  # images between two words on progress
_PIECE = 8  # images that one thread decodes


@dataclass(frozen=True, kw_only=True, eq=False)
class Pack:
    """Images that are ready to be read in any order, and what is known about each."""

    images: npt.NDArray[np.uint8]
    """``(N, 3, S, S)`` RGB, memory-mapped: reading a row reads the disk, not the whole file."""

    keys: npt.NDArray[np.uint64]
    """``(N,)`` hash of each image's pixels; the same picture has the same key in any order."""

    sizes: npt.NDArray[np.int64]
    """``(N, 2)`` height and width that each image had before it was made square, in pixels."""

    ids: tuple[str, ...]
    """Name of each image in its source."""

    labels: npt.NDArray[np.int64]
    """``(N,)`` index into ``class_names``; -1: no label."""

    class_names: tuple[str, ...]
    """Name of each class, in the order of its label."""

    splits: npt.NDArray[np.str_]
    """``(N,)`` each image's ``train``, ``val`` or ``test``; ``dropped``: in no split."""

    unreadable: tuple[tuple[str, str], ...]
    """Id and reason of each image that was left out because it cannot be read."""

    def rows(self, split: str) -> npt.NDArray[np.int64]:
        """Return the rows of one split, ascending; none if the split is empty.

        Raises:
            ValueError: If ``split`` is not train, val or test.
        """
        if split not in ("train", "val", "test"):
            raise ValueError(f"split must be train, val or test, got {split!r}")
        return np.flatnonzero(self.splits == split).astype(np.int64)

    def without(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> "Pack":
        """Return a pack with some rows in no split; they keep their places."""
        splits = self.splits.astype("<U7")
        splits[rows] = "dropped"
        return replace(self, splits=splits)

    def batch(self, rows: npt.NDArray[np.int64]) -> Tensor:
        """Return a copy of some images, ``(B, 3, S, S)`` uint8, in the order of ``rows``."""
        return torch.from_numpy(np.array(self.images[rows]))


def build_pack(
    source: Source, config: DataConfig, *, progress: Callable[[int, int], None] | None = None
) -> Pack:
    """Decode all images of a source once, or open what an earlier run decoded.

    The images lie in ``config.cache/pack-FINGERPRINT/``, named by the source's fingerprint,
    the side and the fit. Labels and splits are taken from the source each time. Never more
    than a few dozen images are in memory.

    Args:
        source: Where the images come from.
        config: Its settings ``side``, ``fit``, ``max_unreadable``, ``cache`` and those of the
            splits are used.
        progress: Called with the number of images done and of all, now and then.

    Raises:
        DataError: If more than ``config.max_unreadable`` of the images are unreadable or none
            is readable, the splits cannot be, or the disk is full. Nothing half-written stays.
    """
    splits = assign_splits(source, config)  # first: a wrong setting should not wait for decoding
    if config.mirrored:
        source = MirroredSource(source, splits, config.mirrored)
        splits = np.array(source.splits, dtype=splits.dtype)
    folder = Path(config.cache) / f"pack-{_fingerprint(source, config)}"
    if not folder.exists():
        with fresh_folder(folder) as partial:
            _decode_into(partial, source, config, progress or (lambda done, total: None))
    images, table = open_files(folder, side=config.side)
    _check_unreadable(table.unreadable, len(source.ids), config)
    return Pack(
        images=images,
        keys=table.keys,
        sizes=table.sizes,
        ids=tuple(source.ids[row] for row in table.rows),
        labels=source.labels[table.rows],
        class_names=source.class_names,
        splits=splits[table.rows],
        unreadable=table.unreadable,
    )


def content_key(image: Tensor) -> int:
    """Return a hash of an image's pixels and shape, below 2 ** 64; equal images, equal keys.

    Args:
        image: ``(3, H, W)`` uint8. In a pack: the square image, not the file's.
    """
    digest = hashlib.blake2b(repr(tuple(image.shape)).encode(), digest_size=8)
    digest.update(image.contiguous().numpy().data)
    return int.from_bytes(digest.digest(), "little")


def _fingerprint(source: Source, config: DataConfig) -> str:
    parts = (_FORMAT, source.fingerprint(), config.side, config.fit)
    return hashlib.blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def _decode_into(
    folder: Path, source: Source, config: DataConfig, progress: Callable[[int, int], None]
) -> None:
    """Write every readable image, its key, and the list of the others."""
    rows: list[int] = []
    keys: list[int] = []
    sizes: list[tuple[int, int]] = []
    unreadable: list[tuple[str, str]] = []

    def readable() -> Iterator[npt.NDArray[np.uint8]]:
        for row, found in enumerate(_decoded(source, config)):
            if isinstance(found, str):
                unreadable.append((source.ids[row], found))
                _check_unreadable(unreadable, len(source.ids), config)
            else:
                image, size = found
                rows.append(row)
                sizes.append(size)
                keys.append(content_key(image))
                yield image.numpy()
            if (row + 1) % _CHUNK == 0 or row + 1 == len(source.ids):
                progress(row + 1, len(source.ids))

    write_images(folder / "images.npy", readable(), side=config.side)
    if not rows:
        raise DataError(f"none of the {len(source.ids)} images can be read: {unreadable[0][1]}")
    table = PackTable(
        rows=np.array(rows, dtype=np.int64),
        keys=np.array(keys, dtype=np.uint64),
        sizes=np.array(sizes, dtype=np.int64),
        unreadable=tuple(unreadable),
    )
    write_table(folder / "table.json", table)


def _decoded(source: Source, config: DataConfig) -> Iterator[tuple[Tensor, tuple[int, int]] | str]:
    """Return each image of the source in order, square, and its height and width before that.

    In the place of an image that cannot be read stands the reason.
    """

    def decode(row: int) -> tuple[Tensor, tuple[int, int]] | str:
        try:
            image = source.read(row)
            size = (image.shape[1], image.shape[2])
            return to_square(image, side=config.side, fit=config.fit), size
        except UnreadableImageError as error:
            return str(error)

    # Pillow decodes without the interpreter's lock
    return in_threads(decode, range(len(source.ids)), piece=_PIECE)


def _check_unreadable(
    unreadable: Sequence[tuple[str, str]], total: int, config: DataConfig
) -> None:
    if len(unreadable) > config.max_unreadable * total:
        first = "; ".join(reason for _, reason in unreadable[:3])
        raise DataError(
            f"more than data.max_unreadable = {config.max_unreadable} of the {total} images "
            f"cannot be read, the first: {first}. Repair or remove them, or raise the setting"
        )
