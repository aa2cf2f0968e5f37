"""Who is this? Probes at low resolution against a gallery of sharp images."""

import numpy as np

from lookmore.data.pack import Pack
from lookmore.errors import DataError
from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.encoder import Embedder
from lookmore.evaluate.measure import Measure, share_of
from lookmore.metrics.identification import rank_k

RANKS = (1, 5)


def gallery_and_probes(pack: Pack, *, gallery: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the pack rows of the gallery and of the probes.

    Args:
        pack: The images.
        gallery: ``train`` = every training image (a closed set); ``first`` = the first image of
            each person of ``split``, the person's others being the probes.
        split: Which images are tried: ``test`` or ``val``.

    Returns:
        ``(G,)`` and ``(Q,)`` rows; every probe's person is in the gallery.

    Raises:
        DataError: If no probe is left.
    """
    tried = pack.rows(split)
    tried = tried[pack.labels[tried] >= 0]
    if gallery == "train":
        enrolled = pack.rows("train")
        enrolled = enrolled[pack.labels[enrolled] >= 0]
    else:
        _, first = np.unique(pack.labels[tried], return_index=True)
        enrolled = tried[first]
    probes = np.setdiff1d(tried, enrolled)
    probes = probes[np.isin(pack.labels[probes], pack.labels[enrolled])]
    if len(probes) == 0:
        raise DataError(
            f"identification finds no probe: the {split} split needs people with at least two "
            "labelled images; raise data.test_share, or set data.split_by=class, or set "
            "evaluate.gallery=train for people that were trained on"
        )
    return enrolled, probes


def by_person(similarity: np.ndarray, gallery_labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep each person's nearest gallery image.

    Args:
        similarity: ``(Q, G)``.
        gallery_labels: ``(G,)``.

    Returns:
        ``(Q, P)`` similarities and the ``(P,)`` people, ascending.

    Example:
        >>> by_person(np.array([[0.1, 0.7, 0.3]]), np.array([4, 2, 4]))
        (array([[0.7, 0.3]]), array([2, 4]))
    """
    people, place = np.unique(gallery_labels, return_inverse=True)
    best = np.full((len(similarity), len(people)), -np.inf, dtype=similarity.dtype)
    for column, person in enumerate(place):
        np.maximum(best[:, person], similarity[:, column], out=best[:, person])
    return best, people


def match(
    who: Contestant, *, embed: Embedder, rows: np.ndarray, side: int, degradation: str
) -> list[Measure]:
    """Measure how often a small image finds its own sharp form among those of all tried images.

    This needs no labels; it says how much of the teacher's space the student can see.

    Args:
        who: Whose probes, whose gallery.
        embed: Makes the embeddings.
        rows: Pack rows tried, gallery and probes alike.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.

    Returns:
        One measure a rank.

    Raises:
        DataError: If nothing is tried.
    """
    if len(rows) == 0:
        raise DataError("matching finds no image to try: raise data.test_share")
    sharp = embed.pack.images.shape[-1]
    gallery = embed(who.gallery, rows, side=sharp)
    seen = embed(who.probe, rows, side=side, degradation=degradation)
    own = np.arange(len(rows))
    return [
        share_of(
            rank_k(seen @ gallery.T, own, own, k),
            metric=f"rank{k}",
            gallery_side=sharp,
            gallery_stream=who.gallery.stream,
        )
        for k in RANKS
    ]


def identify(
    who: Contestant,
    *,
    embed: Embedder,
    gallery: np.ndarray,
    probes: np.ndarray,
    side: int,
    degradation: str,
) -> list[Measure]:
    """Measure rank-1 and rank-5 of people, by the nearest of each person's gallery images.

    Args:
        who: Whose probes, whose gallery.
        embed: Makes the embeddings.
        gallery: Pack rows enrolled, sharp.
        probes: Pack rows tried.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.

    Returns:
        One measure a rank.
    """
    pack = embed.pack
    sharp = pack.images.shape[-1]
    enrolled = embed(who.gallery, gallery, side=sharp)
    seen = embed(who.probe, probes, side=side, degradation=degradation)
    similarity, people = by_person(seen @ enrolled.T, pack.labels[gallery])
    return [
        share_of(
            rank_k(similarity, pack.labels[probes], people, k),
            metric=f"rank{k}",
            gallery_side=sharp,
            gallery_stream=who.gallery.stream,
        )
        for k in RANKS
    ]
