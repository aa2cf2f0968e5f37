"""Correction for attenuation: the formula in loops, embeddings that are noisy to a known degree."""

import numpy as np
import pytest

from lookmore.metrics.attenuation import corrected


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_products_are_cosines_over_a_power_of_both_recognisabilities() -> None:
    random = np.random.default_rng(0)
    rows, told = unit(random.normal(size=(7, 5))), random.random(7)
    found = corrected(rows, told)
    for one in range(7):
        for other in range(7):
            cosine = sum(rows[one, k] * rows[other, k] for k in range(5))
            least = [max(told[place], 0.5) for place in (one, other)]
            expected = cosine / (least[0] * least[1]) ** 0.5
            assert found[one] @ found[other] == pytest.approx(expected)


def test_what_noise_takes_from_a_likeness_is_mostly_given_back() -> None:
    random = np.random.default_rng(1)
    count, width, alike = 4000, 64, 0.5
    shared = unit(random.normal(size=(count, width)))

    def beside(rows: np.ndarray, cosine: float) -> np.ndarray:
        """Rows at that cosine to others, in a direction of chance."""
        chance = random.normal(size=rows.shape)
        chance -= (chance * rows).sum(1, keepdims=True) * rows
        return cosine * rows + (1 - cosine**2) ** 0.5 * unit(chance)

    sharp = beside(shared, alike)
    for told in (0.6, 0.9):
        one, other = beside(shared, told), beside(sharp, told)
        plain = (one * other).sum(1).mean()
        assert plain == pytest.approx(alike * told**2, rel=0.1)
        level = np.full(count, told)
        mended = (corrected(one, level) * corrected(other, level)).sum(1).mean()
        assert mended == pytest.approx(alike * told, rel=0.1)


def test_sharp_rows_and_types_stay() -> None:
    rows = unit(np.random.default_rng(2).normal(size=(3, 4))).astype(np.float32)
    found = corrected(rows, np.ones(3, np.float32))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, rows)
    assert corrected(rows[:0], np.zeros(0, np.float32)).shape == (0, 4)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (np.ones(2), r"one number for each row of embeddings, got \(2,\) for \(3, 4\)"),
        (np.ones((3, 1)), "one number for each row"),
        (np.array([0.5, 1.2, 0.1]), r"must lie in \[0, 1\]"),
        (np.array([0.5, np.nan, 0.1]), r"must lie in \[0, 1\]"),
    ],
)
def test_refuses_what_is_no_recognisability(told: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        corrected(np.ones((3, 4)), told)
