"""``file:PATH``: embeddings of a system that is not here, looked up by image id."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import Tensor

from lookmore.errors import TeacherError
from lookmore.teachers.base import files_hash
from lookmore.teachers.config import TeacherConfig


@dataclass(frozen=True, kw_only=True, eq=False)
class EmbeddingFile:
    """A teacher that remembers and cannot look: one embedding for each known image."""

    name: str
    """As written in ``TeacherConfig.name``."""

    fingerprint: str
    """Hex sha256 over the file or files."""

    ids: tuple[str, ...]
    """Name of each image, as the images' source names it."""

    embeddings: NDArray[np.float32]
    """``(N, D)`` float32, finite, in the order of ``ids``."""

    licence: str = "unknown"
    """Never known."""

    _place: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_place", {key: at for at, key in enumerate(self.ids)})
        if self.embeddings.ndim != 2 or len(self.embeddings) != len(self.ids) or not self.ids:
            raise TeacherError(
                f"teacher {self.name!r} must hold one embedding for each id, got {len(self.ids)} "
                f"ids and embeddings of shape {self.embeddings.shape}"
            )
        if len(self._place) != len(self.ids):
            twice = next(key for at, key in enumerate(self.ids) if self._place[key] != at)
            raise TeacherError(f"teacher {self.name!r} holds the id {twice!r} more than once")
        if not np.isfinite(self.embeddings).all():
            row = int(np.flatnonzero(~np.isfinite(self.embeddings).all(axis=1))[0])
            raise TeacherError(
                f"teacher {self.name!r} holds an embedding that is not finite, that of "
                f"{self.ids[row]!r}"
            )

    @property
    def width(self) -> int:
        """Embedding width ``D``."""
        return int(self.embeddings.shape[1])

    def embed(self, high: Tensor) -> Tensor:
        """Refuse: there is nothing here that could look at an image.

        Raises:
            TeacherError: Always.
        """
        raise TeacherError(
            f"teacher {self.name!r} cannot see images, it only holds embeddings: asked for "
            f"{len(high)} new ones; set views.count=1 and views.blends=0, or open the network"
        )

    def embed_ids(self, ids: Sequence[str]) -> Tensor:
        """Return ``(B, D)`` float32, the stored embeddings of some images.

        Raises:
            TeacherError: If an id is not stored.
        """
        if missing := [key for key in ids if key not in self._place]:
            raise TeacherError(
                f"teacher {self.name!r} holds no embedding of {len(missing)} of {len(ids)} images, "
                f"first {missing[:3]}; its ids must be those of the images' source, such as "
                f"{self.ids[0]!r}"
            )
        return torch.from_numpy(self.embeddings[[self._place[key] for key in ids]])


def open_embedding_file(config: TeacherConfig) -> EmbeddingFile:
    """Open a Parquet file with columns ``id`` and ``embedding``, or a .npy file with its ids.

    The ids of ``NAME.npy`` lie beside it, one in each line of ``NAME.txt`` or as a list in
    ``NAME.json``.

    Raises:
        TeacherError: If the file cannot be read, has no ids, or ids and embeddings differ.
    """
    path = Path(config.name.partition(":")[2])
    files, ids, embeddings = read_embeddings(path)
    return EmbeddingFile(
        name=config.name,
        fingerprint=files_hash(*files),
        ids=tuple(ids),
        embeddings=embeddings.astype(np.float32, copy=False),
    )


def read_embeddings(path: Path) -> tuple[list[Path], list[str], NDArray[np.floating]]:
    """Read embeddings and their ids, as they stand in the file.

    Args:
        path: ``.parquet``, or ``.npy`` with its ids beside it.

    Returns:
        The files that were read, the ids, and ``(N, D)`` floating point numbers.

    Raises:
        TeacherError: If the file cannot be read or has no ids.
    """
    if path.suffix == ".parquet":
        return [path], *_read_parquet(path)
    if path.suffix == ".npy":
        beside = next((p for s in (".txt", ".json") if (p := path.with_suffix(s)).is_file()), None)
        if beside is None:
            raise TeacherError(f"the ids of {path} must lie in {path.with_suffix('.txt')} or .json")
        return [path, beside], _read_ids(beside), _read_npy(path)
    raise TeacherError(f"a file of embeddings must end in .parquet or .npy, got {str(path)!r}")


def _read_parquet(path: Path) -> tuple[list[str], NDArray[np.floating]]:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise TeacherError(f"cannot read {path} as Parquet: {_first_line(error)}") from error
    if not {"id", "embedding"} <= set(table.column_names):
        raise TeacherError(f"{path} must have the columns id and embedding")
    column = table["embedding"]
    try:
        lengths = set(pc.list_value_length(column).to_pylist())
        values = pc.list_flatten(column).to_numpy().astype(np.float64)
    except (pa.ArrowException, TypeError, ValueError):
        lengths = set()
    if len(lengths) != 1 or None in lengths:
        raise TeacherError(f"the embeddings of {path} must be lists of numbers of equal length")
    return [str(key) for key in table["id"].to_pylist()], values.reshape(len(column), -1)


def _read_npy(path: Path) -> NDArray[np.floating]:
    try:
        embeddings: NDArray[np.floating] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise TeacherError(f"cannot read {path}: {_first_line(error)}") from error
    if not np.issubdtype(embeddings.dtype, np.floating):
        raise TeacherError(f"{path} must hold floating point numbers, got {embeddings.dtype}")
    return embeddings


def _read_ids(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
        ids = json.loads(text) if path.suffix == ".json" else text.splitlines()
    except (OSError, ValueError) as error:
        raise TeacherError(f"cannot read {path}: {_first_line(error)}") from error
    if not isinstance(ids, list) or not all(isinstance(key, str) for key in ids):
        raise TeacherError(f"{path} must hold a list of texts, the ids")
    return ids


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
