"""dir_at_far: equal to slow loops, honest about equals, refuses what it cannot measure."""

import numpy as np
import pytest

from lookmore.metrics.open_set import dir_at_far


def slow_rate(
    similarity: np.ndarray, queries: np.ndarray, gallery: np.ndarray, far: float
) -> float:
    """The largest rate over every threshold that lets at most ``far`` of the strangers in."""
    rates = [0.0]
    for threshold in np.unique(similarity):
        let_in, strangers, found, mated = 0, 0, 0, 0
        for row, label in zip(similarity, queries, strict=True):
            if label not in gallery:
                strangers += 1
                let_in += max(row) >= threshold
                continue
            mated += 1
            right = max(s for s, other in zip(row, gallery, strict=True) if other == label)
            wrong = max(s for s, other in zip(row, gallery, strict=True) if other != label)
            found += right > wrong and right >= threshold
        if let_in <= far * strangers:
            rates.append(found / mated)
    return max(rates)


@pytest.mark.parametrize("far", [0.05, 0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("digits", [1, 6])  # with 1 there are many equals
def test_equals_slow_loops(far: float, digits: int) -> None:
    generator = np.random.default_rng(0)
    queries, gallery = generator.integers(8, size=60), np.arange(4)
    similarity = generator.normal(size=(60, 4)) + 2 * (queries[:, None] == gallery)
    similarity = similarity.round(digits)
    found = dir_at_far(similarity, queries, gallery, far)
    assert found.found.mean() == pytest.approx(slow_rate(similarity, queries, gallery, far))
    assert found.realised_far <= far
    strangers = similarity[queries >= 4].max(axis=1)
    assert found.realised_far == (strangers >= found.threshold).mean()


def test_too_few_strangers_are_refused() -> None:
    with pytest.raises(ValueError, match="1 impostor pairs cannot measure it"):
        dir_at_far(np.eye(2), np.array([0, 5]), np.array([0, 1]), far=0.1)


def test_a_probe_of_a_stranger_is_needed() -> None:
    with pytest.raises(ValueError, match="enrolled probes must hold both kinds"):
        dir_at_far(np.eye(2), np.array([0, 1]), np.array([0, 1]), far=0.1)
