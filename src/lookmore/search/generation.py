"""One generation of a gallery: images, vectors and index that belong together."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookmore.errors import GalleryError
from lookmore.search.approximate import Approximate, recall_at_k
from lookmore.search.entries import Entries
from lookmore.search.faiss_index import dump_index, kind_for, load_index
from lookmore.search.fuse import Vectors, vectors_of
from lookmore.search.matches import Matches
from lookmore.search.nearest import exact_candidates, pairwise, rank
from lookmore.search.space import Space
from lookmore.search.store import Stored, write_generation

_MEASURED = (1, 10)


class Generation(NamedTuple):
    """All that a search looks at; replaced whole, never changed."""

    facts: dict[str, Any]
    """Of ``gallery.json``."""

    entries: Entries
    """The images."""

    vectors: Vectors
    """What probes are compared with."""

    approximate: Approximate | None
    """The way to likely vectors; ``None``: all are compared."""

    def search(self, queries: NDArray[np.float32], k: int) -> Matches:
        """Return the matches of ``(Q, D)`` unit rows."""
        vectors = self.vectors
        k = min(k, len(vectors.people))
        if k == 0 or len(queries) == 0:
            nobody: tuple[tuple[str, ...], ...] = ((),) * len(queries)
            none = np.zeros((len(queries), 0), dtype=np.float32)
            return Matches(people=nobody, images=nobody, similarity=none)
        way = exact_candidates if self.approximate is None else self.approximate.candidates
        found = [
            rank(query, likely, vectors, k)
            for query, likely in zip(queries, way(queries, vectors, k), strict=True)
        ]
        return Matches(
            people=tuple(tuple(vectors.people[at] for at in row.people) for row in found),
            images=tuple(
                tuple(self._nearest_image(query, at) for at in row.people)
                for query, row in zip(queries, found, strict=True)
            ),
            similarity=np.stack([row.similarity for row in found]),
        )

    def _nearest_image(self, query: NDArray[np.float32], person: int) -> str:
        first, end = self.vectors.images[person]
        nearest = int(pairwise(query, self.entries.embeddings[first:end]).argmax())
        return self.entries.images[first + nearest]


def planned(
    entries: Entries, *, facts: dict[str, Any], before: Generation | None = None
) -> Generation:
    """Return a generation that is still to be written, its recall measured.

    Args:
        entries: The images.
        facts: ``space``, ``fuse`` and ``asked``, the kind that was asked for.
        before: The generation that it follows.
    """
    fuse = facts["fuse"]
    vectors = vectors_of(entries, fuse=fuse)
    kind = kind_for(facts["asked"], len(vectors.rows))
    approximate: Approximate | None = None
    if kind != "flat":
        if before is not None and before.approximate and before.approximate.kind == kind:
            approximate = before.approximate.following(
                _named(before.entries, before.vectors, fuse=fuse),
                _named(entries, vectors, fuse=fuse),
            )
        if approximate is None:
            approximate = Approximate.of(kind, vectors)
    recall = {
        str(k): 1.0 if approximate is None else recall_at_k(approximate, vectors, k)
        for k in _MEASURED
    }
    more = {
        "kind": kind,
        "people": len(vectors.people),
        "images": len(entries),
        "recall_at_k": recall,
    }
    return Generation({**facts, **more}, entries, vectors, approximate)


def _named(entries: Entries, vectors: Vectors, *, fuse: bool) -> dict[str, NDArray[np.float32]]:
    """Return the vectors by a name that they keep from one generation to the next."""
    return dict(zip(vectors.people if fuse else entries.images, vectors.rows, strict=True))


def write(folder: Path, generation: Generation) -> Generation:
    """Write a generation; only to be called while `writing`.

    Args:
        folder: Of the gallery.
        generation: Of `planned`.

    Returns:
        The same with its facts as written.

    Raises:
        CheckpointError: If the disk is full; the old gallery stays.
    """
    approximate = generation.approximate
    index = None if approximate is None else (dump_index(approximate.index), approximate.rows)
    facts = write_generation(folder, generation.facts, generation.entries, index)
    return generation._replace(facts=facts)


def read(stored: Stored) -> Generation:
    """Return a generation from what lay on the disk.

    Args:
        stored: Of `read_gallery`.

    Raises:
        GalleryError: If something is missing in its facts.
        MissingExtraError: If it is searched by FAISS, which is not installed.
    """
    facts, entries, index = stored
    try:
        Space.from_facts(facts["space"])
        vectors = vectors_of(entries, fuse=facts["fuse"])
        kind, _ = facts["kind"], facts["asked"]
    except KeyError as error:
        raise GalleryError(
            f"gallery.json lacks {error}: index the images anew with --replace"
        ) from error
    approximate = None
    if index is not None:
        approximate = Approximate(kind=kind, index=load_index(index[0]), rows=index[1])
    if (kind == "flat") != (approximate is None):
        raise GalleryError(f"gallery.json says {kind}, which its files do not: index anew")
    return Generation(facts, entries, vectors, approximate)
