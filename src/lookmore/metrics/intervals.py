"""How sure a number is: 95 % intervals, by Wilson's formula for shares, by bootstrap otherwise."""

import math
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookmore.metrics.checks import finite_array, index_array

_Z = 1.959963984540054  # 97.5 % point of the standard normal distribution
_RESAMPLES = (
    2000  # the ends of a normal interval then move by 3 % of its half-width from seed to seed
)


class Interval(NamedTuple):
    """Ends of a 95 % interval."""

    low: float
    """Lower end."""

    high: float
    """Upper end."""


def wilson(successes: int, n: int) -> Interval:
    """Return the 95 % interval of a share, honest near 0 and 1 and for few trials.

    Trials must be independent: ten frames of one sign are not ten trials; see `bootstrap`.

    Args:
        successes: Number of hits, 0 to ``n``.
        n: Number of trials, at least 1.

    Returns:
        Ends in [0, 1].

    Raises:
        ValueError: If ``n < 1`` or ``successes`` is not between 0 and ``n``.

    Source:
        Wilson, *Probable Inference, the Law of Succession, and Statistical Inference*, Journal of
        the American Statistical Association 1927; no continuity correction.

    Example:
        >>> [round(end, 4) for end in wilson(8, 10)]
        [0.4902, 0.9433]
    """
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"successes must lie from 0 to n, n at least 1, got {successes} of {n}")
    share, pull = successes / n, _Z**2 / n
    centre = (share + pull / 2) / (1 + pull)
    reach = math.sqrt(share * (1 - share) * pull + pull**2 / 4) / (1 + pull)
    # Of 14 hits in 14, rounding would make 1.0000000000000002; 0 comes out exactly.
    return Interval(centre - reach, 1.0 if successes == n else centre + reach)


def bootstrap(
    values: np.ndarray,
    statistic: Callable[[np.ndarray], float],
    n: int = _RESAMPLES,
    seed: int = 0,
    groups: np.ndarray | None = None,
    strata: np.ndarray | None = None,
) -> Interval:
    """Return the 95 % interval of a statistic, by drawing the rows again with replacement.

    Where rows hang together (photographs of a person, frames of a track), whole groups are
    drawn; single rows would feign more evidence than there is. With few rows or groups (ten
    folds, say) the interval is somewhat too narrow.

    Args:
        values: ``(N, ...)`` finite; one row per observation, as ``statistic`` wants them.
        statistic: Of rows like ``values``, finite on every draw; what it raises passes through.
        n: Number of draws, at least 100.
        seed: Same seed, same interval.
        groups: ``(N,)`` integers, rows that are drawn together; None is each row alone.
        strata: ``(N,)`` integers, kinds of rows whose numbers every draw keeps (same and different
            pairs, say); None is one kind. Not together with ``groups``.

    Returns:
        The 2.5 % and 97.5 % points of the statistic over the draws.

    Raises:
        ValueError: If shapes disagree, ``n < 100``, both groups and strata are given, or a value
            or statistic is not finite.

    Source:
        Efron, Tibshirani, *An Introduction to the Bootstrap*, 1993 (percentile interval).

    Example:
        >>> bootstrap(np.array([0.5, 0.5, 0.5]), np.mean)
        Interval(low=0.5, high=0.5)
    """
    finite_array(values, name="values", ndim=max(1, np.ndim(values)))
    if n < 100:
        raise ValueError(f"n must be at least 100 draws for a 2.5 % point, got {n}")
    if groups is not None and strata is not None:
        raise ValueError("groups and strata must not be given together")
    kinds = [np.arange(len(values))] if strata is None else _members(len(values), strata)
    members = _members(len(values), groups)
    generator = np.random.default_rng(seed)
    drawn = np.empty(n)
    for draw in range(n):
        if groups is None:
            rows = np.concatenate([generator.choice(kind, size=len(kind)) for kind in kinds])
        else:
            chosen = generator.integers(len(members), size=len(members))
            rows = np.concatenate([members[group] for group in chosen])
        drawn[draw] = statistic(values[rows])
    drawn = finite_array(drawn, name="statistic over the draws", ndim=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(low), float(high))


def _members(rows: int, groups: np.ndarray | None) -> list[NDArray[np.intp]]:
    """Return the rows of each group; each row alone where there are no groups."""
    if groups is None:
        return list(np.arange(rows)[:, None])
    names = index_array(groups, name="groups", rows=rows)
    order = np.argsort(names, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(names[order])) + 1)


def draws_of_trials(
    strata: np.ndarray, *, draws: int = 1000, seed: int = 0
) -> Iterator[NDArray[np.float64]]:
    """Yield how often each trial is drawn, with replacement, the number of each kind kept.

    Args:
        strata: ``(P,)`` integers, the kind of each trial (same and different pairs).
        draws: How many.
        seed: Same seed, same draws: those of two qualities can be compared one by one.
    """
    kinds = index_array(strata, name="strata", rows=len(strata))
    members = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    generator = np.random.default_rng(seed)
    for _ in range(draws):
        times = np.zeros(len(kinds))
        for rows in members:
            times[rows] = np.bincount(
                generator.integers(len(rows), size=len(rows)), minlength=len(rows)
            )
        yield times


def draws_of_people(
    first: np.ndarray, second: np.ndarray, *, draws: int, seed: int = 0
) -> Iterator[NDArray[np.float64]]:
    """Yield how often each pair is drawn when people are, with replacement.

    Pairs that share a person are no independent trials. A pair of two people counts as often as
    both were drawn, a pair of one as often as that one was.

    Args:
        first: ``(P,)`` integers, person of one image of each pair.
        second: ``(P,)`` integers, person of the other; the same number = a same pair.
        draws: How many.
        seed: Same seed, same draws.

    Source:
        Field, Welsh, *Bootstrapping clustered data*, Journal of the Royal Statistical Society B
        2007 (cluster bootstrap).
    """
    people, places = np.unique(np.concatenate([first, second]), return_inverse=True)
    left, right = places[: len(first)], places[len(first) :]
    same = left == right
    generator = np.random.default_rng(seed)
    for _ in range(draws):
        times = np.bincount(
            generator.integers(len(people), size=len(people)), minlength=len(people)
        )
        yield np.where(same, times[left], times[left] * times[right]).astype(np.float64)


def mean_interval(
    values: np.ndarray, *, seed: int = 0, groups: np.ndarray | None = None
) -> Interval:
    """Return the 95 % bootstrap interval of a mean.

    Args:
        values: ``(N,)`` finite, such as the precision of each query.
        seed: Same seed, same interval.
        groups: ``(N,)`` integers, rows that are drawn together; None is each row alone.

    Returns:
        Ends, in the unit of ``values``.

    Raises:
        ValueError: If shapes disagree or a value is not finite.
    """
    numbers = finite_array(values, name="values", ndim=1)
    return bootstrap(numbers, _mean, seed=seed, groups=groups)


def _mean(values: np.ndarray) -> float:
    return float(values.mean())
