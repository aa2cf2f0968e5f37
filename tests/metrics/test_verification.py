"""Verification: the fold judged chooses nothing; AUC and TAR@FAR equal scikit-learn's curve."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from lookmore.metrics.verification import (
    fold_accuracy,
    roc_auc,
    tar_at_far,
    ten_fold_accuracy,
)

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(params=["continuous", "with equals", "float32"])
def pairs(request: pytest.FixtureRequest) -> Pairs:
    """600 pairs in ten folds, half of them same and more alike by a deviation and a half."""
    generator = np.random.default_rng(0)
    same = generator.permutation(np.arange(600) % 2 == 0)
    similarity = generator.normal(size=600) + 1.5 * same
    if request.param == "with equals":
        similarity = np.round(similarity * 4) / 4
    elif request.param == "float32":
        similarity = similarity.astype(np.float32)
    return similarity, same, np.arange(600) // 60 + 1


def accuracies_of_best_thresholds(pairs: Pairs, fold: int) -> set[float]:
    """Accuracy on ``fold`` at each threshold that no other beats elsewhere, tried one by one."""
    similarity, same, folds = pairs
    elsewhere = folds != fold
    levels = np.unique(similarity[elsewhere].astype(np.float64))
    thresholds = [levels[0] - 1, *((levels[:-1] + levels[1:]) / 2), levels[-1] + 1]
    decisions = [similarity > threshold for threshold in thresholds]
    scores = [(decision == same)[elsewhere].mean() for decision in decisions]
    return {
        (decision == same)[~elsewhere].mean()
        for decision, score in zip(decisions, scores, strict=True)
        if score == max(scores)
    }


def test_every_fold_has_the_accuracy_of_a_threshold_that_is_best_elsewhere(pairs: Pairs) -> None:
    for fold, accuracy in enumerate(ten_fold_accuracy(*pairs).per_fold, start=1):
        assert accuracy in accuracies_of_best_thresholds(pairs, fold)


def test_mean_and_spread_are_those_of_the_folds_judged_one_by_one(pairs: Pairs) -> None:
    found = ten_fold_accuracy(*pairs)
    alone = [fold_accuracy(*pairs, fold=fold).accuracy for fold in range(1, 11)]
    assert found.per_fold.tolist() == alone
    assert found.mean == pytest.approx(sum(alone) / 10)
    squares = sum((accuracy - sum(alone) / 10) ** 2 for accuracy in alone)
    assert found.std == pytest.approx((squares / 9) ** 0.5)


def test_two_folds_worked_by_hand() -> None:
    # Fold 2 chooses (0.2 + 0.66) / 2 = 0.43: fold 1 has one of three wrong.
    # Fold 1 is best between 0.5 and 0.7, at 0.6 (all three right): fold 2 has none wrong.
    similarity = np.array([0.3, 0.5, 0.7, 0.2, 0.66])
    same = np.array([False, False, True, False, True])
    folds = np.array([1, 1, 1, 2, 2])
    first, second = (fold_accuracy(similarity, same, folds, fold) for fold in (1, 2))
    assert (first.threshold, first.correct.tolist()) == (pytest.approx(0.43), [True, False, True])
    assert (second.threshold, second.accuracy) == (pytest.approx(0.6), 1.0)
    assert ten_fold_accuracy(similarity, same, folds).mean == pytest.approx(5 / 6)


def test_the_fold_judged_chooses_nothing(pairs: Pairs) -> None:
    similarity, same, folds = pairs
    threshold = fold_accuracy(similarity, same, folds, fold=3).threshold
    moved = np.where(folds == 3, similarity + 5, similarity)
    flipped = np.where(folds == 3, ~same, same)
    assert fold_accuracy(moved, flipped, folds, fold=3).threshold == threshold


def test_the_middle_of_several_best_thresholds_is_taken() -> None:
    # In fold 1 the thresholds 0.2, 0.6 and 1.0 decide 4 of 6 rightly, all others 3.
    similarity = np.array([0.1, 0.3, 0.5, 0.7, 0.9, 1.1, 0.5])
    same = np.array([False, True, False, True, False, True, True])
    folds = np.array([1, 1, 1, 1, 1, 1, 2])
    assert fold_accuracy(similarity, same, folds, fold=2).threshold == pytest.approx(0.6)


def test_similarities_without_information_are_decided_one_way_for_all() -> None:
    same = np.array([True, True, True, False] * 2)
    found = ten_fold_accuracy(np.zeros(8), same, np.repeat([1, 2], 4))
    assert found.per_fold.tolist() == [0.75, 0.75]


def test_neighbouring_floats_are_told_apart() -> None:
    low, high = 1.0, np.nextafter(1.0, 2.0)
    similarity, same = np.array([low, high] * 2), np.array([False, True] * 2)
    assert fold_accuracy(similarity, same, np.array([1, 1, 2, 2]), fold=2).accuracy == 1.0
    same = np.array([False, False, True])
    assert tar_at_far(np.array([0.0, low, high]), same, far=0.5).tar == 1.0


def test_area_equals_scikit_learn(pairs: Pairs) -> None:
    similarity, same, _ = pairs
    assert roc_auc(similarity, same) == pytest.approx(roc_auc_score(same, similarity), abs=1e-12)


def test_area_is_one_for_perfection_zero_for_its_reverse_and_a_half_for_a_constant() -> None:
    same = np.array([False, False, True, True, True])
    areas = [roc_auc(similarity, same) for similarity in (same * 1.0, -1.0 * same, same * 0.0)]
    assert areas == [1.0, 0.0, 0.5]


def test_area_ignores_how_similarity_is_scaled(pairs: Pairs) -> None:
    similarity, same, _ = pairs
    assert roc_auc(np.exp(similarity.astype(float)), same) == roc_auc(similarity, same)


@pytest.mark.parametrize("far", [1 / 300, 0.01, 0.1, 0.29, 1.0])
def test_accept_rate_is_the_highest_on_the_curve_that_the_false_rate_allows(
    pairs: Pairs, far: float
) -> None:
    similarity, same, _ = pairs
    false_rates, true_rates, _ = roc_curve(same, similarity, drop_intermediate=False)
    allowed = false_rates <= far + 1e-9
    found = tar_at_far(similarity, same, far)
    assert found.tar == pytest.approx(true_rates[allowed].max())
    assert found.realised_far == pytest.approx(false_rates[allowed].max())


@pytest.mark.parametrize("far", [1 / 300, 0.01, 0.1, 0.29, 1.0])
def test_the_threshold_returned_has_the_rates_returned(pairs: Pairs, far: float) -> None:
    similarity, same, _ = pairs
    tar, threshold, realised_far = tar_at_far(similarity, same, far)
    accepted = similarity.astype(np.float64) >= threshold
    assert np.isfinite(threshold)
    assert (accepted[same].mean(), accepted[~same].mean()) == (tar, realised_far)


def test_equal_impostors_that_cannot_all_be_accepted_are_all_refused() -> None:
    similarity = np.array([0.9, 0.9, 0.1, 0.1, 0.9, 0.95])
    same = np.array([False, False, False, False, True, True])
    found = tar_at_far(similarity, same, far=0.25)
    assert (found.tar, found.realised_far) == (0.5, 0.0)
    assert found.threshold == pytest.approx(0.925)


def test_a_rate_is_a_whole_number_of_impostors_whatever_its_binary_rounding() -> None:
    assert 0.29 * 100 < 29
    found = tar_at_far(np.arange(101.0), np.arange(101) == 0, far=0.29)
    assert found.realised_far == 0.29


def test_nobody_is_accepted_when_the_most_alike_are_equal_impostors() -> None:
    same = np.array([False, False, True])
    found = tar_at_far(np.array([0.9, 0.9, 0.1]), same, far=0.5)
    assert (found.tar, found.realised_far) == (0.0, 0.0)
    assert np.isfinite(found.threshold)


@pytest.mark.parametrize("far", [0.0033, 0.0, -0.1, 1.01, float("nan")])
def test_rejects_false_rates_that_the_pairs_cannot_measure(pairs: Pairs, far: float) -> None:
    similarity, same, _ = pairs
    with pytest.raises(ValueError, match=r"far must lie from 1 / impostors = 0\.00333 to 1, got"):
        tar_at_far(similarity, same, far)


def test_rejects_folds_that_do_not_occur_or_cannot_choose() -> None:
    similarity, same = np.array([0.1, 0.2, 0.3]), np.array([True, True, False])
    with pytest.raises(ValueError, match=r"fold 7 has no pairs; folds are \[1, 2\]"):
        fold_accuracy(similarity, same, np.array([1, 1, 2]), fold=7)
    with pytest.raises(ValueError, match="same in the other folds must hold both kinds"):
        fold_accuracy(similarity, same, np.array([1, 1, 2]), fold=2)
    with pytest.raises(ValueError, match=r"folds must be at least two, got \[1\]"):
        ten_fold_accuracy(similarity, same, np.array([1, 1, 1]))
