"""Line ends: names keep apart and stay as near to their lines as that allows."""

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression

from lookmore.evaluate.line_ends import spread


@pytest.mark.parametrize("count", [1, 2, 5, 12])
@pytest.mark.parametrize("seed", range(5))
def test_moves_as_little_as_any_arrangement_can(count: int, seed: int) -> None:
    wanted = np.random.default_rng(seed).uniform(0, 100, size=count)
    order, gaps = np.argsort(wanted), 7.0 * np.arange(count)
    # Less its share of gaps, the best arrangement is the nearest rising sequence.
    fit = IsotonicRegression(y_min=0.0, y_max=100.0 - gaps[-1])
    expected = np.empty(count)
    expected[order] = fit.fit_transform(np.arange(count), wanted[order] - gaps) + gaps
    np.testing.assert_allclose(spread(list(wanted), gap=7.0, low=0.0, high=100.0), expected)


def test_names_with_room_stay_where_they_are() -> None:
    assert spread([50.0, 10.0, 90.0], gap=20.0, low=0.0, high=100.0) == [50.0, 10.0, 90.0]


def test_equal_lines_keep_their_order() -> None:
    assert spread([5.0, 5.0, 5.0], gap=2.0, low=0.0, high=10.0) == [3.0, 5.0, 7.0]


def test_too_many_names_still_keep_apart() -> None:
    assert spread([1.0, 1.0, 1.0], gap=10.0, low=0.0, high=5.0) == [0.0, 10.0, 20.0]
