"""From paths to a service: the student, who is asked beside it, and the gallery."""

from pathlib import Path

import numpy as np

from lookmore.checkpoint.load import load
from lookmore.errors import LookmoreError
from lookmore.search import Enroller, Gallery, open_enroller
from lookmore.serve.enrolment import Enrolment
from lookmore.serve.metrics import Histogram
from lookmore.serve.networks import Networks
from lookmore.serve.pictures import Darkroom
from lookmore.serve.service import Service, sharp_side
from lookmore.serve.settings import ServeConfig

_ELSEWHERE = (
    "the gallery was made through the student, in whose space the teacher's answers have no place"
)


def open_service(
    path: Path, *, index: Path | None, config: ServeConfig, batches: Histogram
) -> Service:
    """Open a student, its teacher and a gallery; their threads run from now on.

    Args:
        path: A run folder, one of its stages, or an ``.onnx`` file.
        index: Folder of a gallery; ``None`` = none.
        config: Limits.
        batches: Takes the size of each batch, by network.

    Returns:
        The service; close its networks in the end.

    Raises:
        LookmoreError: If the student or the gallery cannot be opened, or they do not fit. A
            teacher that cannot be opened is left out, and the service says why.
    """
    student = load(path)
    gallery = None if index is None else Gallery.open(index)
    if gallery is not None:
        gallery.check(student)
    through = "" if gallery is None else gallery.space.through
    run = path.parent if (path / "checkpoint.json").is_file() else path
    teacher, teacher_absent = _network(path, "teacher")
    if through == "student":
        teacher, teacher_absent = None, _ELSEWHERE
    assistant, assistant_absent = None, None
    if through == "assistant":
        assistant, assistant_absent = _network(path, "assistant")
    networks = Networks.start(
        student, teacher=teacher, assistant=assistant, config=config, batches=batches
    )
    darkroom = Darkroom(student, max_pixels=config.max_pixels)
    enrolment = None
    if gallery is not None:
        absent = {"teacher": teacher_absent, "assistant": assistant_absent}.get(through)
        enrolment = Enrolment(
            gallery,
            networks=networks,
            darkroom=darkroom,
            side=sharp_side(student),
            absent=None if absent is None else f"nobody can be enrolled here: {absent}",
        )
    blank = np.zeros((1, student.side, student.side, 3), np.uint8)
    return Service(
        student,
        networks=networks,
        darkroom=darkroom,
        enrolment=enrolment,
        name=run.resolve().name,
        teacher_absent=teacher_absent,
        tells="recognisability" in student.answer(blank),
        max_upload_bytes=config.max_upload_bytes,
    )


def _network(path: Path, through: str) -> tuple[Enroller | None, str | None]:
    """Return a run's network for sharp images, or why there is none."""
    if path.is_file():
        return None, f"the file {path.name} holds the student alone, not its {through}"
    try:
        return open_enroller(path, through=through), None
    except LookmoreError as error:
        return None, str(error)
