"""Pairs of faces with what was decided of each: what a quality of probes is tried on."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

DRAWS = 1000
"""Draws of the bootstrap."""


class DecidedPairs(NamedTuple):
    """Pairs, each decided rightly or not, with both images small or only the probe."""

    gallery_side: int
    """Of the image that the probe is compared with, in pixels."""

    gallery_stream: str
    """Who embedded it."""

    correct: np.ndarray
    """``(P,)`` bool, decided rightly."""

    probes: np.ndarray
    """``(P,)`` pack row of the probe."""

    others: np.ndarray | None
    """``(P,)`` pack row of the other image where that is small too; ``None`` = it is sharp."""

    selected_on: str
    """What chose the threshold."""

    interval: str
    """What `draws` draws: ``bootstrap`` or ``bootstrap over groups``."""

    draws: Callable[[], Iterator[np.ndarray]]
    """Gives anew, each time, how often each pair is drawn."""
