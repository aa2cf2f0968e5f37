"""What every metric asks of its arrays, refused in the same words everywhere."""

import numpy as np
from numpy.typing import NDArray


def finite_array(values: np.ndarray, *, name: str, ndim: int) -> NDArray[np.float64]:
    """Return ``values`` as float64, refusing what would turn a metric into nonsense.

    Args:
        values: Any real numbers; not changed.
        name: What the caller calls them; opens the message.
        ndim: Number of axes they must have.

    Returns:
        The same numbers as float64, same shape.

    Raises:
        ValueError: If there are none, their axes differ from ``ndim``, or one is not finite.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.ndim != ndim or numbers.size == 0:
        raise ValueError(f"{name} must have {ndim} axes and not be empty, got {numbers.shape}")
    unfit = numbers.size - int(np.isfinite(numbers).sum())
    if unfit:
        raise ValueError(f"{name} must be finite, got {unfit} NaN or infinite of {numbers.size}")
    return numbers


def index_array(indices: np.ndarray, *, name: str, rows: int) -> NDArray[np.int64]:
    """Return ``indices`` (labels, folds, positions) as int64.

    Args:
        indices: ``(rows,)`` integers; not changed.
        name: What the caller calls them; opens the message.
        rows: How many there must be.

    Returns:
        ``(rows,)`` int64.

    Raises:
        ValueError: If they are not whole numbers, or not ``rows`` of them.
    """
    integers = np.asarray(indices)
    if integers.shape != (rows,) or not np.issubdtype(integers.dtype, np.integer):
        raise ValueError(
            f"{name} must be integers of shape ({rows},), "
            f"got {integers.dtype} of shape {integers.shape}"
        )
    return integers.astype(np.int64)


def claim_array(claims: np.ndarray, *, name: str, rows: int) -> NDArray[np.bool_]:
    """Return ``claims`` (true or false, one per row), of which both kinds must occur.

    Args:
        claims: ``(rows,)`` bool; not changed.
        name: What the caller calls them; opens the message.
        rows: How many there must be.

    Returns:
        ``(rows,)`` bool.

    Raises:
        ValueError: If they are not bool, not ``rows`` of them, or all alike.
    """
    bools = np.asarray(claims)
    if bools.shape != (rows,) or bools.dtype != np.bool_:
        raise ValueError(
            f"{name} must be bool of shape ({rows},), got {bools.dtype} of shape {bools.shape}"
        )
    if bools.all() or not bools.any():
        raise ValueError(f"{name} must hold both kinds, got {int(bools.sum())} true of {rows}")
    return bools
