"""Places in a ranking, counted against us: among equals, the wrong image comes first.

A network that answers the same to every image finds nothing under this rule; under the order
in which a sort happens to leave equals, it could find everything.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_CHUNK_NUMBERS = 4_000_000  # similarities held at a time: 32 MB of float64


class Comparison(NamedTuple):
    """Some queries against the whole gallery."""

    similarity: NDArray[np.float32]
    """``(q, G)`` cosine, larger is nearer; ``-inf`` where the gallery image is the query itself."""

    right: NDArray[np.bool_]
    """``(q, G)``: the gallery image shows what the query shows, and is not the query itself."""


def right_images(
    query_labels: NDArray[np.int64], gallery_labels: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Say which gallery images show what each query shows; nothing matches an unlabelled image.

    Args:
        query_labels: ``(Q,)``; -1 is unlabelled.
        gallery_labels: ``(G,)``; -1 is unlabelled.

    Returns:
        ``(Q, G)`` bool.

    Example:
        >>> right_images(np.array([2, -1]), np.array([2, 5, -1])).tolist()
        [[True, False, False], [False, False, False]]
    """
    queries = query_labels[:, None]
    right: NDArray[np.bool_] = (queries == gallery_labels) & (queries >= 0)
    return right


def first_right_places(
    similarity: NDArray[np.floating], right: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the place at which each query meets its first right image.

    Args:
        similarity: ``(Q, G)``, larger is nearer; ``-inf`` is never met.
        right: ``(Q, G)`` bool.

    Returns:
        ``(Q,)`` int64 from 1 to G, smaller is better; 0 where there is no right image.

    Example:
        >>> equal = np.array([[0.9, 0.9, 0.1]])  # the wrong one of two equals is met first
        >>> first_right_places(equal, np.array([[True, False, False]])).tolist()
        [2]
    """
    nearest_right = np.where(right, similarity, -np.inf).max(axis=1, keepdims=True)
    wrong_before = ((similarity >= nearest_right) & ~right).sum(axis=1)
    places: NDArray[np.int64] = np.where(right.any(axis=1), wrong_before + 1, 0)
    return places


def right_places(similarity: NDArray[np.floating], right: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the places of all right images of one query.

    Args:
        similarity: ``(G,)``, larger is nearer; ``-inf`` is never met.
        right: ``(G,)`` bool.

    Returns:
        ``(R,)`` int64, increasing, from 1; empty where there is no right image.

    Example:
        >>> right_places(np.array([0.9, 0.8, 0.7]), np.array([True, False, True])).tolist()
        [1, 3]
    """
    rights = np.sort(similarity[right])[::-1]
    wrongs = np.sort(similarity[~right])
    wrong_before = len(wrongs) - np.searchsorted(wrongs, rights, side="left")
    return np.arange(1, len(rights) + 1) + wrong_before


def compare(
    *,
    queries: NDArray[np.float64],
    gallery: NDArray[np.float64],
    query_labels: NDArray[np.int64],
    gallery_labels: NDArray[np.int64],
    same_index: NDArray[np.int64],
) -> Iterator[Comparison]:
    """Compare queries with the gallery, a chunk of queries at a time, so that memory is bounded.

    Args:
        queries: ``(Q, D)``, any length; a row of zeros is equally far from everything.
        gallery: ``(G, D)``, any length.
        query_labels: ``(Q,)``; -1 is unlabelled.
        gallery_labels: ``(G,)``; -1 is unlabelled.
        same_index: ``(Q,)`` place of each query's own image in the gallery, -1 if it is not there.

    Yields:
        The comparisons of the next queries, in order.
    """
    unit_gallery = _unit_rows(gallery).T
    step = max(1, _CHUNK_NUMBERS // len(gallery))
    for start in range(0, len(queries), step):
        rows = slice(start, start + step)
        # Float64 products of equal rows differ in the last bit from one column to the next;
        # rounded to float32 they are equal, so ties are ties.
        similarity = (_unit_rows(queries[rows]) @ unit_gallery).astype(np.float32)
        right = right_images(query_labels[rows], gallery_labels)
        own = same_index[rows]
        present = np.flatnonzero(own >= 0)
        similarity[present, own[present]] = -np.inf
        right[present, own[present]] = False
        yield Comparison(similarity, right)


def _unit_rows(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float64] = rows / np.where(lengths > 0, lengths, 1.0)
    return unit
