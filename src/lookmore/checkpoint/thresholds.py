"""From which similarity on two images show the same: kept beside the weights that it is true of."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np

from lookmore.checkpoint.checkpoint import write_whole
from lookmore.errors import CheckpointError
from lookmore.metrics.attenuation import attenuation

THRESHOLDS_FORMAT = 2
THRESHOLDS_NAME = "thresholds.json"
COSINE, CORRECTED = "cosine", "corrected"
SIMILARITIES = (COSINE, CORRECTED)


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """The similarity from which on a pair is accepted, at one false accept rate."""

    far: float
    """False accept rate that was asked for, in (0, 1)."""

    probe_side: int
    """Side of the probe, in pixels."""

    gallery: str
    """What the probe is compared with: ``teacher`` or ``student``, who embedded a sharp image; or
    ``same side``, an image as small as the probe through the student."""

    threshold: float
    """Accept from this similarity on, itself included."""

    low: float
    """Lower end of the 95 % interval of ``threshold``, over people."""

    high: float
    """Upper end of the 95 % interval."""

    realised_far: float
    """Share of the impostor pairs that it accepts: ``far`` or less."""

    impostor_pairs: int
    """Pairs of different people behind it."""

    genuine_pairs: int
    """Pairs of one person behind ``tar``."""

    tar: float
    """Share of the genuine pairs that it accepts, in [0, 1]; larger is better."""

    degradation: str
    """How the probes lost their detail."""

    selected_on: str
    """Whose images made the pairs: ``validation``."""

    similarity: str = COSINE
    """What ``threshold`` is a value of: ``cosine``, the dot product of unit rows; or
    ``corrected``, the same corrected for attenuation (`lookmore.metrics.attenuation.corrected`),
    by the recognisability of every image that the student sees."""

    recognisability: float = 1.0
    """Where ``corrected``: of the images that ``threshold``, ``low`` and ``high`` are stated for,
    as values that their cosine must reach; the median of those calibrated on."""

    @property
    def is_corrected(self) -> bool:
        """Whether it moves with the recognisability of the images."""
        return self.similarity == CORRECTED

    def for_cosines(self, recognisability: Sequence[float] | None) -> "Threshold":
        """Return the threshold that the plain cosine of one pair must reach.

        Args:
            recognisability: Of each image of the pair that the student sees, in [0, 1]: of the
                probe, and of the other where that is not the teacher's; ``None`` = not told.

        Returns:
            With ``similarity`` ``cosine``: this one, or lower for poorer images, higher for better.

        Raises:
            CheckpointError: If it is needed and not told.
        """
        if not self.is_corrected:
            return self
        if recognisability is None:
            raise CheckpointError(
                "these thresholds are corrected by recognisability, which this student does not "
                "tell: run 'lookmore calibrate' again"
            )
        told = np.array(recognisability, dtype=np.float64)
        left = float((attenuation(told) / attenuation(np.array(self.recognisability))).prod())
        return replace(
            self,
            threshold=self.threshold * left,
            low=self.low * left,
            high=self.high * left,
            similarity=COSINE,
            recognisability=1.0,
        )


def write_thresholds(folder: Path, thresholds: Sequence[Threshold], *, weights_sha256: str) -> None:
    """Write thresholds beside a checkpoint, in the place of those that were there.

    Args:
        folder: Of the student, ``runs/NAME/student``.
        thresholds: What to write.
        weights_sha256: Of the weights they were measured with.

    Raises:
        CheckpointError: If they cannot be written; nothing half-written is left.
    """
    found = {
        "format": THRESHOLDS_FORMAT,
        "weights_sha256": weights_sha256,
        "thresholds": [asdict(threshold) for threshold in thresholds],
    }
    write_whole(folder / THRESHOLDS_NAME, (json.dumps(found, indent=1) + "\n").encode())


def read_thresholds(folder: Path, *, weights_sha256: str) -> tuple[Threshold, ...]:
    """Return the thresholds of a student, none where it was never calibrated.

    Args:
        folder: Of the student.
        weights_sha256: Of its weights.

    Returns:
        As they were written.

    Raises:
        CheckpointError: If the file is damaged, of another format, or of other weights.
    """
    path = folder / THRESHOLDS_NAME
    again = "run 'lookmore calibrate' again, or delete it"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}; {again}") from error
    version = found.get("format") if isinstance(found, dict) else None
    if version != THRESHOLDS_FORMAT:
        raise CheckpointError(
            f"{path} has format {version!r}, this lookmore reads "
            f"format {THRESHOLDS_FORMAT}: {again}"
        )
    if found.get("weights_sha256") != weights_sha256:
        raise CheckpointError(
            f"{path} is stale, the student beside it has other weights than it was measured with: "
            f"{again}"
        )
    names = {field.name for field in fields(Threshold)}
    entries = found.get("thresholds")
    if not isinstance(entries, list) or any(
        not isinstance(entry, dict)
        or set(entry) != names
        or entry["similarity"] not in SIMILARITIES
        for entry in entries
    ):
        raise CheckpointError(f"{path} does not hold thresholds of {sorted(names)}: {again}")
    return tuple(Threshold(**entry) for entry in entries)
