"""Who is on these images? Matches, and what the calibrated threshold says of each."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from lookmore.checkpoint.comparison import choose_threshold
from lookmore.checkpoint.recogniser import Picture, Recogniser
from lookmore.checkpoint.thresholds import Threshold
from lookmore.search.gallery import Gallery
from lookmore.search.matches import Match

_BATCH = 256


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a gallery says of one probe."""

    side: int
    """Of the square cut out of the probe, in pixels, before it was resized."""

    recognisability: float | None
    """In [0, 1], larger is better; ``None`` where the student does not tell it."""

    threshold: Threshold | None
    """What decides about a probe as recognisable as this; ``None`` where none was calibrated for
    such probes against such a gallery."""

    matches: tuple[Match, ...]
    """The nearest people, best first."""

    def accepts(self, match: Match) -> bool | None:
        """Say whether a match is near enough; ``None`` without a threshold.

        Args:
            match: Of `matches`.
        """
        return None if self.threshold is None else match.similarity >= self.threshold.threshold

    def as_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold, the decisions among them."""
        return {
            "side": self.side,
            "recognisability": self.recognisability,
            "threshold": None if self.threshold is None else asdict(self.threshold),
            "matches": [
                {**match._asdict(), "accepted": self.accepts(match)} for match in self.matches
            ],
        }


def ask(
    gallery: Gallery,
    student: Recogniser,
    images: Sequence[Picture],
    *,
    k: int = 5,
    far: float | None = None,
) -> list[Answer]:
    """Search probes.

    Args:
        gallery: To be searched.
        student: Embeds the probes.
        images: The probes, as for `Recogniser.embed`.
        k: People to name for each.
        far: False accept rate to decide at; ``None`` = the smallest that was calibrated.

    Returns:
        An answer for each.

    Raises:
        GalleryError: If the gallery is not for this student.
        ConfigError: If thresholds were calibrated, but not at ``far``.
        UnreadableImageError: Naming the first image that cannot be read.
    """
    gallery.check(student)
    found: list[Answer] = []
    for start in range(0, len(images), _BATCH):
        seen = [student.see(image) for image in images[start : start + _BATCH]]
        said = student.answer(np.stack([one.pixels for one in seen]))
        scores = said.get("recognisability")
        matches = gallery.search(said["embeddings"], k)
        found += [
            Answer(
                side=one.side,
                recognisability=None if scores is None else float(scores[at]),
                threshold=choose_threshold(
                    student.thresholds,
                    probe_side=one.side,
                    gallery=gallery.space.through,
                    recognisability=None if scores is None else [float(scores[at])],
                    far=far,
                ),
                matches=matches[at],
            )
            for at, one in enumerate(seen)
        ]
    return found


def why_no_decision(gallery: Gallery, student: Recogniser, *, run: str) -> str:
    """Say why an answer has no threshold, and how to get one.

    Args:
        gallery: That was searched.
        student: That was asked.
        run: Where it lies.
    """
    through = gallery.space.through
    if through == "assistant":
        return (
            "No decision: thresholds are calibrated against sharp images through the teacher, and "
            "this gallery is the assistant's. Index through the teacher to have one."
        )
    if not student.thresholds:
        return (
            f"No decision: nobody calibrated this student. Run: lookmore calibrate {run} --far 1e-2"
        )
    return (
        f"No decision: this student was not calibrated against sharp images through the {through}, "
        f"only against {', '.join(sorted({one.gallery for one in student.thresholds}))}. "
        f"Run: lookmore calibrate {run} --far 1e-2"
    )
