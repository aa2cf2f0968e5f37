"""Everything the doctor looks at, in order."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from lookmore.checkpoint.load import load
from lookmore.checkpoint.recogniser import Recogniser
from lookmore.data.config import DataConfig
from lookmore.doctor.exports import look_at_exports
from lookmore.doctor.machine import look_at_machine
from lookmore.doctor.packages import look_at_packages
from lookmore.doctor.parity import PART as PREPROCESSING
from lookmore.doctor.parity import Difference, differences, judge
from lookmore.doctor.pictures import drawn_picture, given_pictures, pictures_of
from lookmore.doctor.relations import look_at_relations
from lookmore.doctor.run import look_at_run
from lookmore.doctor.shrinkers import Pixels, ways
from lookmore.doctor.speed import Speed, judge_speeds, measure_speeds
from lookmore.engine.config import MachineConfig
from lookmore.engine.loop import set_threads
from lookmore.errors import ConfigError
from lookmore.page.finding import Finding
from lookmore.recipe.load import load_recipe, recipe_from

_SIDE = 16  # of the student, where no run says otherwise


class Examination(NamedTuple):
    """All findings, and the numbers behind some of them."""

    findings: list[Finding]
    """In the order in which they are told."""

    speeds: list[Speed]
    """Measured ways of computing; empty where nothing was measured."""

    parity: list[Difference]
    """Ways of shrinking a picture."""

    @property
    def faults(self) -> list[Finding]:
        """What must be put right."""
        return [finding for finding in self.findings if finding.verdict == "fault"]


class _Subject(NamedTuple):
    """Whom the examination is for."""

    machine: MachineConfig
    data: DataConfig | None
    side: int
    student: Recogniser | None


def examine(
    run: Path | None = None,
    *,
    overrides: Sequence[str] = (),
    images: Sequence[Path] = (),
    seconds: float = 1.0,
    progress: Callable[[str], None] = lambda what: None,
) -> Examination:
    """Look at packages, machine, speed, relations and preprocessing.

    Args:
        run: A run folder, or another thing that ``lookmore.load`` opens; a recipe; None: neither.
        overrides: ``data.key=value``, where the images lie now; ``machine.key=value``.
        images: Pictures to shrink; none: some of the run's, or else a drawn one.
        seconds: To measure each precision and layout for; 0 = not at all.
        progress: Told what is being looked at.

    Returns:
        What was found.

    Raises:
        CheckpointError: If the run cannot be opened.
        ConfigError: If the recipe or an override cannot be.
        UnreadableImageError: If one of ``images`` cannot be read.
        DataError: If none of ``images`` is larger than the student's side.
    """
    subject = _subject(run, overrides)
    given = given_pictures(images, side=subject.side)
    pictures, told = _pictures(given, subject.data, side=subject.side)
    device = "cuda" if torch.cuda.is_available() and subject.machine.device != "cpu" else "cpu"
    set_threads(subject.machine)

    progress("packages and machine")
    findings = [*look_at_packages(), *look_at_machine(asked_threads=subject.machine.threads)]
    speeds: list[Speed] = []
    if seconds > 0:
        progress("speed")
        speeds = measure_speeds(seconds=seconds, device=device)
        precision = subject.machine.precision
        findings += judge_speeds(speeds, precision=precision, stated=subject.data is not None)
    progress("relations")
    findings += look_at_relations(device=device, engine=subject.machine.relations)
    if run is not None and subject.student is not None:
        findings += look_at_run(subject.student)
        findings += look_at_exports(subject.student, run, pictures=pictures)
    progress("preprocessing")
    parity = differences(
        pictures,
        side=subject.side,
        ways=ways(),
        embed=None if subject.student is None else subject.student.embed,
    )
    heading = Finding(PREPROCESSING, "compared on", f"{told}, at {subject.side} px", "fine")
    return Examination([*findings, heading, *map(judge, parity)], speeds, parity)


def _subject(run: Path | None, overrides: Sequence[str]) -> _Subject:
    if run is None:
        return _Subject(MachineConfig(), None, _SIDE, None)
    if run.suffix in (".yaml", ".yml"):
        recipe = load_recipe(run, overrides)
        return _Subject(recipe.machine, recipe.data, recipe.degradation.side, None)
    student = load(run)
    if "recipe" not in student.facts:  # an exported file, which names no images and no machine
        if overrides:
            raise ConfigError(f"{run} holds no recipe, so {overrides[0]!r} changes nothing in it")
        return _Subject(MachineConfig(), None, student.side, student)
    recipe = recipe_from(student.facts["recipe"], source="the run's recipe", overrides=overrides)
    return _Subject(recipe.machine, recipe.data, student.side, student)


def _pictures(
    given: list[Pixels], data: DataConfig | None, *, side: int
) -> tuple[list[Pixels], str]:
    """Return the pictures to compare on, and what they are in words."""
    if given:
        return given, f"{len(given)} given image{'s' if len(given) > 1 else ''}"
    why = "--image FILE takes yours"
    if data is not None:
        found, missing = pictures_of(data)
        if found:
            return found, f"{len(found)} images of {data.root}"
        why = f"{missing}; {why}"
    return [drawn_picture(side=side)], f"a drawn picture ({why})"
