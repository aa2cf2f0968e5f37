"""How sure a threshold is: its 95 % interval over the people whose images made the pairs."""

import math

import numpy as np
from numpy.typing import NDArray

from lookmore.metrics.checks import finite_array, index_array
from lookmore.metrics.intervals import Interval

_RESAMPLES = 1000
_KEPT = 200_000  # pairs looked at in each draw: 8 bytes x 4 arrays, whatever the number of pairs
_ROUNDING = 1e-9  # as in `tar_at_far`


def far_threshold_interval(
    similarity: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    images: np.ndarray,
    far: float,
    *,
    seed: int = 0,
) -> Interval:
    """Return the 95 % interval of the threshold at a false accept rate, by drawing people.

    Pairs share images and images share people, so people are drawn with replacement; a pair then
    counts as often as both of its people were drawn, multiplied. Single pairs would feign more
    evidence than there is. Of many pairs only the most alike are looked at, and of these at most
    200,000, every k-th one.

    Args:
        similarity: ``(P,)`` finite, of impostor pairs only and of all of them, counted once or in
            both directions; larger is more alike.
        first: ``(P,)`` person of the one image, an integer from 0.
        second: ``(P,)`` person of the other image, never the same.
        images: ``(N,)`` number of images of each person.
        far: False accept rate allowed, between 0 and 1.
        seed: Same seed, same interval.

    Returns:
        The 2.5 % and 97.5 % points of the threshold over 1,000 draws.

    Raises:
        ValueError: If shapes disagree, a similarity is not finite, a pair is of one person, pairs
            are missing, or ``far`` is out of range.

    Source:
        Bolle, Ratha, Pankanti, *Error analysis of pattern recognition systems: the subsets
        bootstrap*, Computer Vision and Image Understanding 2004; the subsets are people.
    """
    similarity = finite_array(similarity, name="similarity", ndim=1)
    first = index_array(first, name="first", rows=len(similarity))
    second = index_array(second, name="second", rows=len(similarity))
    if (first == second).any():
        raise ValueError(f"{(first == second).sum()} pairs are of one person, not impostors")
    if not 0 < far < 1:
        raise ValueError(f"far must lie between 0 and 1, got {far}")
    images = index_array(images, name="images", rows=len(images))
    if len(similarity) not in (_all_pairs(images) / 2, _all_pairs(images)):
        raise ValueError(
            f"similarity must hold all {_all_pairs(images) / 2:.0f} impostor pairs of the images, "
            f"or twice as many, got {len(similarity)}"
        )
    order = np.argsort(-similarity, kind="stable")
    depth = min(len(order), max(_KEPT, math.ceil(4 * far * len(order))))
    while True:
        found = _drawn(similarity, first, second, order[:depth], images, far, seed)
        if found is not None:
            low, high = np.quantile(found, [0.025, 0.975])
            return Interval(float(low), float(high))
        depth = min(len(order), 2 * depth)  # a draw without the most alike people went deeper


def _all_pairs(images: NDArray[np.int64]) -> float:
    """Return the number of impostor pairs, each in both directions."""
    return float(images.sum()) ** 2 - float((images**2).sum())


def _drawn(
    similarity: NDArray[np.float64],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    nearest: NDArray[np.intp],
    images: NDArray[np.int64],
    far: float,
    seed: int,
) -> NDArray[np.float64] | None:
    """Return the threshold of each draw; ``None`` if one lies below the ``nearest`` pairs."""
    people, whole = len(images), len(nearest) == len(similarity)
    directions = len(similarity) / _all_pairs(images)
    stride = math.ceil(len(nearest) / _KEPT)
    kept = nearest[::stride]
    values, left, right = similarity[kept], first[kept], second[kept]
    generator = np.random.default_rng(seed)
    thresholds: list[float] = []
    for _ in range(_RESAMPLES):
        times = np.bincount(generator.integers(people, size=people), minlength=people)
        total = directions * _all_pairs(times * images)
        if total == 0:  # one person drawn again and again: no impostors in this draw
            continue
        passed = np.cumsum(times[left] * times[right]) * float(stride)
        refused = int(np.searchsorted(passed, far * total + _ROUNDING, side="right"))
        if refused == len(kept) and not whole:
            return None
        # past the end only where thinning left the tail a little light
        above, below = values[max(refused - 1, 0)], values[min(refused, len(kept) - 1)]
        thresholds.append(float(above / 2 + below / 2))
    return np.array(thresholds)
