"""Embeddings that a user has already become entries of a gallery."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lookmore.checkpoint.recogniser import Recogniser
from lookmore.data.names import IMAGE_SUFFIXES, class_name
from lookmore.errors import GalleryError, TeacherError
from lookmore.search.entries import Entries
from lookmore.search.listing import person_of
from lookmore.search.space import Space
from lookmore.teachers.base import files_hash
from lookmore.teachers.embedding_file import EmbeddingFile, read_embeddings

SUFFIXES = (".npy", ".parquet")
_FAR_OFF = 0.15


def is_embedding_file(path: Path) -> bool:
    """Say whether a path is a file of embeddings, and not a manifest of images."""
    if path.suffix == ".parquet" and path.is_file():
        try:
            return "embedding" in pq.read_schema(path).names
        except (OSError, pa.ArrowException):
            return True  # to be refused with its reason
    return path.suffix in SUFFIXES


def import_embeddings(
    path: Path, *, student: Recogniser, space: Space, images: Path | None = None
) -> Entries:
    """Read a file of embeddings and bring them to where the student's probes are.

    Each row has an id: the path of its image, from which the person is told (``ann/1.png``), or
    simply the person's name, as often as they have rows. A Parquet file may state the person in a
    column ``person`` or, as ``lookmore embed`` does, ``label``.

    Args:
        path: ``.parquet`` with the columns ``id`` and ``embedding``; or ``.npy`` with one id in
            each line of the ``.txt`` beside it, or a list in a ``.json``.
        student: Whose probes will be compared with them.
        space: Says whose embeddings they are; a teacher's are placed, others already lie there.
        images: Folder that ids that are paths begin in; ``None``: nobody needs to see them.

    Raises:
        TeacherError: If the file cannot be read, or ids and embeddings do not fit one another.
        GalleryError: If their width is not that of the space, ``lookmore embed`` made them with
            another network, or an id stands twice.
    """
    files, ids, rows = read_embeddings(path)
    _check_origin(path, student=student, space=space)
    where = str(path.resolve())
    # a name may stand at many rows, and be in another file again; the row of a file is unique
    unique = [name if _is_path(name) else f"{where}#{row}" for row, name in enumerate(ids)]
    checked = EmbeddingFile(
        name=str(path),
        fingerprint=files_hash(*files),
        ids=tuple(unique),
        embeddings=rows.astype(np.float32, copy=False),
    )
    width = student.guide_space.width if space.through == "teacher" else space.width
    if checked.width != width:
        raise GalleryError(
            f"{path} holds embeddings of width {checked.width}, the {space.through} {space.name} "
            f"makes {width}: they are another network's"
        )
    stated = _people(path) or [None] * len(ids)
    people = [name or person_of(key) for name, key in zip(stated, ids, strict=True)]
    if images is not None:
        unique = [_found(images, name) if _is_path(name) else name for name in unique]
    placed = student.place(checked.embeddings) if space.through == "teacher" else checked.embeddings
    lengths = np.linalg.norm(placed, axis=1, keepdims=True)
    return Entries(
        people=tuple(people),
        images=tuple(unique),
        embeddings=np.asarray(placed / np.where(lengths > 0, lengths, 1), dtype=np.float32),
    )


def doubt(path: Path, *, student: Recogniser) -> str:
    """Say why a file's embeddings are likely to be no teacher's of this student; else nothing.

    A teacher's embeddings lie around the mean that training took off. Those of another network do
    not, nor do those that somebody has scaled to length 1 since. It cannot be told where that mean
    is short beside the embeddings.

    Args:
        path: As for `import_embeddings`.
        student: With the teacher's mean.

    Returns:
        A sentence, or nothing.
    """
    _, _, rows = read_embeddings(path)
    mean = student.guide_space.mean.double().numpy()
    length = float(np.linalg.norm(mean))
    if not length > 0.3 * float(np.median(np.linalg.norm(rows, axis=1))):
        return ""
    shares = rows.astype(np.float64) @ mean / length**2
    spread = float(shares.std()) / len(shares) ** 0.5
    share = float(shares.mean())
    if abs(share - 1) <= _FAR_OFF + 3 * spread:
        return ""
    return (
        f"{path} does not look like embeddings of this run's teacher: they lie {share:.2f} of the "
        "way to its mean, and should lie near 1. Were they made by another network, or scaled to "
        "length 1 since?"
    )


def _is_path(name: str) -> bool:
    return "/" in name or Path(name).suffix.lower() in IMAGE_SUFFIXES


def _found(images: Path, name: str) -> str:
    path = images / name
    if not path.is_file():
        raise GalleryError(
            f"the image {name!r} is not in {images}: name the folder that the ids begin in"
        )
    return str(path.resolve())


def _people(path: Path) -> list[str | None] | None:
    """Return who stands in a Parquet file's column ``person`` or ``label``, if it has one."""
    if path.suffix != ".parquet":
        return None
    for column in ("person", "label"):
        if column in pq.read_schema(path).names:
            names = pq.read_table(path, columns=[column])[column].to_pylist()
            return [class_name(name) or None for name in names]
    return None


def _check_origin(path: Path, *, student: Recogniser, space: Space) -> None:
    """Refuse a file that says it was made by another network than the gallery is to be of."""
    if path.suffix != ".parquet":
        return
    stated = (pq.read_schema(path).metadata or {}).get(b"lookmore")
    try:
        origin = "" if stated is None else json.loads(stated).get("weights_sha256", "")
    except (ValueError, AttributeError):
        origin = None
    if not isinstance(origin, str):
        raise TeacherError(
            f"{path} does not say clearly which network made it: embed the images again"
        )
    if not origin:
        return
    facts = student.facts
    made_by = {facts["weights_sha256"]: "student", facts.get("assistant", ""): "assistant"}
    if origin in made_by and made_by[origin] != space.through:
        raise GalleryError(
            f"{path} was made by this run's {made_by[origin]}, not by its {space.through}: use "
            f"--through {made_by[origin]}"
        )
    if space.through != "teacher" and origin != space.fingerprint:
        raise GalleryError(
            f"{path} was made by another network ({origin[:8]}) than this run's {space.through} "
            f"({space.fingerprint[:8]}): embed the images again"
        )
