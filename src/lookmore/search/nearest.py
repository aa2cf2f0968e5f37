"""The nearest people of a probe: candidates first, then their similarity, computed one by one."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookmore.search.fuse import Vectors

_CHUNK_NUMBERS = 4_000_000  # similarities held at a time: 16 MB of float32
_ROUNDING = 1e-5  # float32 dot products of unit rows differ less, whatever the batch


class Nearest(NamedTuple):
    """The best people of one probe."""

    people: NDArray[np.int64]
    """``(K,)`` places among the people, best first; equals in the order of the people."""

    similarity: NDArray[np.float32]
    """``(K,)`` cosines."""


def exact_candidates(
    queries: NDArray[np.float32], vectors: Vectors, k: int
) -> Iterator[NDArray[np.int64]]:
    """Yield for each query all vectors that may belong to one of its k best people.

    Args:
        queries: ``(Q, D)`` unit rows.
        vectors: To be searched.
        k: People, at most as many as there are.

    Yields:
        Places among the vectors, ascending.
    """
    count = len(vectors.people)
    step = max(1, _CHUNK_NUMBERS // len(vectors.rows))
    for start in range(0, len(queries), step):
        similarity = queries[start : start + step] @ vectors.rows.T
        best = np.maximum.reduceat(similarity, vectors.starts, axis=1)
        least = np.partition(best, count - k, axis=1)[:, count - k, None]
        for row in similarity >= least - _ROUNDING:
            yield np.flatnonzero(row)


def rank(
    query: NDArray[np.float32], candidates: NDArray[np.int64], vectors: Vectors, k: int
) -> Nearest:
    """Rank people by the nearest of their candidate vectors.

    A matrix product gives other last digits for another number of queries; here every similarity
    is a sum of its own in float64, so that an answer never depends on who else was asked about.

    Args:
        query: ``(D,)`` unit row.
        candidates: Places among the vectors.
        vectors: Searched.
        k: People to keep.

    Returns:
        At most ``k`` people.
    """
    similarity = pairwise(query, vectors.rows[candidates])
    owners = vectors.owners[candidates]
    order = np.lexsort((owners, -similarity))
    _, firsts = np.unique(owners[order], return_index=True)
    kept = np.sort(firsts)[:k]
    return Nearest(owners[order][kept], similarity[order][kept])


def pairwise(query: NDArray[np.float32], rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``(n,)`` float32 dot products of ``(D,)`` and ``(n, D)``, each in [-1, 1]."""
    products = rows.astype(np.float64) * query.astype(np.float64)
    found: NDArray[np.float32] = products.sum(axis=1).clip(-1, 1).astype(np.float32)
    return found
