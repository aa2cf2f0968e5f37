"""A gallery on disk: one generation after the other, each whole, the last one pointed to.

::

    INDEX/gallery.json          the pointer: format, space, and the sha256 of each file below
    INDEX/g000007/embeddings.npy
    INDEX/g000007/images.parquet
    INDEX/g000007/index.faiss, index_rows.npy   only where the gallery is searched by FAISS

A writer makes the next generation beside the old one, flushes it to the disk, and only then renames
the new pointer into place; killed at any moment, it leaves the old gallery or the new one. Reading
runs no code, and nothing is interpreted before its sha256 is found right.
"""

import hashlib
import io
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from lookmore.checkpoint.checkpoint import write_whole
from lookmore.errors import GalleryError
from lookmore.search.entries import Entries

FORMAT_VERSION = 2
FACTS_NAME = "gallery.json"
EMBEDDINGS_NAME, IMAGES_NAME = "embeddings.npy", "images.parquet"
INDEX_NAME, ROWS_NAME = "index.faiss", "index_rows.npy"
_LOCK_NAME = ".lock"
_LOCK_SECONDS = 30.0
_GENERATION = re.compile(r"g\d{6,}")
_AGAIN = "restore the folder, or index the images anew with --replace"


class Stored(NamedTuple):
    """One generation of a gallery, read and found whole."""

    facts: dict[str, Any]
    """Of ``gallery.json``."""

    entries: Entries
    """The enrolled images."""

    faiss: tuple[bytes, NDArray[np.int64]] | None
    """The FAISS index, where there is one, and each vector's row in it; -1: none."""


def read_facts(folder: Path) -> dict[str, Any] | None:
    """Return the pointer of a gallery, ``None`` where there is none.

    Args:
        folder: Of the gallery.

    Raises:
        GalleryError: If it is damaged or of another format.
    """
    path = folder / FACTS_NAME
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise GalleryError(f"{path} cannot be read: {error}; {_AGAIN}") from error
    found = facts.get("format") if isinstance(facts, dict) else None
    if found != FORMAT_VERSION:
        raise GalleryError(
            f"{path} has format {found!r}, this lookmore reads format {FORMAT_VERSION}: index the "
            "images anew with --replace, or install the version that wrote it"
        )
    if not isinstance(facts.get("generation"), int) or not isinstance(facts.get("files"), dict):
        raise GalleryError(f"{path} is damaged, it names no generation and files: {_AGAIN}")
    return dict(facts)


def read_gallery(folder: Path) -> Stored:
    """Read the generation that the pointer names.

    Args:
        folder: Of the gallery.

    Returns:
        Its facts, images and index.

    Raises:
        GalleryError: If there is no gallery, or it is damaged or of another format.
    """
    while True:
        facts = read_facts(folder)
        if facts is None:
            raise GalleryError(f"no gallery in {folder}: make one with 'lookmore index'")
        try:
            return _read_generation(folder, facts)
        except FileNotFoundError as error:
            # a writer may have taken it away between our two looks; then there is a newer one
            if read_facts(folder) == facts:
                raise GalleryError(f"{error.filename} is missing: {_AGAIN}") from error


def _read_generation(folder: Path, facts: dict[str, Any]) -> Stored:
    here = folder / _generation_name(facts["generation"])
    found: dict[str, bytes] = {}
    for name, digest in facts["files"].items():
        if name not in (EMBEDDINGS_NAME, IMAGES_NAME, INDEX_NAME, ROWS_NAME):
            raise GalleryError(f"{folder / FACTS_NAME} names a file of no use, {name!r}: {_AGAIN}")
        try:
            found[name] = (here / name).read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise GalleryError(f"{here / name} cannot be read: {error.strerror}") from error
        is_now = hashlib.sha256(found[name]).hexdigest()
        if is_now != digest:
            raise GalleryError(
                f"{here / name} is damaged: its sha256 begins {is_now[:8]}, expected "
                f"{str(digest)[:8]}; {_AGAIN}"
            )
    try:
        table = pq.read_table(pa.BufferReader(found[IMAGES_NAME]))
        entries = Entries(
            people=tuple(table["person"].to_pylist()),
            images=tuple(table["image"].to_pylist()),
            embeddings=_array(found[EMBEDDINGS_NAME]),
            quality=table["quality"].to_numpy(),
        )
        index = None
        if INDEX_NAME in found:
            index = (found[INDEX_NAME], _array(found[ROWS_NAME]))
    except (KeyError, ValueError, pa.ArrowException) as error:
        raise GalleryError(f"{here} does not hold a gallery ({error}): {_AGAIN}") from error
    return Stored(facts, entries, index)


def _array(data: bytes) -> np.ndarray:
    found: np.ndarray = np.load(io.BytesIO(data), allow_pickle=False)
    return found


def refuse_other_files(folder: Path) -> None:
    """Refuse to make a gallery of a folder that is something else.

    Args:
        folder: Where it is to be; it may be missing.

    Raises:
        GalleryError: If it or a folder above it is a file, or it holds files that are no
            gallery's.
    """
    for place in (folder, *folder.parents):
        if place.is_file():
            raise GalleryError(f"{place} is a file: a gallery is a folder, choose another name")
    if not folder.exists():
        return
    strangers = sorted(path.name for path in folder.iterdir() if not _is_ours(path.name))
    if strangers:
        raise GalleryError(
            f"{folder} is no gallery and holds other files, such as {strangers[0]!r}: choose "
            "another folder"
        )


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Be the only writer of a gallery.

    Args:
        folder: Of the gallery, made if missing.

    Raises:
        GalleryError: If another process writes for half a minute, the folder cannot be made, or
            it holds something else.
    """
    try:
        refuse_other_files(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / _LOCK_NAME, timeout=_LOCK_SECONDS):
            yield
    except Timeout as error:
        raise GalleryError(
            f"another process has been writing to {folder} for {_LOCK_SECONDS:.0f} s: try again "
            "when it is done"
        ) from error
    except OSError as error:
        raise GalleryError(
            f"cannot write to {folder}: {error.strerror}; choose another folder"
        ) from error


def write_generation(
    folder: Path,
    facts: dict[str, Any],
    entries: Entries,
    index: tuple[bytes, NDArray[np.int64]] | None,
) -> dict[str, Any]:
    """Write the next generation and point to it; only to be called while `writing`.

    Args:
        folder: Of the gallery.
        facts: What to keep in the pointer, besides format, generation and files.
        entries: The images.
        index: The FAISS index, where there is one, and each vector's row in it.

    Returns:
        The facts as written.

    Raises:
        CheckpointError: If the disk is full; the old gallery stays.
    """
    generation = 1 + max((_number(path.name) for path in folder.iterdir()), default=0)
    here = folder / _generation_name(generation)
    contents = _contents(entries, index)
    try:
        here.mkdir()
        for name, content in contents.items():
            write_whole(here / name, content)
        _flush(here)
        files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        written = {**facts, "format": FORMAT_VERSION, "generation": generation, "files": files}
        write_whole(folder / FACTS_NAME, (json.dumps(written, indent=1) + "\n").encode())
    except BaseException:
        # interrupted on the way back from the rename, the pointer may name it already
        if _pointed_to(folder) != generation:
            shutil.rmtree(here, ignore_errors=True)
        raise
    _flush(folder)
    for path in folder.iterdir():  # the old one, and what killed writers left
        if path.name not in (FACTS_NAME, _LOCK_NAME, here.name):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return written


def _pointed_to(folder: Path) -> int | None:
    """Return the generation that the pointer names; ``None`` where there is no whole pointer."""
    try:
        facts = read_facts(folder)
    except GalleryError:
        return None
    return None if facts is None else int(facts["generation"])


def _contents(entries: Entries, index: tuple[bytes, NDArray[np.int64]] | None) -> dict[str, bytes]:
    images = io.BytesIO()
    table = {
        "person": pa.array(entries.people, pa.string()),
        "image": pa.array(entries.images, pa.string()),
        "quality": pa.array(entries.counts, pa.float32()),
    }
    pq.write_table(pa.table(table), images)
    found = {EMBEDDINGS_NAME: _npy(entries.embeddings), IMAGES_NAME: images.getvalue()}
    if index is not None:
        found |= {INDEX_NAME: index[0], ROWS_NAME: _npy(index[1])}
    return found


def _npy(array: np.ndarray) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


def _generation_name(generation: int) -> str:
    return f"g{generation:06d}"


def _number(name: str) -> int:
    return int(name[1:]) if _GENERATION.fullmatch(name) else 0


def _is_ours(name: str) -> bool:
    half_written = name.startswith(FACTS_NAME) and name.endswith(".part")
    return name in (FACTS_NAME, _LOCK_NAME) or _number(name) > 0 or half_written


def _flush(folder: Path) -> None:
    """Make the names in a folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
