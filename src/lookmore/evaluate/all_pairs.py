"""Every pair among some images, where nobody has drawn pairs: for choosing settings."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.decided import DRAWS, DecidedPairs
from lookmore.evaluate.encoder import Embedder
from lookmore.evaluate.measure import Measure, share_of
from lookmore.metrics.intervals import draws_of_people
from lookmore.metrics.verification import (
    auc_interval_over_people,
    best_threshold,
    roc_auc,
    tar_at_far,
)

_FARS = (1e-2, 1e-3)
_ACCEPTS = 10  # false accepts behind a rate, at least
MOST_IMAGES = 3000
"""Nine million pairs of them, below 1 GiB."""


class AllPairs(NamedTuple):
    """All pairs of some images, one form: one of two images small, or both."""

    gallery_stream: str
    """Who embedded the second image of each pair."""

    gallery_side: int
    """Its side, in pixels."""

    similarity: np.ndarray
    """``(P,)`` float64."""

    first: np.ndarray
    """``(P,)`` person of the first image, counted from 0."""

    second: np.ndarray
    """``(P,)`` person of the second."""

    @property
    def same(self) -> np.ndarray:
        """``(P,)`` whether both show one person."""
        same: np.ndarray = self.first == self.second
        return same


def strangers(
    rows: np.ndarray,
    labels: np.ndarray,
    trained: np.ndarray,
    keys: np.ndarray,
    *,
    most: int = MOST_IMAGES,
) -> np.ndarray:
    """Return the rows of people who were not trained on, drawn by their keys where there are many.

    Args:
        rows: ``(n,)`` pack rows to choose from.
        labels: ``(N,)`` person of every pack row; -1: no label.
        trained: ``(N,)`` the same among the people trained on; -1: not one of them.
        keys: ``(N,)`` hash of every image's pixels.
        most: Images at most.

    Returns:
        Some of ``rows``, ascending.
    """
    own = rows[(labels[rows] >= 0) & (trained[rows] < 0)]
    return np.sort(own[np.argsort(keys[own], kind="stable")[:most]])


def all_pairs(
    who: Contestant, *, embed: Embedder, rows: np.ndarray, side: int, degradation: str
) -> Iterator[AllPairs]:
    """Yield all pairs of some images: against sharp ones (LR-HR), then small against small (LR-LR).

    Args:
        who: Whose probes, whose gallery.
        embed: Makes the embeddings.
        rows: ``(n,)`` pack rows, labelled.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.
    """
    sharp = embed.pack.images.shape[-1]
    people = np.unique(embed.pack.labels[rows], return_inverse=True)[1]
    # float64, as thresholds are compared: in float32 one may round onto a similarity
    small = embed(who.probe, rows, side=side, degradation=degradation).astype(np.float64)
    if side < sharp:
        enrolled = embed(who.gallery, rows, side=sharp).astype(np.float64)
        # two pairs of two images, each being the probe once
        first, second = np.nonzero(~np.eye(len(rows), dtype=np.bool_))
        similarity = (small @ enrolled.T)[first, second]
        yield AllPairs(who.gallery.stream, sharp, similarity, people[first], people[second])
    first, second = np.nonzero(np.triu(np.ones((len(rows), len(rows)), dtype=np.bool_), k=1))
    similarity = (small @ small.T)[first, second]
    yield AllPairs(who.probe.stream, side, similarity, people[first], people[second])


def verify_all(
    who: Contestant, *, embed: Embedder, rows: np.ndarray, side: int, degradation: str
) -> list[Measure]:
    """Measure area under the curve and TAR at FAR over all pairs; intervals over people.

    Args:
        who: Whose probes, whose gallery.
        embed: Makes the embeddings.
        rows: ``(n,)`` pack rows, labelled; two images of one person among them at least.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.

    Returns:
        Measures of LR-HR, then of LR-LR.
    """
    measures = []
    for pairs in all_pairs(who, embed=embed, rows=rows, side=side, degradation=degradation):
        same = pairs.same
        low, high = auc_interval_over_people(pairs.similarity, pairs.first, pairs.second)
        value = roc_auc(pairs.similarity, same)
        where = (pairs.gallery_side, pairs.gallery_stream)
        measures.append(
            Measure("auc", value, low, high, "bootstrap over groups", len(same), *where)
        )
        for far in _FARS:
            if far * (~same).sum() < _ACCEPTS:
                continue  # too few impostors to measure this rate
            accepted = tar_at_far(pairs.similarity, same, far)
            measures.append(
                share_of(
                    pairs.similarity[same] >= accepted.threshold,
                    metric=f"tar_at_far_{far:.0e}".replace("e-0", "e-"),
                    gallery_side=pairs.gallery_side,
                    gallery_stream=pairs.gallery_stream,
                    selected_on="the same pairs",
                    groups=pairs.first[same],
                )
            )
    return measures


def decided_evenly(
    who: Contestant, *, embed: Embedder, rows: np.ndarray, side: int, degradation: str
) -> Iterator[DecidedPairs]:
    """Yield all pairs of one person and as many of two, decided as well as one threshold can.

    The threshold is chosen on these very pairs, so that their error says nothing by itself: it is
    for telling which probes it comes from.

    Args:
        who: Whose probes, whose gallery.
        embed: Makes the embeddings.
        rows: ``(n,)`` pack rows, labelled; two images of one person among them at least.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.
    """
    sharp = embed.pack.images.shape[-1]
    people = np.unique(embed.pack.labels[rows], return_inverse=True)[1]
    small = embed(who.probe, rows, side=side, degradation=degradation).astype(np.float64)
    forms = [(who.probe, side)] if side >= sharp else [(who.gallery, sharp), (who.probe, side)]
    for encoder, other_side in forms:
        other = embed(encoder, rows, side=other_side, degradation=degradation).astype(np.float64)
        is_sharp = other_side > side
        counted = ~np.eye(len(rows), dtype=np.bool_)
        if not is_sharp:
            counted = np.triu(counted)
        alike = people[:, None] == people
        one, two = np.argwhere(counted & alike), np.argwhere(counted & ~alike)
        if len(two) > len(one):
            two = two[np.linspace(0, len(two) - 1, len(one)).round().astype(np.int64)]
        first, second = np.concatenate([one, two]).T
        similarity = np.einsum("pd,pd->p", small[first], other[second])
        same = people[first] == people[second]
        yield DecidedPairs(
            gallery_side=other_side,
            gallery_stream=encoder.stream,
            correct=(similarity >= best_threshold(similarity, same)) == same,
            probes=rows[first],
            others=None if is_sharp else rows[second],
            selected_on="the same pairs",
            interval="bootstrap over groups",
            draws=partial(draws_of_people, people[first], people[second], draws=DRAWS),
        )
