"""checks: unfit arrays are refused with their name, what was expected, and what was found."""

import numpy as np
import pytest

from lookmore.metrics.checks import claim_array, finite_array, index_array


def test_numbers_of_any_kind_become_float64_unchanged() -> None:
    halves = np.array([1, 0.5], dtype=np.float16)
    assert finite_array(halves, name="values", ndim=1).dtype == np.float64
    assert finite_array(halves, name="values", ndim=1).tolist() == [1.0, 0.5]


@pytest.mark.parametrize("unfit", [np.nan, np.inf, -np.inf])
def test_rejects_what_is_not_finite_and_counts_it(unfit: float) -> None:
    with pytest.raises(ValueError, match="similarity must be finite, got 2 NaN or infinite of 3"):
        finite_array(np.array([unfit, 1.0, unfit]), name="similarity", ndim=1)


@pytest.mark.parametrize("shape", [(), (0,), (2, 2)])
def test_rejects_other_axes_and_emptiness(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="similarity must have 1 axes and not be empty, got"):
        finite_array(np.zeros(shape), name="similarity", ndim=1)


@pytest.mark.parametrize("labels", [np.zeros(3, int), np.zeros((2, 1), int), np.zeros(2)])
def test_rejects_labels_of_another_length_shape_or_kind(labels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"labels must be integers of shape \(2,\), got"):
        index_array(labels, name="labels", rows=2)


@pytest.mark.parametrize("same", [np.array([1, 0]), np.array([True]), np.array([[True, False]])])
def test_rejects_claims_that_are_not_one_bool_per_row(same: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"same must be bool of shape \(2,\), got"):
        claim_array(same, name="same", rows=2)


@pytest.mark.parametrize("value", [True, False])
def test_rejects_claims_of_one_kind(value: bool) -> None:
    with pytest.raises(ValueError, match=f"same must hold both kinds, got {2 * value} true of 2"):
        claim_array(np.array([value, value]), name="same", rows=2)
