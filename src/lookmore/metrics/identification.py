"""Finding the right image in a gallery: rank-k, recall@k, MAP@R.

Equals are counted against us (see `lookmore.metrics.ranking`), and an unlabelled image (-1) is
the right one for nobody.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookmore.metrics.checks import finite_array, index_array
from lookmore.metrics.ranking import (
    Comparison,
    compare,
    first_right_places,
    right_images,
    right_places,
)


class RecallAtK(NamedTuple):
    """For each query that has something to find, whether it was found among the first k."""

    ks: tuple[int, ...]
    """The depths asked for."""

    hits: NDArray[np.bool_]
    """``(N, len(ks))``: one row per counted query."""

    counted: NDArray[np.bool_]
    """``(Q,)``: queries with at least one right image; the others are left out."""

    @property
    def values(self) -> tuple[float, ...]:
        """Share of counted queries that hit, per k, in [0, 1]; larger is better."""
        return tuple(float(share) for share in self.hits.mean(axis=0))

    @property
    def left_out(self) -> int:
        """Number of queries with nothing to find."""
        return int((~self.counted).sum())


class MapAtR(NamedTuple):
    """For each query that has something to find, the average precision of its first R places."""

    precisions: NDArray[np.float64]
    """``(N,)`` in [0, 1], one per counted query."""

    counted: NDArray[np.bool_]
    """``(Q,)``: queries with at least one right image; the others are left out."""

    @property
    def value(self) -> float:
        """Mean over the counted queries, in [0, 1]; larger is better."""
        return float(self.precisions.mean())

    @property
    def left_out(self) -> int:
        """Number of queries with nothing to find."""
        return int((~self.counted).sum())


def rank_k(
    similarity: np.ndarray, query_labels: np.ndarray, gallery_labels: np.ndarray, k: int
) -> NDArray[np.bool_]:
    """Say for each query whether a right image is among its k nearest gallery images.

    Gallery images are ranked, not people: two images of one person take two places.

    Args:
        similarity: ``(Q, G)`` finite, larger is nearer.
        query_labels: ``(Q,)`` integers; -1 is unlabelled.
        gallery_labels: ``(G,)`` integers; -1 is unlabelled.
        k: Depth, at least 1; may exceed the gallery.

    Returns:
        ``(Q,)`` bool; False where the gallery holds no right image. The mean is rank-k accuracy.

    Raises:
        ValueError: If shapes disagree, a similarity is not finite, or ``k < 1``.

    Example:
        >>> similarity = np.array([[0.9, 0.2], [0.6, 0.4]])
        >>> rank_k(similarity, np.array([7, 8]), np.array([7, 8]), k=1).tolist()
        [True, False]
    """
    similarity = finite_array(similarity, name="similarity", ndim=2)
    right = right_images(
        index_array(query_labels, name="query_labels", rows=similarity.shape[0]),
        index_array(gallery_labels, name="gallery_labels", rows=similarity.shape[1]),
    )
    _check_depths([k])
    places = first_right_places(similarity, right)
    return (places >= 1) & (places <= k)


def recall_at_k(
    embeddings: np.ndarray,
    labels: np.ndarray,
    ks: Sequence[int],
    *,
    gallery: np.ndarray | None = None,
    gallery_labels: np.ndarray | None = None,
    same_index: np.ndarray | None = None,
) -> RecallAtK:
    """Say for each query whether a right image is among its k nearest by cosine.

    Without ``gallery``, each image is searched among all the others.

    Args:
        embeddings: ``(Q, D)`` of the queries, any scale.
        labels: ``(Q,)`` integers of the queries; -1 is unlabelled.
        ks: Depths, each at least 1; may exceed the gallery.
        gallery: ``(G, D)`` to search in, such as the teacher's embeddings of sharp images.
        gallery_labels: ``(G,)`` integers; needed with ``gallery``.
        same_index: ``(Q,)`` place of each query's own image in ``gallery``, which is then not
            searched; -1 where it is not there. Left out: nobody's is there.

    Returns:
        Hits of the queries that have something to find, and which those are.

    Raises:
        ValueError: If shapes disagree, a number is not finite, or no query has a right image.

    Source:
        Oh Song et al., *Deep Metric Learning via Lifted Structured Feature Embedding*, CVPR 2016,
        https://arxiv.org/abs/1511.06452. Equal to it, but for equals and queries left out.

    Example:
        >>> angles = np.array([0.0, 0.1, 0.3, 1.0])
        >>> points = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        >>> recall_at_k(points, np.array([0, 0, 1, 1]), ks=[1, 2]).values
        (0.75, 0.75)
    """
    _check_depths(ks)
    places = np.concatenate(
        [
            first_right_places(part.similarity, part.right)
            for part in _comparisons(embeddings, labels, gallery, gallery_labels, same_index)
        ]
    )
    counted = _counted(places >= 1)
    return RecallAtK(tuple(ks), places[counted, None] <= np.asarray(ks), counted)


def map_at_r(
    embeddings: np.ndarray,
    labels: np.ndarray,
    *,
    gallery: np.ndarray | None = None,
    gallery_labels: np.ndarray | None = None,
    same_index: np.ndarray | None = None,
) -> MapAtR:
    """Return the mean average precision over the first R places, R the number of right images.

    Without ``gallery``, each image is searched among all the others.

    Args:
        embeddings: ``(Q, D)`` of the queries, any scale; compared by cosine.
        labels: ``(Q,)`` integers of the queries; -1 is unlabelled.
        gallery: ``(G, D)`` to search in.
        gallery_labels: ``(G,)`` integers; needed with ``gallery``.
        same_index: ``(Q,)`` place of each query's own image in ``gallery``, which is then not
            searched; -1 where it is not there. Left out: nobody's is there.

    Returns:
        Precisions of the queries that have something to find, and which those are.

    Raises:
        ValueError: If shapes disagree, a number is not finite, or no query has a right image.

    Source:
        Musgrave, Belongie, Lim, *A Metric Learning Reality Check*, ECCV 2020 (MAP@R),
        https://arxiv.org/abs/2003.08505. Equal to it, but for equals and queries left out.
    """
    precisions: list[float] = []
    has_right: list[NDArray[np.bool_]] = []
    for part in _comparisons(embeddings, labels, gallery, gallery_labels, same_index):
        rights = part.right.sum(axis=1)
        has_right.append(rights > 0)
        for row in np.flatnonzero(rights):
            places = right_places(part.similarity[row], part.right[row])
            within = places <= len(places)
            at_each = np.arange(1, len(places) + 1) / places
            precisions.append(float(at_each[within].sum() / len(places)))
    counted = _counted(np.concatenate(has_right))
    return MapAtR(np.array(precisions), counted)


def _check_depths(ks: Sequence[int]) -> None:
    if len(ks) == 0 or min(ks) < 1:
        raise ValueError(f"k must be at least 1, got {list(ks)}")


def _counted(has_right: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if not has_right.any():
        raise ValueError(f"none of the {len(has_right)} queries has a right image in the gallery")
    return has_right


def _comparisons(
    embeddings: np.ndarray,
    labels: np.ndarray,
    gallery: np.ndarray | None,
    gallery_labels: np.ndarray | None,
    same_index: np.ndarray | None,
) -> Iterator[Comparison]:
    queries = finite_array(embeddings, name="embeddings", ndim=2)
    query_labels = index_array(labels, name="labels", rows=len(queries))
    if gallery is None and gallery_labels is None and same_index is None:
        return compare(
            queries=queries,
            gallery=queries,
            query_labels=query_labels,
            gallery_labels=query_labels,
            same_index=np.arange(len(queries)),
        )
    if gallery is None or gallery_labels is None:
        raise ValueError("gallery and gallery_labels must be given together")
    images = finite_array(gallery, name="gallery", ndim=2)
    if images.shape[1] != queries.shape[1]:
        raise ValueError(
            f"queries and gallery must be of one width, got {queries.shape[1]} and "
            f"{images.shape[1]}"
        )
    if same_index is None:
        same_index = np.full(len(queries), -1)
    places = index_array(same_index, name="same_index", rows=len(queries))
    if places.min() < -1 or places.max() >= len(images):
        raise ValueError(
            f"same_index must lie from -1 to {len(images) - 1}, "
            f"got {places.min()} to {places.max()}"
        )
    return compare(
        queries=queries,
        gallery=images,
        query_labels=query_labels,
        gallery_labels=index_array(gallery_labels, name="gallery_labels", rows=len(images)),
        same_index=places,
    )
