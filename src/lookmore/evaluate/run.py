"""A run folder in, its rows out: every contestant, every side, every degradation."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lookmore.chain.folder import FREE_DATA
from lookmore.chain.guide import StreamTeacher, teacher_flip
from lookmore.chain.material import Material, open_material
from lookmore.chain.run import Reporter, alone_config
from lookmore.chain.stage import stage_key
from lookmore.checkpoint.checkpoint import Checkpoint, load_checkpoint
from lookmore.data.pack import Pack
from lookmore.data.pairs import read_pairs
from lookmore.data.splits import groups_of
from lookmore.engine.device import chosen_device
from lookmore.engine.loop import set_threads
from lookmore.errors import CheckpointError, ConfigError, DataError
from lookmore.evaluate.all_pairs import decided_evenly, strangers, verify_all
from lookmore.evaluate.classification import Scores, classify
from lookmore.evaluate.contest import Contestant, contestants
from lookmore.evaluate.discard import Discards, calibration, discards
from lookmore.evaluate.encoder import Embedder, Encoder, stream_encoder, teacher_encoder
from lookmore.evaluate.identification import gallery_and_probes, identify, match
from lookmore.evaluate.measure import Measure
from lookmore.evaluate.open_set import identify_open
from lookmore.evaluate.quality import corrected_encoder, judge_encoder
from lookmore.evaluate.retrieval import retrieve
from lookmore.evaluate.rows import NATIVE, Row
from lookmore.evaluate.verification import decided_pairs, verify
from lookmore.recipe.config import CORRECTED_CONTROL, DEGRADATIONS, Recipe
from lookmore.recipe.load import recipe_from
from lookmore.streams.stream import Stream
from lookmore.teachers import Teacher, open_teacher

_CHANGEABLE = ("evaluate.", "machine.", *(f"{name}=" for name in FREE_DATA))

_CHOSEN = 1000  # images of validation people at most: half a million pairs
_ROBUSTNESS_SIDES = (8, 12, 16, 24, 32, 48, 64)

Protocol = Callable[[Contestant, int, str], list[Measure]]
"""One contestant at one side under one degradation."""


class Subject(NamedTuple):
    """A run, opened for looking at."""

    recipe: Recipe
    """As trained, but for what may change: what is evaluated, and where the images lie."""

    material: Material
    """The images."""

    embed: Embedder
    """Makes embeddings of them."""

    contestants: list[Contestant]
    """Everyone to measure."""

    scores: dict[str, Scores]
    """Class scores of the streams that have them."""

    judge: Encoder | None
    """Qualities of probes, where the student tells its recognisability."""


def trained_recipe(folder: Path, *, overrides: Sequence[str] = ()) -> Recipe:
    """Return the recipe a finished run was trained with, what may change changed.

    Args:
        folder: ``runs/NAME``.
        overrides: ``evaluate.key=value``, or where the images lie now (``data.root``,
            ``data.pairs``, ``data.cache``), or ``machine.key=value``; what was trained stays.

    Returns:
        The recipe.

    Raises:
        CheckpointError: If the run has no finished student.
        ConfigError: If an override would change what was trained.
    """
    facts = load_checkpoint(folder / "student").facts
    for override in overrides:
        if not override.startswith(_CHANGEABLE):
            raise ConfigError(
                f"{override!r} cannot be changed of a trained run; what can is "
                f"{', '.join(f'{name}...' for name in _CHANGEABLE)}"
            )
    return recipe_from(facts["recipe"], source=str(folder), overrides=overrides)


def robustness_recipe(recipe: Recipe, *, given: Sequence[str]) -> Recipe:
    """Return a recipe that tries many sides under every degradation.

    Args:
        recipe: Of the run.
        given: Overrides of the user's; sides and degradations named there stay as they are.

    Returns:
        The recipe.
    """
    named = {override.partition("=")[0] for override in given}
    evaluate = recipe.evaluate
    if "evaluate.sides" not in named:
        sides = tuple(side for side in _ROBUSTNESS_SIDES if side < recipe.data.side)
        evaluate = replace(evaluate, sides=sides)
    if "evaluate.degradations" not in named:
        evaluate = replace(evaluate, degradations=DEGRADATIONS)
    return replace(recipe, evaluate=evaluate)


def open_subject(folder: Path, recipe: Recipe, *, reporter: Reporter) -> Subject:
    """Open a finished run.

    Args:
        folder: ``runs/NAME``.
        recipe: As trained, but for what may change.
        reporter: Told of each piece of work.

    Returns:
        The run with its images, streams and teacher.

    Raises:
        CheckpointError: If the run has no finished student, or its images or stages are no longer
            those that were trained.
        DataError, TeacherError: If its images or its teacher are no longer there.
    """
    student = load_checkpoint(folder / "student")
    set_threads(recipe.machine)
    material = open_trained_material(folder, recipe, student, reporter=reporter)
    flip = recipe.evaluate.flip
    device = chosen_device(recipe.machine)
    teacher, teacher_stream = run_teacher(folder, recipe, device=device)
    encoders = {
        "teacher": teacher_encoder(
            teacher,
            student.guide_space,
            side=recipe.data.side,
            flip=teacher_flip(recipe) or flip,
        )
    }
    streams = {"teacher": teacher_stream} if teacher_stream is not None else {}
    guided = set()
    for name, checkpoint in _own_stages(folder, recipe, student, material).items():
        checkpoint.stream.to(device)
        digest = checkpoint.facts["weights_sha256"]
        encoders[name] = stream_encoder(checkpoint.stream, name=name, weights=digest, flip=flip)
        streams[name] = checkpoint.stream
        if checkpoint.facts["guides"] and checkpoint.stream.width == teacher.width:
            guided.add(name)
    if CORRECTED_CONTROL in recipe.evaluate.controls:
        if student.stream.recognisability is None:
            raise ConfigError(
                f"evaluate.controls names {CORRECTED_CONTROL}, but this student does not tell its "
                "recognisability: leave it out, or train with student.recognisability=true"
            )
        digest = student.facts["weights_sha256"]
        encoders[CORRECTED_CONTROL] = corrected_encoder(student.stream, weights=digest, flip=flip)
    return Subject(
        recipe,
        material,
        Embedder(material.pack, cache=material.cache, report=reporter("probes"), device=device),
        contestants(
            encoders,
            guide="+".join(student.facts["guides"]) or "none",
            controls=set(recipe.evaluate.controls),
            guided=guided,
        ),
        {name: _scores(stream, flip=flip) for name, stream in streams.items() if stream.classes},
        None
        if student.stream.recognisability is None
        else judge_encoder(student.stream, weights=student.facts["weights_sha256"], flip=flip),
    )


def open_trained_material(
    folder: Path, recipe: Recipe, student: Checkpoint, *, reporter: Reporter
) -> Material:
    """Open the images that a student was trained on, and those it has not seen.

    Args:
        folder: ``runs/NAME``, for errors.
        recipe: As trained, but for what may change.
        student: Of the run.
        reporter: Told of images that are decoded.

    Raises:
        CheckpointError: If they are no longer those it was trained on.
        DataError: If they are no longer there.
    """
    material = open_material(recipe, limit=student.facts["limit"], progress=reporter("images"))
    if material.fingerprint != student.facts["images"]:
        raise CheckpointError(
            f"the training images of {folder} are no longer those it was trained on, so nobody "
            "knows which images it has not seen: set data.root= to where they lie, or train again"
        )
    return material


def _own_stages(
    folder: Path, recipe: Recipe, student: Checkpoint, material: Material
) -> dict[str, Checkpoint]:
    """Return the run's learners, and none that an earlier recipe left in the folder."""
    found = {"student": student}
    if recipe.assistant is not None:
        assistant = load_checkpoint(folder / "assistant")
        if assistant.facts["weights_sha256"] != student.facts.get("assistant"):
            raise CheckpointError(
                f"{folder / 'assistant'} is not the one that the student learnt from: train again"
            )
        found = {"assistant": assistant, **found}
    if "student_alone" in recipe.evaluate.controls and material.classes > 1:
        learner = alone_config(recipe, width=student.stream.width)
        alone = load_checkpoint(folder / "student_alone")
        if alone.facts["key"] != stage_key("student_alone", recipe, learner, material.fingerprint):
            raise CheckpointError(
                f"{folder / 'student_alone'} was trained with other settings than the student: run "
                "lookmore train again, or leave it out of evaluate.controls"
            )
        found["student_alone"] = alone
    return found


def measure(subject: Subject, *, default_name: str) -> list[Row]:
    """Measure everyone at every side under every degradation.

    Args:
        subject: The run.
        default_name: Of the protocol, where the recipe gives none.

    Returns:
        Rows, controls first.
    """
    recipe = subject.recipe
    protocol = _protocol(subject)
    name = recipe.evaluate.name or default_name
    if recipe.evaluate.split == "val":
        name += "-validation"
    rows: list[Row] = []

    def add(who: Contestant, method: str, side: int, degradation: str, found: Measure) -> None:
        shrunk = NATIVE < side < recipe.data.side
        rows.append(
            Row(
                method=method,
                stream="student" if who.method == "student_alone" else who.probe.stream,
                guide=who.guide,
                task=recipe.task,
                protocol=name,
                probe_side=side,
                degradation=degradation if shrunk else "none",
                seed=recipe.seed,
                **found._asdict(),
            )
        )

    for who, side, degradation in _grid(subject):
        for found in protocol(who, side, degradation):
            add(who, who.method, side, degradation, found)
        for found in _calibration(subject, who, side, degradation):
            add(who, who.method, side, degradation, found)
    for form in discards_of(subject):
        for method, found in form.measures():
            side, degradation = recipe.degradation.side, recipe.evaluate.degradations[0]
            add(subject.contestants[-1], method, side, degradation, found)
    return rows


def _calibration(subject: Subject, who: Contestant, side: int, degradation: str) -> list[Measure]:
    recipe, material, embed, _, _, judge = subject
    compares = recipe.protocol != "classification"  # class scores meet no gallery
    if judge is None or not compares or who.method != "ours" or side >= recipe.data.side:
        return []
    rows = material.pack.rows(recipe.evaluate.split)
    return calibration(who, judge, embed=embed, rows=rows, side=side, degradation=degradation)


def discards_of(subject: Subject) -> list[Discards]:
    """Return what is left of the error when probes are turned away, at the student's own side.

    Args:
        subject: The run.

    Returns:
        One a form of pairs, under the first degradation; none where nobody decides about pairs,
        or the student does not tell its recognisability.
    """
    recipe, material, embed, everyone, _, judge = subject
    if judge is None or recipe.protocol != "verification":
        return []
    who, side = everyone[-1], recipe.degradation.side
    degradation = recipe.evaluate.degradations[0]
    if recipe.evaluate.split == "val":
        decided = decided_evenly(
            who, embed=embed, rows=_chosen_people(material), side=side, degradation=degradation
        )
    else:
        decided = decided_pairs(
            who,
            embed=embed,
            pairs=read_pairs(Path(recipe.data.pairs)),
            fold=recipe.data.pairs_fold,
            side=side,
            degradation=degradation,
        )
    return discards(who, judge, decided, embed=embed, side=side, degradation=degradation)


def _grid(subject: Subject) -> Iterator[tuple[Contestant, int, str]]:
    recipe = subject.recipe
    for who in subject.contestants:
        if who.sharp_only:
            yield who, recipe.data.side, "bicubic"
            continue
        for degradation in recipe.evaluate.degradations:
            for side in recipe.probe_sides:
                yield who, side, degradation
        if recipe.evaluate.native_below:
            yield who, NATIVE, "none"


def _protocol(subject: Subject) -> Protocol:
    recipe, material, embed, _, scores, _ = subject
    pack, split = material.pack, recipe.evaluate.split
    if recipe.protocol == "identification":
        gallery, probes = gallery_and_probes(pack, gallery=recipe.evaluate.gallery, split=split)

        def of_people(who: Contestant, side: int, degradation: str) -> list[Measure]:
            tries = [identify, identify_open] if recipe.evaluate.gallery == "first" else [identify]
            return [
                found
                for tried in tries
                for found in tried(
                    who,
                    embed=embed,
                    gallery=gallery,
                    probes=probes,
                    side=side,
                    degradation=degradation,
                )
            ]

        return of_people
    if recipe.protocol == "verification" and split == "val":
        people = _chosen_people(material)
        return lambda who, side, degradation: verify_all(
            who, embed=embed, rows=people, side=side, degradation=degradation
        )
    if recipe.protocol == "verification":
        pairs = read_pairs(Path(recipe.data.pairs))
        return lambda who, side, degradation: verify(
            who,
            embed=embed,
            pairs=pairs,
            fold=recipe.data.pairs_fold,
            side=side,
            degradation=degradation,
        )
    if recipe.protocol == "retrieval":
        labelled = _labelled(pack.rows(split), pack.labels, recipe)
        return lambda who, side, degradation: retrieve(
            who, embed=embed, rows=labelled, side=side, degradation=degradation
        )
    if recipe.protocol == "matching":
        return lambda who, side, degradation: match(
            who, embed=embed, rows=pack.rows(split), side=side, degradation=degradation
        )
    tried = _labelled(pack.rows(split), material.labels, recipe)
    native = _native(tried, pack, recipe)
    groups = None
    if recipe.data.split_by == "group":
        named = groups_of([pack.ids[row] for row in tried], recipe.data.group_pattern)
        groups = np.full(len(pack.ids), -1)
        groups[tried] = np.unique(named, return_inverse=True)[1]

    def of_class(who: Contestant, side: int, degradation: str) -> list[Measure]:
        rows = native if side == NATIVE else tried
        return classify(
            who,
            scores=scores.get(who.probe.stream),
            embed=embed,
            train=material.train,
            train_labels=material.labels[material.train],
            rows=rows,
            labels=material.labels[rows],
            # nothing shrunk: everyone is shown the image as the pack holds it
            side=recipe.data.side if side == NATIVE else side,
            degradation=degradation,
            groups=None if groups is None else groups[rows],
        )

    return of_class


def _chosen_people(material: Material) -> np.ndarray:
    """Return the rows of validation people of whom all pairs are compared."""
    pack = material.pack
    people = strangers(pack.rows("val"), pack.labels, material.labels, pack.keys, most=_CHOSEN)
    if len(np.unique(pack.labels[people])) in (0, len(people)):
        raise DataError(
            "validation has no two images of a person who was not trained on: raise "
            "data.validation_share, with whole people in validation (data.split_by=class)"
        )
    return people


def _native(rows: np.ndarray, pack: Pack, recipe: Recipe) -> np.ndarray:
    """Return the rows whose images are small in their files; none where that is not asked for."""
    most = recipe.evaluate.native_below
    found: np.ndarray = rows[pack.sizes[rows].max(axis=1, initial=0) <= most]
    if most and len(found) == 0:
        raise DataError(
            f"evaluate.native_below is {most}, but the {recipe.evaluate.split} split has no image "
            f"that small; its smallest is {pack.sizes[rows].max(axis=1).min()} pixels"
        )
    return found


def _labelled(rows: np.ndarray, labels: np.ndarray, recipe: Recipe) -> np.ndarray:
    found: np.ndarray = rows[labels[rows] >= 0]
    if len(found) == 0:
        raise DataError(
            f"{recipe.protocol} needs labelled images in the {recipe.evaluate.split} split, and "
            "there are none: raise data.test_share, or set evaluate.protocol=matching"
        )
    return found


def _scores(stream: Stream, *, flip: bool) -> Scores:
    def scores(images: Tensor) -> Tensor:
        logits: Tensor | None = stream(images).logits
        if logits is None:
            raise ValueError("this stream has no classes to score")
        if flip:
            logits = logits + stream(images.flip(3)).logits
        return logits

    return scores


def run_teacher(
    folder: Path, recipe: Recipe, *, device: torch.device
) -> tuple[Teacher, Stream | None]:
    """Return the teacher and, where the run trained it, its stream; both on ``device``."""
    if recipe.teacher_training is None:
        return open_teacher(recipe.teacher, device=device), None
    stream = load_checkpoint(folder / "teacher").stream.to(device)
    return StreamTeacher(stream, name="trained", device=device), stream
