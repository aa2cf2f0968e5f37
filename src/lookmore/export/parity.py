"""Does the file recognise as the run does? Measured on images, with limits stated beforehand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lookmore.checkpoint.network import Answers, Network, Pixels
from lookmore.checkpoint.thresholds import Threshold
from lookmore.metrics.attenuation import attenuation, corrected

_BATCH = 64


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How far a file may be from the run that it comes from."""

    cosine: float
    """Cosine between both embeddings of an image, at least: the mean over images."""

    worst_cosine: float
    """The same for the worst image."""

    worse_nearest: float
    """Share of images whose nearest image is now one that the run itself finds less alike than its
    own choice, by more than ``margin``; at most, but always ``spared`` images."""

    margin: float
    """Difference of similarities: images within it are as near as each other."""

    lost_rank1: float
    """Share of images whose nearest image was of their class and is not any more, less those that
    were not and are now; at most, beyond ``doubt``."""

    far_growth: float
    """How many times more impostor pairs may pass a calibrated threshold than do in the run, at
    most, and always ``spared`` pairs more."""

    other_class: float
    """Share of images that get another class, at most, but always ``spared`` images."""

    recognisability: float
    """Difference of recognisability, mean over images, at most."""

    spared: int
    """So many images, or pairs, of few prove nothing."""

    doubt: float
    """Standard errors that rank-1 may be beyond its limit: 1.64 refuses a file at the limit once in
    twenty times. Lost and gained images, ``n`` together, have an error of the square root of n
    (McNemar, *Psychometrika* 12, 1947)."""


FLOAT = Limits(
    cosine=0.99999,
    worst_cosine=0.9999,
    worse_nearest=0.002,
    margin=1e-4,
    lost_rank1=0.002,
    far_growth=1.02,
    other_class=0.002,
    recognisability=1e-4,
    spared=0,
    doubt=0.0,
)
"""The same numbers in another order of adding: only ties may fall otherwise."""

INT8 = Limits(
    cosine=0.99,
    worst_cosine=0.9,
    worse_nearest=0.05,
    margin=0.02,
    lost_rank1=0.02,
    far_growth=1.25,
    other_class=0.05,
    recognisability=0.03,
    spared=2,
    doubt=1.64,
)
"""Rounded weights: images about as near as each other may change places, people may not."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One comparison of a file with its run."""

    what: str
    """What was compared, in words; a share of images or pairs, or a cosine."""

    side: int
    """Of the images, in pixels."""

    value: float
    """What was found."""

    limit: float
    """The worst value that is allowed."""

    larger_is_better: bool
    """Whether ``limit`` is the least or the most."""

    images: int
    """How many were looked at."""

    @property
    def is_share(self) -> bool:
        """Whether the value is a share, in [0, 1] and the smaller the better; else a cosine."""
        return not self.larger_is_better

    @property
    def told(self) -> tuple[str, str]:
        """The value and its limit, as people read them."""
        if self.is_share:
            return f"{100 * self.value:.2f} %", f"at most {100 * self.limit:.3g} %"
        return f"{self.value:.5f}", f"at least {self.limit:g}"

    @property
    def holds(self) -> bool:
        """Whether it is within the limit."""
        if self.larger_is_better:
            return self.value >= self.limit
        return self.value <= self.limit


def answers_of(network: Network, pixels: Pixels) -> Answers:
    """Return what a network says of many images, a batch at a time.

    Args:
        network: Of torch or of onnxruntime.
        pixels: ``(N, H, W, 3)`` uint8, ``N >= 1``.
    """
    parts = [network(pixels[at : at + _BATCH]) for at in range(0, len(pixels), _BATCH)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def recognition_parity(
    *,
    run: Answers,
    file: Answers,
    labels: NDArray[np.int64],
    side: int,
    limits: Limits,
    thresholds: Sequence[Threshold] = (),
) -> Iterator[Finding]:
    """Compare what a run and a file of it say of the same images.

    Each image is searched among the run's embeddings of all others, as a probe is in a gallery
    that is there already.

    Args:
        run: Answers of the run for ``N >= 2`` images.
        file: Answers of the file for the same.
        labels: ``(N,)`` class of each; -1: not known.
        side: Of the images, in pixels.
        limits: How far they may differ.
        thresholds: Of the run; those for two images of this side are tried.

    Yields:
        Cosines; nearest images; of images with a label that others have too, rank-1; false accepts
        at each threshold; classes, where they are scored; recognisability, where it is told.
    """

    def most(share: float, images: int) -> float:
        return max(share, limits.spared / images)

    def found(what: str, value: float, limit: float, images: int, larger: bool) -> Finding:
        return Finding(
            what=what, side=side, value=float(value), limit=limit, images=images,
            larger_is_better=larger,
        )  # fmt: skip

    ours, theirs = run["embeddings"], file["embeddings"]
    count = len(ours)
    cosines = (ours.astype(np.float64) * theirs).sum(axis=1)
    yield found("cosine to the run's embedding, mean", cosines.mean(), limits.cosine, count, True)
    yield found("the same, worst image", cosines.min(), limits.worst_cosine, count, True)

    before, after = _nearest(ours, ours), _nearest(theirs, ours)
    everyone = np.arange(count)
    similarity = _similarity(ours, ours)
    worse = similarity[everyone, before] - similarity[everyone, after] > limits.margin
    yield found(
        "a worse image is nearest", worse.mean(), most(limits.worse_nearest, count),
        count, False,
    )  # fmt: skip
    names, counts = np.unique(labels, return_counts=True)
    shared = (labels >= 0) & np.isin(labels, names[counts > 1])
    if shared.any():
        was, now = ((labels[near] == labels)[shared] for near in (before, after))
        images, changed = int(shared.sum()), int((was != now).sum())
        limit = limits.lost_rank1 + limits.doubt * changed**0.5 / images
        lost = int(was.sum()) - int(now.sum())
        yield found("rank-1 lost", lost / images, limit, images, False)
    impostors = np.triu((labels[:, None] != labels) & (labels >= 0) & (labels[:, None] >= 0))
    for known in thresholds:
        if (known.gallery, known.probe_side) != ("same side", side) or not impostors.any():
            continue
        pairs = int(impostors.sum())
        passed = [_passed(answers, known, impostors) for answers in (run, file)]
        limit = max(passed[0] * limits.far_growth, passed[0] + limits.spared) / pairs
        what = f"false accepts at FAR {known.far:g} ({known.degradation})"
        yield found(what, passed[1] / pairs, limit, count, False)
    if "logits" in run:
        changed = (run["logits"].argmax(axis=1) != file["logits"].argmax(axis=1)).mean()
        yield found("another class", changed, most(limits.other_class, count), count, False)
    if "recognisability" in run:
        off = np.abs(run["recognisability"] - file["recognisability"]).mean()
        yield found(
            "recognisability differs, mean", off, limits.recognisability, count, False
        )  # fmt: skip


def _passed(answers: Answers, known: Threshold, impostors: NDArray[np.bool_]) -> int:
    """Return how many of the pairs a threshold accepts, by what one network says."""
    rows = answers["embeddings"].astype(np.float64)
    if known.is_corrected:
        typical = attenuation(np.array(known.recognisability))
        rows = corrected(rows, answers["recognisability"]) * typical
    return int((_similarity(rows, rows) >= known.threshold)[impostors].sum())


def _nearest(queries: NDArray[np.float32], gallery: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return the nearest gallery image of each query, itself left out."""
    similarity = _similarity(queries, gallery)
    np.fill_diagonal(similarity, -np.inf)
    nearest: NDArray[np.intp] = similarity.argmax(axis=1)
    return nearest


def _similarity(
    queries: NDArray[np.floating], gallery: NDArray[np.floating]
) -> NDArray[np.float64]:
    found: NDArray[np.float64] = queries.astype(np.float64) @ gallery.astype(np.float64).T
    return found
