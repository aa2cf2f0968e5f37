"""Many image files to embeddings, and these to a file that others can read."""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lookmore.checkpoint.checkpoint import write_whole
from lookmore.checkpoint.lists import write_list
from lookmore.checkpoint.network import Pixels
from lookmore.checkpoint.recogniser import Recogniser
from lookmore.data.folder import open_folder
from lookmore.data.threads import in_threads
from lookmore.errors import ConfigError, DataError, UnreadableImageError

_BATCH = 256
_PIECE = 8  # images that one thread decodes


class Named(NamedTuple):
    """An image file and what it is called."""

    id: str
    """Below its folder, or as it was given."""

    path: Path
    """Where it lies."""

    label: str
    """Name of its class, where its folder says so; else empty."""


class Embedded(NamedTuple):
    """What was made of some image files."""

    images: list[Named]
    """Those that could be read."""

    embeddings: NDArray[np.float32]
    """``(N, D)``, rows of length 1, in their order."""

    unreadable: list[tuple[str, str]]
    """Id and reason of the others."""


def find_images(places: Sequence[Path]) -> list[Named]:
    """Return the image files at some places.

    Args:
        places: Files, called as they are given here; and folders, whose images are called by their
            path below them and labelled as in training.

    Raises:
        DataError: If a folder cannot be read or holds no image, or two images have one name.
    """
    found: list[Named] = []
    for place in places:
        if not place.is_dir():
            found.append(Named(str(place), place, ""))
            continue
        source = open_folder(place)
        for name, label in zip(source.ids, source.labels.tolist(), strict=True):
            found.append(Named(name, place / name, source.class_names[label] if label >= 0 else ""))
    first: dict[str, Path] = {}
    for image in found:
        if image.id in first:
            raise DataError(
                f"{first[image.id]} and {image.path} would both be called {image.id!r}: embed "
                "one of their folders at a time, or the folder that holds both"
            )
        first[image.id] = image.path
    return found


def embed_images(
    recogniser: Recogniser, images: Sequence[Named], *, report: Callable[[int, int], None]
) -> Embedded:
    """Embed image files a batch at a time; those that cannot be read are passed over and listed.

    Args:
        recogniser: From `lookmore.load`.
        images: From `find_images`.
        report: Told of the images done and in all.

    Raises:
        DataError: If none of them can be read.
    """
    kept: list[Named] = []
    unreadable: list[tuple[str, str]] = []

    def seen(image: Named) -> Pixels | str:
        try:
            return recogniser.see(image.path).pixels
        except UnreadableImageError as error:
            return str(error)

    def batches() -> Iterator[Pixels]:
        waiting: list[Pixels] = []
        found = in_threads(seen, images, piece=_PIECE)  # decoding a large file takes longest
        for done, (image, pixels) in enumerate(zip(images, found, strict=True), start=1):
            if isinstance(pixels, str):
                unreadable.append((image.id, pixels))
            else:
                waiting.append(pixels)
                kept.append(image)
            if waiting and (len(waiting) == _BATCH or done == len(images)):
                yield np.stack(waiting)
                waiting = []
            report(done, len(images))

    rows = [recogniser.answer(pixels)["embeddings"] for pixels in batches()]
    if not rows:
        reason = unreadable[0][1] if unreadable else "there are none"
        raise DataError(f"none of the {len(images)} images can be read: {reason}")
    return Embedded(kept, np.concatenate(rows), unreadable)


def check_target(path: Path) -> None:
    """Refuse a file of embeddings of another kind than `write_embeddings` writes.

    Raises:
        ConfigError: If its name does not end in .parquet or .npy, or its folder is not there.
    """
    if path.suffix not in (".parquet", ".npy"):
        raise ConfigError(f"--out must end in .parquet or .npy, got {str(path)!r}")
    if not path.parent.is_dir():
        raise ConfigError(f"--out lies in {path.parent}, which is no folder: make it first")


def write_embeddings(path: Path, embedded: Embedded, *, recogniser: Recogniser) -> list[Path]:
    """Write embeddings as a file that a teacher or a gallery can be read from.

    ``.parquet`` has the columns ``id``, ``embedding`` and ``label``; ``.npy`` has its ids, one a
    line, in a ``.txt`` beside it. Images that could not be read go to
    ``FILE.unreadable.csv``.

    Args:
        path: Where to.
        embedded: What to write.
        recogniser: That made them; the hash of its weights goes into the Parquet file's metadata.

    Returns:
        The files written.

    Raises:
        CheckpointError: If they cannot be written; nothing half-written is left.
        ConfigError: As `check_target`.
    """
    check_target(path)
    written = [path]
    if path.suffix == ".npy":
        ids = path.with_suffix(".txt")
        write_whole(ids, "".join(f"{image.id}\n" for image in embedded.images).encode())
        content = io.BytesIO()
        np.save(content, embedded.embeddings)
        write_whole(path, content.getvalue())
        written.append(ids)
    else:
        write_whole(path, _parquet(embedded, recogniser))
    listing = path.with_name(f"{path.name}.unreadable.csv")
    listing.unlink(missing_ok=True)
    if embedded.unreadable:
        write_list(listing, ("id", "reason"), embedded.unreadable)
        written.append(listing)
    return written


def _parquet(embedded: Embedded, recogniser: Recogniser) -> bytes:
    table = pa.table(
        {
            "id": pa.array([image.id for image in embedded.images], pa.string()),
            "label": pa.array([image.label or None for image in embedded.images], pa.string()),
            "embedding": pa.array(list(embedded.embeddings), pa.list_(pa.float32())),
        }
    )
    origin = json.dumps({"weights_sha256": recogniser.facts["weights_sha256"]})
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({"lookmore": origin}), sink)
    return sink.getvalue()


def read_vector(path: Path, *, width: int) -> NDArray[np.float32]:
    """Read one embedding of a teacher from a ``.npy`` file, ``(D,)`` or ``(1, D)``.

    Args:
        path: The file; never a pickle.
        width: That it must have, ``D``.

    Raises:
        DataError: If it cannot be read or holds anything else.
    """
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        first = str(error).partition("\n")[0]
        raise DataError(f"cannot read {path}: {first}") from error
    if (
        not isinstance(found, np.ndarray)
        or found.shape not in ((width,), (1, width))
        or not np.issubdtype(found.dtype, np.floating)
        or not np.isfinite(found).all()
    ):
        told = f"{found.dtype} {found.shape}" if isinstance(found, np.ndarray) else "an archive"
        raise DataError(
            f"{path} must hold one embedding of the teacher, {width} finite floating-point "
            f"numbers, got {told}"
        )
    return found.reshape(width).astype(np.float32)
