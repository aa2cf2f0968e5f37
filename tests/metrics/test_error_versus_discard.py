"""Error versus discard: slow loops, equals taken apart, chance is level, intervals as drawn."""

import numpy as np
import pytest

from lookmore.metrics.error_versus_discard import SHARES, error_versus_discard
from lookmore.metrics.intervals import draws_of_people, draws_of_trials


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(0)


def by_loops(wrong: list[bool], quality: list[float], dropped: int) -> float:
    """Drop the worst one by one, and count."""
    trials = sorted(zip(quality, wrong, strict=True), key=lambda trial: trial[0])
    kept = [failed for _, failed in trials[dropped:]]
    return sum(kept) / len(kept)


def test_equals_dropping_one_by_one(random: np.random.Generator) -> None:
    wrong, quality = random.random(50) < 0.3, random.normal(size=50)
    found = error_versus_discard(wrong, quality, shares=(0, 0.1, 0.3, 0.48))
    expected = [by_loops(wrong.tolist(), quality.tolist(), n) for n in (0, 5, 15, 24)]
    assert found.errors == pytest.approx(expected)


def test_one_quality_for_all_is_a_level_line(random: np.random.Generator) -> None:
    wrong = random.random(37) < 0.3
    found = error_versus_discard(wrong, np.full(37, 2.0))
    assert found.errors == pytest.approx(np.full(len(SHARES), wrong.mean()))
    assert found.area == pytest.approx(wrong.mean())


def test_equals_are_what_random_orders_of_them_come_to(random: np.random.Generator) -> None:
    wrong, levels = random.random(20) < 0.4, random.integers(0, 3, size=20)
    found = error_versus_discard(wrong, levels, shares=(0, 0.25))
    tries = []
    for _ in range(4000):
        shaken = levels + random.random(20) / 2
        tries.append(by_loops(wrong.tolist(), shaken.tolist(), 5))
    assert found.errors[1] == pytest.approx(np.mean(tries), abs=0.01)


def test_who_knows_the_wrong_ones_drops_them_first() -> None:
    wrong = np.arange(10) < 2
    found = error_versus_discard(wrong, -wrong.astype(float), shares=(0, 0.1, 0.2, 0.5))
    assert found.errors == pytest.approx([0.2, 1 / 9, 0.0, 0.0])


def test_the_order_of_trials_and_the_scale_of_quality_do_not_matter(
    random: np.random.Generator,
) -> None:
    wrong, quality = random.random(40) < 0.3, random.normal(size=40)
    order = random.permutation(40)
    one = error_versus_discard(wrong, quality)
    other = error_versus_discard(wrong[order], np.exp(quality[order]))
    assert one.errors == pytest.approx(other.errors)


def test_the_area_is_the_mean_of_the_line_between_the_shares() -> None:
    wrong = np.array([True, False, False, False])
    found = error_versus_discard(wrong, np.arange(4.0), shares=(0, 0.25, 0.5))
    assert found.area == pytest.approx((0.25 + 0.0) / 2 * 0.5 + 0.0 * 0.5)


def test_a_draw_counts_trials_as_if_they_were_listed_so_often(random: np.random.Generator) -> None:
    wrong, quality = random.random(30) < 0.4, random.normal(size=30)
    times = random.integers(0, 4, size=30)
    one = error_versus_discard(wrong, quality, draws=[times])
    listed = np.repeat(np.arange(30), times)
    other = error_versus_discard(wrong[listed], quality[listed])
    assert one.lows == pytest.approx(other.errors)
    assert one.area_interval == pytest.approx((other.area, other.area))


def test_the_interval_holds_the_value_and_narrows_with_the_number(
    random: np.random.Generator,
) -> None:
    widths = []
    for count in (100, 1600):
        wrong, quality = random.random(count) < 0.3, random.normal(size=count)
        found = error_versus_discard(
            wrong, quality, draws=draws_of_trials(np.zeros(count, int), draws=200)
        )
        value, (low, high) = found.at(0.2)
        assert low < value < high
        widths.append(high - low)
    assert 3 < widths[0] / widths[1] < 5.5  # a fourth, as 16 times as many should have


def test_nothing_drawn_leaves_no_interval() -> None:
    found = error_versus_discard(np.array([True, False]), np.arange(2.0))
    assert np.isnan(found.lows).all()
    assert np.isnan(found.area_interval.low)


def test_a_draw_of_trials_keeps_the_number_of_each_kind() -> None:
    kinds = np.array([0, 1, 1, 0, 1])
    for times in draws_of_trials(kinds, draws=20):
        assert times[kinds == 0].sum() == 2
        assert times[kinds == 1].sum() == 3


def test_the_same_seed_draws_the_same_for_two_qualities() -> None:
    one, other = (list(draws_of_trials(np.zeros(9, int), draws=3, seed=4)) for _ in range(2))
    assert np.array_equal(one, other)
    people = (np.array([0, 0, 1]), np.array([0, 1, 1]))
    one, other = (list(draws_of_people(*people, draws=3, seed=4)) for _ in range(2))
    assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("wrong", "quality", "shares", "message"),
    [
        (np.ones(3), np.ones(3), (0, 0.5), r"wrong must be bool of shape \(3,\), got float64"),
        (np.ones(2, bool), np.ones(3), (0, 0.5), r"wrong must be bool of shape \(3,\)"),
        (np.ones(2, bool), np.array([1, np.nan]), (0, 0.5), "quality must be finite"),
        (np.ones(2, bool), np.ones(2), (0.5, 0), "ascending"),
        (np.ones(2, bool), np.ones(2), (0, 1), r"in \[0, 1\)"),
    ],
)
def test_refuses_what_makes_no_curve(
    wrong: np.ndarray, quality: np.ndarray, shares: tuple[float, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        error_versus_discard(wrong, quality, shares=shares)
