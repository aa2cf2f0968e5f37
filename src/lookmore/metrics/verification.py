"""Same or different: accuracy over folds, area under the ROC curve, accept rate at a false rate.

A pair is accepted as the same when its similarity, as float64, reaches the threshold. (numpy
compares a float32 array with a Python float in float32, where a midpoint may round down onto the
similarity that it is there to refuse.)
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookmore.metrics.checks import claim_array, finite_array, index_array
from lookmore.metrics.intervals import Interval, draws_of_people

_ROUNDING = 1e-9  # 0.29 * 100 is 28.999999999999996; it means 29


class FoldAccuracy(NamedTuple):
    """One fold, judged by a threshold that the other folds chose."""

    accuracy: float
    """Share of the fold's pairs decided rightly, in [0, 1]."""

    threshold: float
    """The similarity from which on a pair was accepted."""

    correct: NDArray[np.bool_]
    """``(n,)``: each pair of the fold, in order, decided rightly or not."""


class FoldsAccuracy(NamedTuple):
    """Accuracy over all folds."""

    mean: float
    """Mean over folds, in [0, 1]."""

    std: float
    """Standard deviation between folds (divided by folds - 1), the spread of one fold."""

    per_fold: NDArray[np.float64]
    """``(folds,)`` accuracies, folds in increasing order."""


class TarAtFar(NamedTuple):
    """What is accepted when at most a given share of impostors is."""

    tar: float
    """True accept rate: share of same pairs accepted, in [0, 1]."""

    threshold: float
    """The similarity from which on a pair is accepted."""

    realised_far: float
    """Share of different pairs accepted: what was asked for, or less where equals forbid it."""


def fold_accuracy(
    similarity: np.ndarray, same: np.ndarray, folds: np.ndarray, fold: int
) -> FoldAccuracy:
    """Judge one fold by the threshold at which all the other folds are decided best.

    Args:
        similarity: ``(P,)`` finite, larger is more alike.
        same: ``(P,)`` bool, whether the pair shows one person.
        folds: ``(P,)`` integers, the fold of each pair.
        fold: The fold to judge; it chooses nothing.

    Returns:
        Accuracy, the threshold, and each decision.

    Raises:
        ValueError: If shapes disagree, a similarity is not finite, ``fold`` does not occur, or
            the other folds hold pairs of one kind only.

    Source:
        Huang et al., *Labeled Faces in the Wild*, technical report 07-49, 2007 (view 2).

    Example:
        >>> similarity = np.array([0.1, 0.9, 0.4, 0.6])
        >>> same = np.array([False, True, False, True])
        >>> fold_accuracy(similarity, same, np.array([1, 1, 2, 2]), fold=2)[:2]
        (1.0, 0.5)
    """
    similarity, same = _pairs(similarity, same)
    here = index_array(folds, name="folds", rows=len(similarity)) == fold
    if not here.any():
        raise ValueError(f"fold {fold} has no pairs; folds are {np.unique(folds).tolist()}")
    others = claim_array(same[~here], name="same in the other folds", rows=int((~here).sum()))
    threshold = best_threshold(similarity[~here], others)
    correct = (similarity[here] >= threshold) == same[here]
    return FoldAccuracy(float(correct.mean()), threshold, correct)


def best_threshold(similarity: np.ndarray, same: np.ndarray) -> float:
    """Return the threshold with the most right decisions; the middle one where several have.

    Args:
        similarity: ``(P,)`` finite, larger is more alike.
        same: ``(P,)`` bool, both kinds present.

    Raises:
        ValueError: If shapes disagree, a similarity is not finite, or one kind is missing.
    """
    similarity, same = _pairs(similarity, same)
    candidates = _thresholds(similarity)
    impostors, genuine = np.sort(similarity[~same]), np.sort(similarity[same])
    rejected_rightly = np.searchsorted(impostors, candidates, side="left")
    accepted_rightly = len(genuine) - np.searchsorted(genuine, candidates, side="left")
    decided_rightly = rejected_rightly + accepted_rightly
    best = np.flatnonzero(decided_rightly == decided_rightly.max())
    return float(candidates[best[len(best) // 2]])


def _thresholds(similarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return every threshold that decides differently: accept all, midpoints, accept none."""
    levels = np.unique(similarity)
    return np.concatenate(
        [levels[:1], _between(levels[:-1], levels[1:]), np.nextafter(levels[-1:], np.inf)]
    )


def _between(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return midpoints that accept ``high`` and not ``low``, even for neighbouring floats."""
    middle = low / 2 + high / 2
    return np.where(middle > low, middle, high)


def ten_fold_accuracy(similarity: np.ndarray, same: np.ndarray, folds: np.ndarray) -> FoldsAccuracy:
    """Judge every fold by the threshold of all the others, ten folds or any number from two.

    Args:
        similarity: ``(P,)`` finite, larger is more alike.
        same: ``(P,)`` bool, whether the pair shows one person.
        folds: ``(P,)`` integers, the fold of each pair.

    Returns:
        Mean, standard deviation and the accuracy of each fold; larger is better.

    Raises:
        ValueError: If there are fewer than two folds, or for `fold_accuracy`'s reasons.

    Source:
        Huang et al., *Labeled Faces in the Wild*, technical report 07-49, 2007 (view 2). Its
        standard error of the mean is our ``std`` divided by the root of the number of folds.
    """
    names = np.unique(folds)
    if len(names) < 2:
        raise ValueError(f"folds must be at least two, got {names.tolist()}")
    per_fold = np.array([fold_accuracy(similarity, same, folds, fold).accuracy for fold in names])
    return FoldsAccuracy(float(per_fold.mean()), float(per_fold.std(ddof=1)), per_fold)


def roc_auc(similarity: np.ndarray, same: np.ndarray) -> float:
    """Return the chance that a same pair is more alike than a different one; equals count half.

    Args:
        similarity: ``(P,)`` finite, larger is more alike.
        same: ``(P,)`` bool, both kinds present.

    Returns:
        In [0, 1]; larger is better, 0.5 is guessing.

    Raises:
        ValueError: If shapes disagree, a similarity is not finite, or one kind is missing.

    Source:
        Fawcett, *An introduction to ROC analysis*, Pattern Recognition Letters 2006 (section 7).

    Example:
        >>> roc_auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([False, False, True, True]))
        0.875
    """
    similarity, same = _pairs(similarity, same)
    impostors, genuine = np.sort(similarity[~same]), similarity[same]
    below = np.searchsorted(impostors, genuine, side="left").mean()
    not_above = np.searchsorted(impostors, genuine, side="right").mean()
    return float((below + not_above) / (2 * len(impostors)))


def auc_interval_over_people(
    similarity: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    *,
    draws: int = 300,
    seed: int = 0,
) -> Interval:
    """Return the 95 % interval of `roc_auc` over all pairs of some people's images.

    Drawn by `draws_of_people`, as pairs that share a person are no independent trials.

    Args:
        similarity: ``(P,)`` finite, larger is more alike.
        first: ``(P,)`` person of one image of each pair, integers.
        second: ``(P,)`` person of the other; the same number = a same pair.
        draws: Number of draws, at least 100.
        seed: Same seed, same interval.

    Returns:
        The 2.5 % and 97.5 % points over the draws that have pairs of both kinds.

    Raises:
        ValueError: If shapes disagree, a similarity is not finite, one kind of pair is missing, or
            ``draws < 100``.

    """
    if draws < 100:
        raise ValueError(f"draws must be at least 100 for a 2.5 % point, got {draws}")
    ones, others = (
        index_array(rows, name=name, rows=len(similarity))
        for rows, name in ((first, "first"), (second, "second"))
    )
    similarity, same = _pairs(similarity, ones == others)
    levels = np.unique(similarity, return_inverse=True)[1]
    found = []
    for weight in draws_of_people(ones, others, draws=draws, seed=seed):
        genuine = np.bincount(levels, weights=weight * same)
        impostors = np.bincount(levels, weights=weight * ~same)
        total = genuine.sum() * impostors.sum()
        if total:
            below = np.cumsum(impostors) - impostors / 2  # equals count half
            found.append(float(genuine @ below / total))
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(float(low), float(high))


def tar_at_far(similarity: np.ndarray, same: np.ndarray, far: float) -> TarAtFar:
    """Accept as many same pairs as possible while accepting at most ``far`` of the different ones.

    The threshold lies midway between the last similarity refused and the next one accepted.

    Args:
        similarity: ``(P,)`` finite, larger is more alike.
        same: ``(P,)`` bool, both kinds present.
        far: False accept rate allowed, at most 1, at least one impostor's worth.

    Returns:
        The rate, the threshold, and the false accept rate that it really has on these pairs.

    Raises:
        ValueError: If ``far`` is below 1 / impostors, which these pairs cannot measure; if shapes
            disagree, a similarity is not finite, or one kind is missing.

    Source:
        Fawcett, *An introduction to ROC analysis*, Pattern Recognition Letters 2006: the point of
        the curve, not interpolated, with the largest false rate that is allowed.

    Example:
        >>> similarity = np.array([0.1, 0.2, 0.5, 0.3, 0.6, 0.8])
        >>> same = np.array([False, False, False, True, True, True])
        >>> tar_at_far(similarity, same, far=0.34)
        TarAtFar(tar=1.0, threshold=0.25, realised_far=0.3333333333333333)
    """
    similarity, same = _pairs(similarity, same)
    impostors, genuine = np.sort(similarity[~same])[::-1], similarity[same]
    allowed = math.floor(far * len(impostors) + _ROUNDING) if 0 < far <= 1 else 0
    if allowed < 1:
        raise ValueError(
            f"far must lie from 1 / impostors = {1 / len(impostors):.3g} to 1, got {far}: "
            f"{len(impostors)} impostor pairs cannot measure it"
        )
    threshold = float(similarity.min())
    if allowed < len(impostors):
        refused = impostors[allowed : allowed + 1]
        accepted = similarity[similarity > refused]
        above = accepted.min(keepdims=True) if len(accepted) else np.nextafter(refused, np.inf)
        threshold = float(_between(refused, above)[0])
    return TarAtFar(
        float((genuine >= threshold).mean()), threshold, float((impostors >= threshold).mean())
    )


def _pairs(
    similarity: np.ndarray, same: np.ndarray
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    finite = finite_array(similarity, name="similarity", ndim=1)
    return finite, claim_array(same, name="same", rows=len(finite))
