"""Whether the exported files beside a run say what the run says."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lookmore.checkpoint.load import load
from lookmore.checkpoint.recogniser import Recogniser
from lookmore.doctor.run import PART
from lookmore.doctor.shrinkers import Pixels
from lookmore.errors import LookmoreError, MissingExtraError
from lookmore.export.export import NAMES
from lookmore.page.finding import Finding

_SAME = 1e-3  # largest difference of a float32 file's numbers; torch and onnxruntime differ by 1e-6
_AGAIN = "lookmore export RUN writes it again"


def look_at_exports(
    student: Recogniser, folder: Path, *, pictures: Sequence[Pixels]
) -> list[Finding]:
    """Return a finding for each exported file of a run; none where nothing was exported.

    Args:
        student: The run's.
        folder: The run folder.
        pictures: ``(S, S, 3)`` uint8 each; the student and each file look at them.
    """
    paths = {precision: folder / name for precision, name in NAMES.items()}
    return [
        _judge(student, path, precision, pictures)
        for precision, path in paths.items()
        if path.is_file()
    ]


def _judge(student: Recogniser, path: Path, precision: str, pictures: Sequence[Pixels]) -> Finding:
    try:
        exported = load(path)
    except MissingExtraError as error:
        return Finding(PART, path.name, "not compared", "note", str(error))
    except LookmoreError as error:
        return Finding(PART, path.name, str(error), "fault", _AGAIN)
    if exported.facts["weights_sha256"] != student.facts["weights_sha256"]:
        return Finding(PART, path.name, "was exported from other weights", "fault", _AGAIN)
    ours, theirs = student.embed(pictures), exported.embed(pictures)
    largest = float(np.abs(ours - theirs).max())
    cosines = (ours * theirs).sum(axis=1)
    found = f"differs by {largest:.0e} at most; cosine {cosines.mean():.3f}, worst "
    found += f"{cosines.min():.3f}, on {len(pictures)} pictures"
    is_number = np.isfinite(largest)
    if not is_number or (precision == "fp32" and largest > _SAME):
        return Finding(PART, path.name, found, "fault", _AGAIN)
    return Finding(PART, path.name, found, "fine")
