"""Who is measured against which gallery: the student, and the controls it must be seen beside."""

from typing import NamedTuple

from lookmore.evaluate.encoder import Encoder


class Contestant(NamedTuple):
    """One line of a report: who embeds the probes, who the gallery."""

    method: str
    """As in `Row.method`."""

    probe: Encoder
    """Embeds the probes."""

    gallery: Encoder
    """Embeds the sharp gallery."""

    guide: str
    """Whom the probe's stream learnt from."""

    sharp_only: bool
    """Measured on sharp probes only."""


def contestants(
    encoders: dict[str, Encoder], *, guide: str, controls: set[str], guided: set[str]
) -> list[Contestant]:
    """Return everyone to measure, controls first.

    A stream that was guided by the teacher, at its width, is searched in the teacher's gallery.
    Any other speaks a language of its own, so its gallery is enrolled anew through itself: the
    best a user could do with it.

    Args:
        encoders: ``teacher``, ``student`` and perhaps ``assistant``, ``student_alone``, and
            ``corrected``, the student with its similarities corrected for attenuation.
        guide: Of the student, as in `Row.guide`.
        controls: Which of the three controls to measure.
        guided: Streams that live in the teacher's space.

    Returns:
        At least the student.
    """

    def home(name: str) -> Encoder:
        return encoders["teacher" if name in guided else name]

    teacher = encoders["teacher"]
    found: list[Contestant] = []
    if "teacher" in controls:
        found.append(Contestant("teacher", teacher, teacher, "none", True))
    if "assistant" in encoders:
        own = encoders["assistant"]
        found.append(Contestant("assistant", own, home("assistant"), "teacher", True))
    if "teacher_upscaled" in controls and teacher.recall is None:
        found.append(Contestant("teacher_upscaled", teacher, teacher, "none", False))
    if "student_alone" in encoders:
        alone = encoders["student_alone"]
        found.append(Contestant("student_alone", alone, alone, "none", False))
    if "corrected" in encoders:
        own = encoders["corrected"]
        gallery = home("student") if "student" in guided else own
        found.append(Contestant("corrected", own, gallery, guide, False))
    found.append(Contestant("ours", encoders["student"], home("student"), guide, False))
    return found
