"""The whole chain of a recipe: teacher, assistant, student, and the student left alone."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from lookmore.chain.folder import add_seconds, open_run_folder, write_unreadable
from lookmore.chain.foreign import SCORES, ForeignLoss
from lookmore.chain.guide import (
    PlacedGuide,
    Report,
    StreamTeacher,
    fit_space,
    table_of,
    teacher_flip,
)
from lookmore.chain.material import Material, open_material
from lookmore.chain.scores import ScoresGuide, ScoresTeacher, scores_of
from lookmore.chain.stage import run_stage
from lookmore.checkpoint.checkpoint import Checkpoint, load_checkpoint
from lookmore.data.views import ViewConfig
from lookmore.engine.loop import make_fabric, processes_started
from lookmore.errors import ConfigError
from lookmore.recipe.config import LearnerConfig, Recipe
from lookmore.streams.stream import Stream
from lookmore.teachers import Teacher, open_teacher
from lookmore.teachers.embedding_file import EmbeddingFile

Reporter = Callable[[str], Report]
"""Given the name of a piece of work, returns what is told of its progress."""

SMOKE_IMAGES = 16
_SMOKE_BATCH = 8


def smoked(recipe: Recipe) -> Recipe:
    """Return the recipe cut to two steps of each stage; everything else stays as it is.

    Args:
        recipe: The experiment.

    Returns:
        The same with one epoch of small batches, two views and a name of its own; train it on
        `SMOKE_IMAGES` images.
    """

    def short(learner: LearnerConfig) -> LearnerConfig:
        per_class = min(learner.schedule.images_per_class, 2)
        schedule = replace(
            learner.schedule, epochs=1, batch=_SMOKE_BATCH, images_per_class=per_class
        )
        return replace(learner, schedule=schedule)

    training = recipe.teacher_training
    return replace(
        recipe,
        name=f"{recipe.name}-smoke",
        views=replace(
            recipe.views, count=min(recipe.views.count, 2), blends=min(recipe.views.blends, 1)
        ),
        teacher_training=None if training is None else short(training),
        assistant=None if recipe.assistant is None else short(recipe.assistant),
        student=short(recipe.student),
    )


def run_chain(
    recipe: Recipe,
    *,
    folder: Path,
    reporter: Reporter,
    limit: int | None = None,
    restart: bool = False,
    foreign: ForeignLoss | None = None,
    shelf: Path | None = None,
) -> Checkpoint:
    """Train every stage of a recipe that is not finished yet.

    Args:
        recipe: The experiment.
        folder: The run folder, ``runs/NAME``.
        reporter: Told of each piece of work.
        limit: Train on this many images at most; ``None`` = all.
        restart: Train stages anew whose settings have changed.
        foreign: A loss from outside that the student learns by, beside its task.
        shelf: Where finished stages lie that runs share (see `run_stage`); ``None`` = nowhere.

    Returns:
        The student.

    Raises:
        ConfigError: If several processes were started to train it, ``student.foreign`` is not the
            name of ``foreign``, or that loss wants class scores and the recipe trains no teacher.
        LookmoreError: Of the kind that fits; what is finished stays finished.
    """
    processes, _ = processes_started()
    if processes > 1:
        raise ConfigError(
            f"a recipe trains in one process, and torchrun started {processes}: leave torchrun "
            "out; only train_stage in Python trains with several"
        )
    if recipe.student.foreign != (foreign.name if foreign else ""):
        raise ConfigError(
            f"student.foreign is {recipe.student.foreign!r}, but the loss handed in is "
            f"{foreign.name if foreign else 'none'!r}: foreign losses come from Python, through "
            "run_chain(foreign=...)"
        )
    if foreign and SCORES in foreign.guides and recipe.teacher_training is None:
        raise ConfigError(
            f"{foreign.name} learns from the teacher's class scores, and {recipe.teacher.name} has "
            "none"
        )
    open_run_folder(folder, recipe, restart=restart)
    began = time.monotonic()
    material = open_material(recipe, limit=limit, progress=reporter("images"))
    add_seconds(folder, "images", time.monotonic() - began)
    write_unreadable(folder, material.pack)
    return _Chain(recipe, material, folder, reporter, restart, foreign, shelf).run()


class _Chain:
    """The stages of one run, in order; each hands its stream to the next."""

    def __init__(
        self,
        recipe: Recipe,
        material: Material,
        folder: Path,
        reporter: Reporter,
        restart: bool,
        foreign: ForeignLoss | None,
        shelf: Path | None,
    ) -> None:
        self.recipe, self.material, self.folder = recipe, material, folder
        self.reporter, self.restart = reporter, restart
        self.foreign, self.shelf = foreign, shelf
        self.fabric: Fabric = make_fabric(recipe.machine)

    def run(self) -> Checkpoint:
        recipe = self.recipe
        teacher = self._teacher()
        flip = teacher_flip(recipe)
        centre = recipe.teacher.centre and recipe.teacher_training is None
        whiten = recipe.teacher.whiten
        guides = {
            "teacher": self._guide("teacher", teacher, flip=flip, centre=centre, whiten=whiten)
        }
        held = {"teacher": self._held_out(teacher, guides["teacher"], flip=flip)}
        facts: dict[str, Any] = {
            "teacher": {
                "name": teacher.name,
                "fingerprint": teacher.fingerprint,
                "width": teacher.width,
                "licence": teacher.licence,
            }
        }
        upstream: tuple[str, ...] = (teacher.fingerprint, _placed(flip, centre, whiten))

        assistant: Checkpoint | None = None
        if recipe.assistant is not None:
            assistant = self._stage(
                "assistant", recipe.assistant, guides, held, upstream, None, facts
            )
            if "assistant" in recipe.student.active_guides:
                guide = StreamTeacher(assistant.stream, name="assistant", device=self.fabric.device)
                placed = self._guide("assistant", guide, flip=False)
                guides["assistant"] = placed
                held["assistant"] = self._held_out(guide, placed, flip=False)
            upstream = (*upstream, assistant.facts["weights_sha256"])
            facts["assistant"] = assistant.facts["weights_sha256"]

        start_from: Stream | None = None
        if recipe.student.warm_start:
            nearest = assistant or load_checkpoint(self.folder / "teacher")
            start_from = nearest.stream
        student = self._stage("student", recipe.student, guides, held, upstream, start_from, facts)
        if "student_alone" in recipe.evaluate.controls and self.material.classes > 1:
            alone = alone_config(recipe, width=student.stream.width)
            self._stage("student_alone", alone, {}, {}, (), None, {})
        return student

    def _scores(self, guide: str) -> PlacedGuide:
        """Return what a guide says of each class of every view."""
        stream = load_checkpoint(self.folder / guide).stream
        name = scores_of(guide)
        teacher = ScoresTeacher(stream, name=name, device=self.fabric.device)
        return ScoresGuide(*self._guide(name, teacher, flip=False))

    def _teacher(self) -> Teacher:
        recipe = self.recipe
        if recipe.teacher_training is None:
            teacher = open_teacher(recipe.teacher, device=self.fabric.device)
            if isinstance(teacher, EmbeddingFile):
                teacher.embed_ids(self.material.pack.ids)  # a gap is found now, not at the end
            return teacher
        trained = self._stage("teacher", recipe.teacher_training, {}, {}, (), None, {})
        return StreamTeacher(trained.stream, name="trained", device=self.fabric.device)

    def _guide(
        self,
        name: str,
        teacher: Teacher,
        *,
        flip: bool,
        centre: bool = False,
        whiten: float = 0.0,
    ) -> PlacedGuide:
        began = time.monotonic()
        table = table_of(
            teacher,
            self.material,
            rows=self.material.train,
            views=self.recipe.views,
            seed=self.recipe.seed,
            flip=flip,
            report=self.reporter(f"{name} looks"),
        )
        add_seconds(self.folder, f"{name}_embeddings", time.monotonic() - began)
        return PlacedGuide(table, fit_space(table, centre=centre, whiten=whiten), teacher.width)

    def _held_out(self, teacher: Teacher, guide: PlacedGuide, *, flip: bool) -> PlacedGuide | None:
        """The guide's embeddings of the validation images, in the space fitted to training."""
        if len(self.material.validation) == 0:
            return None
        table = table_of(
            teacher,
            self.material,
            rows=self.material.validation,
            views=ViewConfig(),
            seed=self.recipe.seed,
            flip=flip,
        )
        return guide._replace(table=table)

    def _stage(
        self,
        role: str,
        learner: LearnerConfig,
        guides: dict[str, PlacedGuide],
        held: dict[str, PlacedGuide | None],
        upstream: tuple[str, ...],
        start_from: Stream | None,
        facts: dict[str, Any],
    ) -> Checkpoint:
        foreign = self.foreign if role == "student" else None
        names = [*learner.active_guides, *(foreign.guides if foreign else ())]
        if "scores" in learner.active_orders:
            names += [scores_of(name) for name in learner.active_guides]
        for name in ("teacher", "assistant"):
            if scores_of(name) in names and scores_of(name) not in guides:
                guides[scores_of(name)] = self._scores(name)
        used = {name: guides[name] for name in dict.fromkeys(names)}
        seen = {name: guide for name in used if (guide := held.get(name)) is not None}
        return run_stage(
            role=role,
            recipe=self.recipe,
            learner=learner,
            material=self.material,
            guides=used,
            validation_guides=seen,
            guide_space=guides["teacher"].space if "teacher" in guides else None,
            upstream=upstream,
            start_from=start_from,
            facts=facts,
            fabric=self.fabric,
            folder=self.folder / role,
            report=self.reporter(role.replace("_", " ")),
            restart=self.restart,
            foreign=foreign,
            shelf=self.shelf,
        )


def _placed(flip: bool, centre: bool, whiten: float) -> str:
    """Say how the teacher's embeddings are placed; stages of other placings are other stages."""
    said = f"flip {flip}, centre {centre}"
    return f"{said}, whiten {whiten}" if whiten else said


def alone_config(recipe: Recipe, *, width: int) -> LearnerConfig:
    """Return the student's section without its guides: the control ``student_alone``.

    Same network, images, views and schedule. Without a guide it can only learn from labels;
    where the student itself has no task loss, it gets the task's usual one.

    Args:
        recipe: The experiment.
        width: Of the student's embeddings.

    Returns:
        The section.
    """
    usual = {"face": "arcface", "metric": "proxy-anchor", "classify": "cross-entropy"}
    task = recipe.student.task
    if task.loss == "none":
        task = replace(task, loss=usual[recipe.task])
    return replace(
        recipe.student,
        stream=replace(recipe.student.stream, width=width),
        guides={},
        weights={},
        foreign="",
        warm_start=False,
        task=replace(task, weight=1.0),
    )
