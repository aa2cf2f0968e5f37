"""What one look has found: in words, with a verdict and the way out."""

from typing import Literal, NamedTuple

Verdict = Literal["fine", "note", "fault"]
"""``note``: worth knowing, and nothing is broken; ``fault``: results or commands would suffer."""


class Finding(NamedTuple):
    """One line of the doctor's report."""

    part: str
    """Heading under which it stands."""

    name: str
    """What was looked at."""

    found: str
    """What is there, with units."""

    verdict: Verdict
    """How good that is."""

    advice: str = ""
    """What to do about it, or what it gives; empty where there is nothing to say."""
