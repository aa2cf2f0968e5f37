"""A measured number on its way to becoming a row."""

from typing import NamedTuple

import numpy as np

from lookmore.metrics.intervals import mean_interval, wilson


class Measure(NamedTuple):
    """What a protocol found for one contestant at one side."""

    metric: str
    """As in `Row.metric`."""

    value: float
    """In [0, 1]."""

    low: float
    """Lower end of the 95 % interval."""

    high: float
    """Upper end."""

    interval: str
    """``wilson``, ``bootstrap`` or ``bootstrap over groups``."""

    n: int
    """Probes or pairs."""

    gallery_side: int
    """In pixels; 0 where there is no gallery."""

    gallery_stream: str
    """Who embedded the gallery, or ``none``."""

    selected_on: str = "none"
    """What chose a threshold."""


def share_of(
    hits: np.ndarray,
    *,
    metric: str,
    gallery_side: int,
    gallery_stream: str,
    selected_on: str = "none",
    groups: np.ndarray | None = None,
) -> Measure:
    """Return the share of hits with Wilson's interval, or one by bootstrap over groups.

    Args:
        hits: ``(N,)`` bool, independent trials unless there are groups.
        metric: As in `Row.metric`.
        gallery_side: In pixels.
        gallery_stream: Who embedded the gallery.
        selected_on: What chose a threshold.
        groups: ``(N,)`` integers, trials that hang together, such as frames of a track.

    Returns:
        The measure. Where all trials agree, groups leave a bootstrap nothing to draw, and the
        interval is Wilson's for as many trials as there are groups.
    """
    value, interval = float(hits.mean()), "wilson"
    if groups is None:
        low, high = wilson(int(hits.sum()), len(hits))
    elif value in (0.0, 1.0):
        count = len(np.unique(groups))
        low, high = wilson(int(value) * count, count)
    else:
        low, high = mean_interval(hits.astype(np.float64), groups=groups)
        interval = "bootstrap over groups"
    return Measure(
        metric, value, low, high, interval, len(hits), gallery_side, gallery_stream, selected_on
    )


def mean_of(values: np.ndarray, *, metric: str, gallery_side: int, gallery_stream: str) -> Measure:
    """Return a mean of per-probe values with its bootstrap interval.

    Args:
        values: ``(N,)`` in [0, 1].
        metric: As in `Row.metric`.
        gallery_side: In pixels.
        gallery_stream: Who embedded the gallery.

    Returns:
        The measure.
    """
    low, high = mean_interval(values)
    return Measure(
        metric, float(values.mean()), low, high, "bootstrap", len(values), gallery_side,
        gallery_stream,
    )  # fmt: skip
