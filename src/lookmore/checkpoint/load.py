"""From a path to a student in use: a run folder, one of its stages, or an exported file."""

from pathlib import Path

from lookmore.checkpoint.artefact import artefact_of
from lookmore.checkpoint.checkpoint import load_checkpoint
from lookmore.checkpoint.network import stream_network
from lookmore.checkpoint.onnx_file import SUFFIX, open_onnx_file
from lookmore.checkpoint.recogniser import Recogniser
from lookmore.checkpoint.thresholds import read_thresholds


def load(path: str | Path) -> Recogniser:
    """Open a trained student.

    Args:
        path: A run folder (``runs/NAME``), one of its stages (``runs/NAME/student``), or a file
            of ``lookmore export`` (``student.onnx``), which needs nothing beside it.

    Returns:
        The student, ready to embed images; the same whatever it was opened from.

    Raises:
        CheckpointError: If there is no finished checkpoint, it is damaged, or the thresholds
            beside it were measured with other weights.
        MissingExtraError: If a file is opened and onnxruntime is not installed.
    """
    place = Path(path)
    if place.suffix.lower() == SUFFIX:
        return Recogniser(*open_onnx_file(place))
    if (place / "student").is_dir():
        place = place / "student"
    checkpoint = load_checkpoint(place)
    digest = checkpoint.facts["weights_sha256"]
    artefact = artefact_of(checkpoint, read_thresholds(place, weights_sha256=digest))
    return Recogniser(artefact, stream_network(checkpoint.stream))
