"""The same picture shrunk by each library: how much of what the student sees then differs."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lookmore.doctor.shrinkers import Pixels, Way, reference
from lookmore.page.finding import Finding

PART = "Preprocessing"
Embed = Callable[[Sequence[Pixels]], npt.NDArray[np.float32]]
"""Pictures at the student's side to ``(N, D)`` embeddings, rows of length 1."""

# Pillow rounds to 8 bits between rows and columns, and cuts overshoot off there: 7 steps at single
# pixels of photographs, 0.1 on average. The nearest other way, an average over areas, has 1 to 4.
_FEW_STEPS, _FEW_ON_AVERAGE = 16, 0.3


class Difference(NamedTuple):
    """What one way of shrinking gives, beside what the student was trained on."""

    library: str
    """Whose way it is."""

    call: str
    """As it is written in code."""

    is_same: bool
    """Whether it should agree."""

    largest: int | None
    """Largest difference of any pixel, in steps of 1/255; None where it is not installed."""

    mean: float | None
    """Mean difference over all pixels, likewise."""

    cosine_mean: float | None
    """Mean cosine of the student's embeddings of both; None without a run."""

    cosine_worst: float | None
    """Smallest such cosine."""


def differences(
    pictures: Sequence[Pixels], *, side: int, ways: Sequence[Way], embed: Embed | None = None
) -> list[Difference]:
    """Shrink all pictures in all ways.

    Args:
        pictures: ``(S, S, 3)`` uint8, larger than ``side``.
        side: The student's, in pixels.
        ways: Of shrinking.
        embed: The student; None where there is none.

    Returns:
        One for each way.
    """
    right = [reference(picture, side) for picture in pictures]
    own = None if embed is None else embed(right)
    found = []
    for way in ways:
        base = (way.library, way.call, way.is_same)
        if way.shrink is None:
            found.append(Difference(*base, None, None, None, None))
            continue
        small = [way.shrink(picture, side) for picture in pictures]
        steps = np.abs(np.stack(small).astype(int) - np.stack(right).astype(int))
        cosines = None if embed is None or own is None else (embed(small) * own).sum(axis=1)
        found.append(
            Difference(
                *base,
                int(steps.max()),
                float(steps.mean()),
                None if cosines is None else float(cosines.mean()),
                None if cosines is None else float(cosines.min()),
            )
        )
    return found


def judge(found: Difference) -> Finding:
    """Say what a difference means."""
    name = f"{found.library} {found.call}"
    if found.largest is None or found.mean is None:
        return Finding(PART, name, "not installed: not compared", "fine")
    words = f"largest {found.largest}, mean {found.mean:.2f} steps"
    if found.cosine_mean is not None and found.cosine_worst is not None:
        words += f"; cosine {found.cosine_mean:.3f}, worst {found.cosine_worst:.3f}"
    agrees = found.largest <= _FEW_STEPS and found.mean <= _FEW_ON_AVERAGE
    if found.is_same:
        if agrees:
            return Finding(PART, name, words, "fine", "the same to the student")
        advice = "should agree and does not: this library is broken, or another version is needed"
        return Finding(PART, name, words, "fault", advice)
    if agrees:
        return Finding(PART, name, words, "fine", "no different on these pictures")
    return Finding(PART, name, words, "note", _INSTEAD)


_INSTEAD = "feeds the student something else: hand the large image to lookmore, or use Pillow"
