"""Are these two the same? A similarity, and the threshold that was calibrated for such a pair."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from lookmore.checkpoint.thresholds import Threshold
from lookmore.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two images, or an image and the teacher's embedding of another, compared."""

    similarity: float
    """Dot product of the unit embeddings, in [-1, 1]; larger is more alike."""

    probe_side: int
    """Side of the smaller image as it was handed in, in pixels."""

    against: str
    """What it is compared with: ``teacher`` is the teacher's embedding of a sharp image;
    ``student`` a sharp and ``same side`` a small image, both through the student."""

    threshold: Threshold | None
    """The calibrated threshold that decides, of the side nearest to ``probe_side``, for images as
    recognisable as these; ``None`` where there is none for such a pair."""

    @property
    def same(self) -> bool | None:
        """Whether both show the same; ``None`` without a threshold."""
        return None if self.threshold is None else self.similarity >= self.threshold.threshold

    @property
    def far(self) -> float | None:
        """The false accept rate that the decision stands for; ``None`` without a threshold."""
        return None if self.threshold is None else self.threshold.far

    @property
    def reason(self) -> str:
        """One sentence: the decision, its threshold and what that was measured on."""
        if self.threshold is None:
            return (
                f"no threshold for a {self.probe_side} px probe against {_WORDS[self.against]}: "
                "run lookmore calibrate"
            )
        found = self.threshold
        sign, verdict = (">=", "the same") if self.same else ("<", "not the same")
        return (
            f"{self.similarity:.3f} {sign} {found.threshold:.3f}: {verdict}, at a false accept "
            f"rate of {found.far:g}, calibrated for {found.probe_side} px probes "
            f"({found.degradation}) against {_WORDS[found.gallery]}; this one has "
            f"{self.probe_side} px"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold, the decision among them."""
        return {**asdict(self), "same": self.same, "far": self.far, "reason": self.reason}


_WORDS = {
    "teacher": "the teacher's embedding of a sharp image",
    "student": "a sharp image",
    "same side": "another as small",
}


def choose_threshold(
    thresholds: Sequence[Threshold],
    *,
    probe_side: int,
    gallery: str,
    recognisability: Sequence[float] | None,
    far: float | None = None,
) -> Threshold | None:
    """Return the threshold that decides about a pair.

    Among those for ``gallery`` at ``far``, the one of the calibrated side nearest to the probe's
    (of two as near, the smaller); where several degradations were calibrated there, the highest,
    so that the false accept rate holds under each.

    Args:
        thresholds: As calibrated.
        probe_side: Of the probe, in pixels.
        gallery: ``teacher``, ``student`` or ``same side``.
        recognisability: Of each image of the pair that the student sees, the probe first;
            ``None`` = it does not tell.
        far: False accept rate; ``None`` = the smallest that was calibrated.

    Returns:
        The threshold for this pair's cosine, ``None`` where there is none for ``gallery``.

    Raises:
        ConfigError: If there are some, but none at ``far``.
    """
    fitting = [found for found in thresholds if found.gallery == gallery]
    if not fitting:
        return None
    fars = sorted({found.far for found in fitting})
    wanted = fars[0] if far is None else far
    if wanted not in fars:
        raise ConfigError(
            f"no threshold was calibrated for a false accept rate of {wanted:g}, only for "
            f"{', '.join(f'{known:g}' for known in fars)}: ask for one of these, or run "
            f"lookmore calibrate with --far {wanted:g}"
        )
    fitting = [found for found in fitting if found.far == wanted]
    nearest = min(
        {found.probe_side for found in fitting}, key=lambda side: (abs(side - probe_side), side)
    )
    return max(
        (found.for_cosines(recognisability) for found in fitting if found.probe_side == nearest),
        key=lambda found: found.threshold,
    )
