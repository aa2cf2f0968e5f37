"""The interval of a threshold: equal to slow draws of people, the same when thinned."""

import numpy as np
import pytest

from lookmore.metrics import far_threshold
from lookmore.metrics.far_threshold import far_threshold_interval
from lookmore.metrics.verification import tar_at_far

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def pairs_of(images: np.ndarray) -> Pairs:
    """All impostor pairs of people with so many images; similar people make similar pairs."""
    generator = np.random.default_rng(0)
    people = np.repeat(np.arange(len(images)), images)
    centres = generator.normal(size=(len(images), 6))[people]
    points = centres + 0.3 * generator.normal(size=(len(people), 6))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    first, second = np.nonzero(np.triu(people[:, None] != people))
    return (points @ points.T)[first, second], people[first], people[second], images


@pytest.fixture
def pairs() -> Pairs:
    """405 pairs of 12 people with 1 to 4 images."""
    return pairs_of(np.array([1, 2, 3, 4] * 3))


def slow_interval(pairs: Pairs, far: float) -> tuple[float, float]:
    """Every draw written out: each pair as often as its people were drawn, then the threshold."""
    similarity, first, second, images = pairs
    generator = np.random.default_rng(0)
    found = []
    for _ in range(1000):
        drawn = list(generator.integers(len(images), size=len(images)))
        times = [drawn.count(a) * drawn.count(b) for a, b in zip(first, second, strict=True)]
        written = np.sort(np.repeat(similarity, times))[::-1]
        allowed = int(far * len(written) + 1e-9)
        levels = np.sort(similarity)
        refused = written[allowed]
        above = levels[levels > refused]
        found.append((refused + (above[0] if len(above) else refused)) / 2)
    return float(np.quantile(found, 0.025)), float(np.quantile(found, 0.975))


@pytest.mark.parametrize("far", [0.03, 0.1, 0.5])
def test_equals_slow_draws_of_people(pairs: Pairs, far: float) -> None:
    found = tuple(far_threshold_interval(*pairs, far))
    assert found == pytest.approx(slow_interval(pairs, far))


def test_the_threshold_lies_within(pairs: Pairs) -> None:
    similarity = np.append(pairs[0], 1.0)
    same = np.append(np.zeros(len(pairs[0]), dtype=bool), True)
    low, high = far_threshold_interval(*pairs, 0.1)
    assert low < tar_at_far(similarity, same, 0.1).threshold < high


def test_both_directions_say_what_one_says(pairs: Pairs) -> None:
    similarity, first, second, images = pairs
    twice = (np.tile(similarity, 2), np.append(first, second), np.append(second, first), images)
    once = tuple(far_threshold_interval(*pairs, 0.1))
    assert tuple(far_threshold_interval(*twice, 0.1)) == pytest.approx(once, abs=0.02)


@pytest.mark.parametrize("far", [0.01, 0.1])
def test_thinning_and_a_short_tail_hardly_move_it(
    far: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = pairs_of(np.full(40, 5))  # 19,500 pairs: at 0.01 a tail of 2,000, at 0.1 every fourth
    whole = tuple(far_threshold_interval(*many, far))
    monkeypatch.setattr(far_threshold, "_KEPT", 2000)
    assert tuple(far_threshold_interval(*many, far)) == pytest.approx(whole, abs=0.005)


def test_missing_and_genuine_pairs_are_refused(pairs: Pairs) -> None:
    similarity, first, second, images = pairs
    with pytest.raises(ValueError, match="must hold all 405 impostor pairs"):
        far_threshold_interval(similarity[1:], first[1:], second[1:], images, 0.1)
    with pytest.raises(ValueError, match="405 pairs are of one person"):
        far_threshold_interval(similarity, first, first, images, 0.1)
    with pytest.raises(ValueError, match="far must lie between 0 and 1, got 1"):
        far_threshold_interval(*pairs, 1)
