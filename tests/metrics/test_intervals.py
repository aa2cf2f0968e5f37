"""Intervals: Wilson's equals scipy's, the bootstrap covers as often as it says, groups widen it."""

import numpy as np
import pytest
from scipy.stats import binomtest

from lookmore.metrics.intervals import bootstrap, mean_interval, wilson


def mean(rows: np.ndarray) -> float:
    return float(rows.sum() / len(rows))


@pytest.mark.parametrize(
    ("successes", "n"), [(0, 1), (1, 1), (0, 40), (40, 40), (8, 10), (181, 200), (1, 100_000)]
)
def test_wilson_equals_scipy(successes: int, n: int) -> None:
    expected = binomtest(successes, n).proportion_ci(0.95, method="wilson")
    assert wilson(successes, n) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_never_leaves_zero_to_one_and_always_holds_the_share() -> None:
    for n in range(1, 60):
        for successes in range(n + 1):
            low, high = wilson(successes, n)
            assert 0.0 <= low <= successes / n <= high <= 1.0
        assert (wilson(0, n).low, wilson(n, n).high) == (0.0, 1.0)


def test_wilson_is_the_same_for_hits_and_misses() -> None:
    low, high = wilson(3, 17)
    assert wilson(14, 17) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 5), (6, 5)])
def test_wilson_rejects_impossible_counts(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match=f"n at least 1, got {successes} of {n}"):
        wilson(successes, n)


def test_bootstrap_of_a_mean_agrees_with_the_normal_formula() -> None:
    values = np.random.default_rng(0).normal(5.0, 2.0, size=400)
    reach = 1.96 * values.std() / 20
    low, high = mean_interval(values)
    assert low == pytest.approx(values.mean() - reach, abs=0.1 * reach)
    assert high == pytest.approx(values.mean() + reach, abs=0.1 * reach)


def test_ninety_five_in_a_hundred_intervals_hold_the_truth() -> None:
    generator = np.random.default_rng(1)
    held = 0
    for seed in range(200):
        low, high = bootstrap(generator.exponential(size=80), mean, n=100, seed=seed)
        held += low <= 1.0 <= high
    assert 178 <= held <= 198  # 190 expected, binomial deviation 3.1, a little short for 80 rows


def test_the_same_seed_gives_the_same_interval_and_another_does_not() -> None:
    values = np.random.default_rng(2).normal(size=50)
    assert mean_interval(values, seed=3) == mean_interval(values, seed=3)
    assert mean_interval(values, seed=3) != mean_interval(values, seed=4)


def test_copies_of_one_observation_are_no_further_evidence_when_grouped() -> None:
    values = np.random.default_rng(3).normal(size=40)
    copies, groups = np.repeat(values, 25), np.repeat(np.arange(40), 25)
    low, high = mean_interval(values)
    grouped = mean_interval(copies, groups=groups)
    alone = mean_interval(copies)
    assert grouped == pytest.approx((low, high), abs=0.02)
    assert alone.high - alone.low == pytest.approx((high - low) / 5, rel=0.1)


def test_groups_need_no_order_and_keep_their_own_rows() -> None:
    generator = np.random.default_rng(4)
    groups = generator.integers(6, size=60) * 7
    seen: list[np.ndarray] = []

    def watch(rows: np.ndarray) -> float:
        seen.append(rows)
        return 0.0

    bootstrap(np.arange(60), watch, n=100, groups=groups)
    for rows in seen:
        drawn = np.bincount(rows, minlength=60)
        times = [np.unique(drawn[groups == group]) for group in np.unique(groups)]
        assert all(len(group) == 1 for group in times)  # a whole group, equally often
        assert np.concatenate(times).sum() == 6  # and as many groups as there are


def test_the_statistic_sees_whole_rows() -> None:
    table = np.random.default_rng(5).normal(size=(300, 2)) @ np.array([[1.0, 0.9], [0.0, 0.4]])

    def correlation(rows: np.ndarray) -> float:
        return float(np.corrcoef(rows.T)[0, 1])

    low, high = bootstrap(table, correlation, n=300)
    assert 0.85 < low < correlation(table) < high < 0.95


def test_rejects_too_few_draws_and_statistics_that_are_not_numbers() -> None:
    with pytest.raises(ValueError, match=r"at least 100 draws for a 2\.5 % point, got 99"):
        bootstrap(np.ones(3), mean, n=99)
    with pytest.raises(ValueError, match="statistic over the draws must be finite, got 100 NaN"):
        bootstrap(np.ones(3), lambda rows: float("nan"), n=100)


def test_rejects_values_and_groups_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="values must be finite, got 1 NaN"):
        mean_interval(np.array([1.0, np.nan]))
    with pytest.raises(ValueError, match="values must have 1 axes and not be empty"):
        mean_interval(np.zeros(0))
    with pytest.raises(ValueError, match=r"groups must be integers of shape \(3,\)"):
        mean_interval(np.ones(3), groups=np.arange(2))


def test_strata_keep_the_number_of_each_kind_in_every_draw() -> None:
    kinds = np.array([0] * 9 + [1])
    share = bootstrap(kinds.astype(float), lambda rows: float(rows.mean()), strata=kinds)
    assert tuple(share) == (0.1, 0.1)
    free = bootstrap(kinds.astype(float), lambda rows: float(rows.mean()))
    assert free.low < 0.1 < free.high
