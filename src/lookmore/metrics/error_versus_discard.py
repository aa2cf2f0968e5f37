"""What is left of the error when the least recognisable probes are turned away."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookmore.metrics.checks import finite_array
from lookmore.metrics.intervals import Interval

SHARES: tuple[float, ...] = tuple(step / 50 for step in range(26))
"""Shares turned away, 0 to 0.5 in steps of 0.02."""


class DiscardCurve(NamedTuple):
    """Error among those kept, for each share turned away."""

    shares: NDArray[np.float64]
    """``(S,)`` in [0, 1), ascending."""

    errors: NDArray[np.float64]
    """``(S,)`` in [0, 1]; smaller is better."""

    lows: NDArray[np.float64]
    """``(S,)`` lower ends of the 95 % intervals; NaN where nothing was drawn."""

    highs: NDArray[np.float64]
    """``(S,)`` upper ends, likewise."""

    area: float
    """Mean error over the shares, in [0, 1]; smaller is better."""

    area_interval: Interval
    """Its 95 % interval, likewise."""

    def at(self, share: float) -> tuple[float, Interval]:
        """Return the error and its interval at one of ``shares``."""
        (place,) = np.flatnonzero(np.isclose(self.shares, share))
        return float(self.errors[place]), Interval(
            float(self.lows[place]), float(self.highs[place])
        )


class _Ranked(NamedTuple):
    """Trials from the best quality to the worst, equals together."""

    order: NDArray[np.intp]
    ends: NDArray[np.intp]
    wrong: NDArray[np.float64]

    def errors(
        self, shares: NDArray[np.float64], times: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the error among those kept, each trial counted ``times`` over.

        A share that ends among equals takes the same part of each, which is what turning them
        away in a random order comes to on average.
        """
        counts = times[self.order]
        trials = np.append(0.0, np.cumsum(counts)[self.ends])
        failures = np.append(0.0, np.cumsum(counts * self.wrong)[self.ends])
        kept = (1 - shares) * trials[-1]
        errors: NDArray[np.float64] = np.interp(kept, trials, failures) / kept
        return errors


def error_versus_discard(
    wrong: np.ndarray,
    quality: np.ndarray,
    *,
    shares: Iterable[float] = SHARES,
    draws: Iterable[np.ndarray] = (),
) -> DiscardCurve:
    """Return the error among the trials that are kept when those of least quality are turned away.

    Decisions stay as they were: the threshold is that of the system, and does not follow the
    trials that are left. A quality that is the same for all gives a level line, which is also
    what turning away at random gives on average.

    Args:
        wrong: ``(P,)`` bool, whether a trial (a pair, say) was decided wrongly.
        quality: ``(P,)`` finite, larger is better; of the probe, or of the worse of two.
        shares: Turned away, ascending, in [0, 1); at least two.
        draws: Each ``(P,)``, how often a draw of the bootstrap took each trial: `draws_of_trials`
            or `draws_of_people`. None of them leaves the intervals NaN.

    Returns:
        The curve.

    Raises:
        ValueError: If shapes disagree, a quality is not finite, or shares are not as said.

    Source:
        Grother, Tabassi, *Performance of Biometric Quality Measures*, IEEE Transactions on Pattern
        Analysis and Machine Intelligence 2007, doi:10.1109/TPAMI.2007.1019 (error versus reject;
        there the false non-match rate, here whatever ``wrong`` says); the area as in Schlett et
        al., *Considerations on the Evaluation of Biometric Quality Assessment Algorithms*, 2023,
        https://arxiv.org/abs/2303.13294, divided by its range.

    Example:
        >>> wrong = np.array([True, False, False, False])
        >>> found = error_versus_discard(wrong, np.array([0.1, 0.9, 0.8, 0.7]), shares=(0, 0.25))
        >>> found.errors.tolist()
        [0.25, 0.0]
    """
    finite = finite_array(quality, name="quality", ndim=1)
    failed = np.asarray(wrong)
    if failed.shape != finite.shape or failed.dtype != np.bool_:
        raise ValueError(
            f"wrong must be bool of shape {finite.shape}, got {failed.dtype} of shape "
            f"{failed.shape}"
        )
    at = np.asarray(tuple(shares), dtype=np.float64)
    if len(at) < 2 or at[0] < 0 or at[-1] >= 1 or (np.diff(at) <= 0).any():
        raise ValueError(f"shares must be two or more, ascending, in [0, 1), got {at.tolist()}")
    order = np.argsort(-finite, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(finite[order])), len(order) - 1)
    ranked = _Ranked(order, ends, failed[order].astype(np.float64))

    errors = ranked.errors(at, np.ones(len(order)))
    drawn = np.array(
        [ranked.errors(at, np.asarray(times, np.float64)) for times in draws if times.any()]
    )
    if not len(drawn):
        drawn = np.full((1, len(at)), np.nan)
    lows, highs = np.quantile(drawn, [0.025, 0.975], axis=0)
    low, high = np.quantile(_area(at, drawn), [0.025, 0.975])
    interval = Interval(float(low), float(high))
    return DiscardCurve(at, errors, lows, highs, float(_area(at, errors)), interval)


def _area(shares: NDArray[np.float64], errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of ``(..., S)`` errors over the shares, between which they go straight."""
    middles = (errors[..., 1:] + errors[..., :-1]) / 2
    area: NDArray[np.float64] = middles @ np.diff(shares) / (shares[-1] - shares[0])
    return area
