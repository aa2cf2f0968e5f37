"""FAISS, for galleries too large to be compared whole: what it is asked, and nothing else."""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookmore.errors import ConfigError, GalleryError, MissingExtraError

KINDS = ("auto", "flat", "hnsw", "ivfpq")
_FLAT_UP_TO, _HNSW_UP_TO = 100_000, 1_000_000  # vectors
IVFPQ_FROM = 10_000  # below it, 256 centroids of each part are not learnt but remembered
_NEIGHBOURS, _BUILD_BREADTH = 32, 200
_PART = 4  # numbers of an embedding that share one byte


def kind_for(asked: str, count: int) -> str:
    """Return how so many vectors are searched.

    Args:
        asked: One of `KINDS`.
        count: Vectors.

    Returns:
        ``flat`` (exact), ``hnsw`` or ``ivfpq``; where there are too few for these, ``flat``.

    Raises:
        ConfigError: If it is another word.
    """
    if asked not in KINDS:
        raise ConfigError(f"--kind must be one of {', '.join(KINDS)}, got {asked!r}")
    if count == 0 or (asked == "ivfpq" and count < IVFPQ_FROM):
        return "flat"
    if asked != "auto":
        return asked
    if count <= _FLAT_UP_TO:
        return "flat"
    return "hnsw" if count <= _HNSW_UP_TO else "ivfpq"


def build_index(kind: str, rows: NDArray[np.float32]) -> Any:
    """Return a FAISS index over ``(V, D)`` unit rows, by inner product.

    Args:
        kind: ``hnsw`` or ``ivfpq``.
        rows: What to find.

    Raises:
        MissingExtraError: If FAISS is not installed.
    """
    faiss = _faiss()
    count, width = rows.shape
    if kind == "hnsw":
        index = faiss.IndexHNSWFlat(width, _NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = _BUILD_BREADTH
    else:
        lists = int(4 * count**0.5)
        parts = next(n for n in range(max(1, width // _PART), 0, -1) if width % n == 0)
        index = faiss.index_factory(width, f"IVF{lists},PQ{parts}", faiss.METRIC_INNER_PRODUCT)
        index.cp.max_points_per_centroid = 64
        index.cp.min_points_per_centroid = 1  # or FAISS prints
    index.train(rows)
    index.add(rows)
    return index


def search_index(index: Any, queries: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """Return ``(Q, count)`` rows of the index that are near each query, -1 where it found fewer.

    Args:
        index: Of `build_index`.
        queries: ``(Q, D)`` unit rows.
        count: How many to look for.
    """
    faiss = _faiss()
    if isinstance(index, faiss.IndexHNSW):
        effort = faiss.SearchParametersHNSW(efSearch=max(2 * count, 128))
    else:
        effort = faiss.SearchParametersIVF(nprobe=max(16, index.nlist // 16))
    rows = np.ascontiguousarray(queries, dtype=np.float32)
    similarities = np.empty((len(rows), count), dtype=np.float32)
    places = np.empty((len(rows), count), dtype=np.int64)
    # Not index.search: faiss.contrib.torch_utils, which pytorch-metric-learning imports, puts one
    # in its place for the whole process that takes no params.
    index.search_c(
        len(rows), faiss.swig_ptr(rows), count, faiss.swig_ptr(similarities),
        faiss.swig_ptr(places), effort,
    )  # fmt: skip
    return places


def dump_index(index: Any) -> bytes:
    """Return an index as the bytes of a FAISS file."""
    data: bytes = _faiss().serialize_index(index).tobytes()
    return data


def load_index(data: bytes) -> Any:
    """Return an index from bytes that are known to be those that were written.

    Args:
        data: Their sha256 was checked: FAISS itself trusts every number in them.

    Raises:
        GalleryError: If this FAISS cannot read them.
    """
    faiss = _faiss()
    try:
        return faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
    except RuntimeError as error:
        raise GalleryError(
            f"this FAISS ({faiss.__version__}) cannot read the gallery's index: index the images "
            "anew with --replace, or install the version that wrote it"
        ) from error


def _faiss() -> ModuleType:
    try:
        import faiss
    except ImportError as error:
        raise MissingExtraError(
            package="faiss", extra="search", purpose="a gallery that is not flat"
        ) from error
    return faiss
