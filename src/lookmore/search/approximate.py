"""Candidates by FAISS: an index of earlier vectors, and what has come or gone since."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lookmore.search.faiss_index import build_index, search_index
from lookmore.search.fuse import Vectors
from lookmore.search.nearest import exact_candidates, rank

_CANDIDATES = 10  # for each person asked for; those are then compared exactly
_FEWEST = 64
_STALE = 0.1  # share of vectors that may be new, or gone, before everything is indexed anew
_QUERIES, _COSINE, _SEED = 256, 0.6, 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Approximate:
    """An index and its relation to the vectors of the present generation.

    Adding one person to a million does not index a million anew: the new vectors are compared
    one by one, beside what the index finds, until they are too many for that.
    """

    kind: str
    """``hnsw`` or ``ivfpq``."""

    index: Any
    """FAISS's."""

    rows: NDArray[np.int64]
    """``(V,)`` row of each present vector in the index, -1: not in it."""

    _places: NDArray[np.int64] = field(init=False, repr=False)
    _fresh: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # the other way round: where each row's vector is now; the last is for "found fewer"
        places = np.full(self.index.ntotal + 1, -1, dtype=np.int64)
        present = np.flatnonzero(self.rows >= 0)
        places[self.rows[present]] = present
        object.__setattr__(self, "_places", places)
        object.__setattr__(self, "_fresh", np.flatnonzero(self.rows < 0))

    @classmethod
    def of(cls, kind: str, vectors: Vectors) -> Self:
        """Index all vectors.

        Args:
            kind: ``hnsw`` or ``ivfpq``.
            vectors: At least one.
        """
        index = build_index(kind, vectors.rows)
        return cls(kind=kind, index=index, rows=np.arange(len(vectors.rows)))

    def following(
        self, old: Mapping[str, NDArray[np.float32]], new: Mapping[str, NDArray[np.float32]]
    ) -> Self | None:
        """Return what still serves when vectors have changed; ``None``: index them anew.

        Args:
            old: The present vectors by name, in order.
            new: Those to come, in order.
        """
        before = dict(zip(old, self.rows.tolist(), strict=True))
        rows = np.array(
            [
                before[name] if name in before and np.array_equal(old[name], row) else -1
                for name, row in new.items()
            ],
            dtype=np.int64,
        )
        fresh = int((rows < 0).sum())
        gone = self.index.ntotal - (len(rows) - fresh)
        if max(fresh, gone) > _STALE * self.index.ntotal:
            return None
        return type(self)(kind=self.kind, index=self.index, rows=rows)

    def candidates(
        self, queries: NDArray[np.float32], vectors: Vectors, k: int
    ) -> Iterator[NDArray[np.int64]]:
        """Yield for each query vectors that are likely to belong to its k best people.

        Args:
            queries: ``(Q, D)`` unit rows.
            vectors: Those that ``rows`` is about.
            k: People, at most as many as there are.

        Yields:
            Places among the vectors, of at least ``k`` people.
        """
        total = int(self.index.ntotal)
        for query in queries:
            count = min(total, max(_FEWEST, _CANDIDATES * k))
            while True:
                found = self._places[search_index(self.index, query[None], count)[0]]
                places = np.concatenate([found[found >= 0], self._fresh])
                if len(np.unique(vectors.owners[places])) >= k:
                    yield places
                    break
                if count == total:  # a graph may have islands, and lists may be left out
                    yield from exact_candidates(query[None], vectors, k)
                    break
                count = min(total, 4 * count)


def recall_at_k(approximate: Approximate, vectors: Vectors, k: int) -> float:
    """Return the share of the k best people that are found, against comparing with all.

    Asked about vectors of the gallery that were turned away at random to a cosine of 0.6, about
    as far as probes of few pixels lie from their person.

    Args:
        approximate: What is judged.
        vectors: What it searches.
        k: People.

    Returns:
        In [0, 1]; larger is better.
    """
    random = np.random.default_rng(_SEED)
    k = min(k, len(vectors.people))
    queries = turned(
        vectors.rows[random.integers(0, len(vectors.rows), size=_QUERIES)], random=random
    )
    truth = exact_candidates(queries, vectors, k)
    tried = approximate.candidates(queries, vectors, k)
    hits = [
        len(np.intersect1d(rank(q, a, vectors, k).people, rank(q, b, vectors, k).people))
        for q, a, b in zip(queries, truth, tried, strict=True)
    ]
    return sum(hits) / (k * len(queries))


def turned(rows: NDArray[np.float32], *, random: np.random.Generator) -> NDArray[np.float32]:
    """Return ``(N, D)`` unit rows, each at a cosine of 0.6 to its own in a random direction."""
    noise = random.standard_normal(rows.shape)
    noise -= (noise * rows).sum(axis=1, keepdims=True) * rows
    noise /= np.maximum(np.linalg.norm(noise, axis=1, keepdims=True), 1e-12)
    return np.asarray(_COSINE * rows + (1 - _COSINE**2) ** 0.5 * noise, dtype=np.float32)
