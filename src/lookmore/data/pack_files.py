"""The two files of a pack: written beside their place, checked, renamed, opened again."""

import errno
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple
from uuid import uuid4

import numpy as np
import numpy.typing as npt

from lookmore.errors import DataError

_ABANDONED_AFTER_S = 24 * 3600


class PackTable(NamedTuple):
    """What is known of each image of a pack without its source."""

    rows: npt.NDArray[np.int64]
    """``(N,)`` number of each image in its source, ascending."""

    keys: npt.NDArray[np.uint64]
    """``(N,)`` hash of each image's pixels."""

    sizes: npt.NDArray[np.int64]
    """``(N, 2)`` height and width that each image had before it was made square."""

    unreadable: tuple[tuple[str, str], ...]
    """Id and reason of each image that was left out."""


@contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """Give a temporary folder that becomes ``folder`` if all goes well, and vanishes if not.

    Several processes may do this at once: the first to finish wins, the others' work is
    dropped. What a killed process left behind is removed by a later one after a day.

    Raises:
        DataError: If the disk is full or cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder)
        partial = folder.with_name(f"{folder.name}.partial-{uuid4().hex}")
        partial.mkdir()
        try:
            yield partial
            _rename(partial, folder)
        finally:  # also after Ctrl-C; nothing is left to remove after the rename
            shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        problem = "the disk is full" if error.errno == errno.ENOSPC else str(error)
        raise DataError(
            f"the decoded images cannot be written below {folder.parent}: {problem}; free space, "
            "lower data.side, or set data.cache to another disk"
        ) from error


def write_images(path: Path, images: Iterable[npt.NDArray[np.uint8]], *, side: int) -> None:
    """Write images one after another into a ``.npy`` file, ``(N, 3, side, side)`` uint8.

    Written, not mapped: on a full disk a mapped page kills the process, where a write raises.
    """
    with path.open("wb") as file:
        _write_header(file, 0, side)
        count = 0
        for image in images:
            file.write(image.tobytes())
            count += 1
        file.seek(0)  # NumPy pads its header so that the first axis may grow in place
        _write_header(file, count, side)
        file.flush()
        os.fsync(file.fileno())


def write_table(path: Path, table: PackTable) -> None:
    """Write the table as JSON; keys as hex digits, because readers may round large integers."""
    content = {
        "rows": table.rows.tolist(),
        "keys": [f"{key:016x}" for key in table.keys.tolist()],
        "sizes": table.sizes.tolist(),
        "unreadable": table.unreadable,
    }
    with path.open("w", encoding="utf-8") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())


def open_files(folder: Path, *, side: int) -> tuple[npt.NDArray[np.uint8], PackTable]:
    """Return the images, memory-mapped and read-only, and the table.

    Raises:
        DataError: If the files are damaged.
    """
    try:
        images = np.load(folder / "images.npy", mmap_mode="r")
        content = json.loads((folder / "table.json").read_text(encoding="utf-8"))
        table = PackTable(
            rows=np.array(content["rows"], dtype=np.int64),
            keys=np.array([int(key, 16) for key in content["keys"]], dtype=np.uint64),
            sizes=np.array(content["sizes"], dtype=np.int64).reshape(-1, 2),
            unreadable=tuple((name, reason) for name, reason in content["unreadable"]),
        )
        fits = images.shape == (len(table.rows), 3, side, side)
        fits = fits and len(table.keys) == len(table.sizes) == len(images)
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        raise DataError(_damaged(folder)) from error
    if not fits:
        raise DataError(_damaged(folder))
    return images, table


def _remove_abandoned(folder: Path) -> None:
    for left in folder.parent.glob(f"{folder.name}.partial-*"):
        with suppress(FileNotFoundError):  # its owner may just have finished
            written = max(path.stat().st_mtime for path in (left, *left.iterdir()))
            if time.time() - written > _ABANDONED_AFTER_S:
                shutil.rmtree(left, ignore_errors=True)


def _rename(partial: Path, folder: Path) -> None:
    try:
        partial.rename(folder)
    except OSError:
        if not folder.is_dir():  # otherwise another process was faster, with the same content
            raise


def _write_header(file: BinaryIO, count: int, side: int) -> None:
    np.lib.format.write_array_header_1_0(
        file, {"descr": "|u1", "fortran_order": False, "shape": (count, 3, side, side)}
    )


def _damaged(folder: Path) -> str:
    return f"the decoded images in {folder} are damaged: delete that folder and run again"
