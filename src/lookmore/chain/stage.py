"""One stage: build the learner, train it, keep its checkpoint; skipped when already done."""

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import nn

from lookmore.backbones.table import ONNX_PREFIX
from lookmore.chain.folder import add_seconds
from lookmore.chain.foreign import ForeignLoss
from lookmore.chain.guide import PlacedGuide, Report
from lookmore.chain.material import Material
from lookmore.chain.scores import ScoresGuide, scores_of
from lookmore.chain.shelf import keep, take
from lookmore.checkpoint.checkpoint import Checkpoint, load_checkpoint, read_facts, save_checkpoint
from lookmore.checkpoint.provenance import commit, machine, versions
from lookmore.data.views import ViewConfig
from lookmore.degradation import DegradationConfig
from lookmore.engine.feed import Feed
from lookmore.engine.inputs import LiveInputs, keep_inputs
from lookmore.engine.loop import train_stage
from lookmore.engine.objective import StageObjective
from lookmore.engine.state import STATE_NAME, load_state
from lookmore.errors import CheckpointError
from lookmore.losses import HybridOrder, build_task_loss
from lookmore.losses.engines import choose_engine
from lookmore.recipe.config import LearnerConfig, Recipe
from lookmore.recipe.load import as_chosen, as_plain
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.streams.stream import Stream
from lookmore.streams.warm_start import warm_start
from lookmore.teachers.onnx_model import onnx_hash
from lookmore.teachers.space import GuideSpace

_DEFAULT_WIDTH = 128  # of a stream that has no guide to take it from


def stage_key(
    role: str,
    recipe: Recipe,
    learner: LearnerConfig,
    *upstream: str,
    foreign: ForeignLoss | None = None,
) -> str:
    """Return a hash of everything a stage's weights depend on.

    Args:
        role: ``teacher``, ``assistant``, ``student`` or ``student_alone``.
        recipe: Its seed, task, precision, views and degradation count.
        learner: The stage's own settings; how often it validates or saves does not count.
        upstream: Fingerprints of the material and of the guides.
        foreign: A loss from outside that takes part.
    """
    own = as_chosen(learner)
    own.pop("recognisability", None)
    config = stream_config(recipe, learner)
    if config.backbone.startswith(ONNX_PREFIX):  # what the path holds, not what it is called
        file = onnx_hash(Path(config.backbone.removeprefix(ONNX_PREFIX)))
        own["stream"] = {**as_chosen(config), "backbone": file}
    for name in ("validate_every", "checkpoint_seconds"):
        own.get("schedule", {}).pop(name, None)
    facts: dict[str, Any] = {
        "role": role,
        "task": recipe.task,
        "seed": recipe.seed,
        "precision": recipe.machine.precision,
        "views": as_chosen(_views(recipe, learner)),
        "learner": own,
        "upstream": upstream,
    }
    if role.startswith("student"):
        facts["degradation"] = as_chosen(recipe.degradation)
    if role == "student" and learner.judge:
        facts["recognisability"] = learner.judge
    if foreign is not None:
        facts["foreign"] = [foreign.name, foreign.weight, foreign.guides]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]


def run_stage(
    *,
    role: str,
    recipe: Recipe,
    learner: LearnerConfig,
    material: Material,
    guides: Mapping[str, PlacedGuide],
    validation_guides: Mapping[str, PlacedGuide],
    guide_space: GuideSpace | None,
    upstream: tuple[str, ...],
    start_from: Stream | None,
    facts: Mapping[str, Any],
    fabric: Fabric,
    folder: Path,
    report: Report,
    restart: bool = False,
    foreign: ForeignLoss | None = None,
    shelf: Path | None = None,
) -> Checkpoint:
    """Train one stream, or return it if this very stage is already finished.

    Args:
        role: ``teacher``, ``assistant``, ``student`` or ``student_alone``.
        recipe: The whole experiment.
        learner: This stage's section.
        material: The images.
        guides: Guide name to its placed embeddings of the training views.
        validation_guides: The same of the validation images' plain view; may be empty.
        guide_space: Where the teacher's embeddings are compared, kept with the stream; ``None`` =
            as they are.
        upstream: Fingerprints of what the stage learns from.
        start_from: A stream whose weights are taken over where they fit.
        facts: More to keep in the checkpoint.
        fabric: Device and precision.
        folder: Of this stage.
        report: Told of progress.
        restart: Throw away what the folder holds, if it is of other settings.
        foreign: A loss from outside that takes part, and reads some of ``guides``.
        shelf: Folder where finished stages of several runs lie, each under its key: one that lies
            there is taken and not trained again. ``None`` = there is none.

    Returns:
        The finished checkpoint.

    Raises:
        CheckpointError: If the folder holds a stage of other settings and not ``restart``.
        TrainingError: If a term stops being finite.
    """
    key = stage_key(role, recipe, learner, material.fingerprint, *upstream, foreign=foreign)
    if restart and _other_settings(folder, key):
        shutil.rmtree(folder)
    if shelf is not None:
        take(shelf, key, folder)
    found = read_facts(folder)
    if found is not None:
        if found["key"] != key:
            raise CheckpointError(
                f"{folder} holds a stage trained with other settings or data; choose another run "
                "with name= or --out, or add --restart to train it anew"
            )
        return load_checkpoint(folder)

    clock = _Clock(folder.parent, role)
    stream = _new_stream(role, recipe, learner, material, guides)
    judge = learner.judge if stream.recognisability is not None else None
    copied = warm_start(stream, start_from) if start_from is not None else ()
    student = role.startswith("student")
    views = _views(recipe, learner)
    inputs = keep_inputs(
        LiveInputs(
            pack=material.pack,
            rows=material.train,
            views=views,
            side=recipe.degradation.side if student else stream.side,
            degradation=recipe.degradation if student else None,
            seed=recipe.seed,
        ),
        folder=material.cache,
        progress=lambda done, total: report(done, total, "making views"),
    )
    feed = Feed(
        rows=material.train,
        labels=material.labels,
        keys=material.pack.keys,
        views=views,
        inputs=inputs,
        guides=guides,
        batch=_batch(learner, len(material.train)),
        images_per_class=learner.schedule.images_per_class,
        seed=recipe.seed,
    )
    engine = choose_engine(recipe.machine.relations, fabric.device).name
    objective, weights = _objective(
        role, learner, stream, guides, material, foreign, judge, engine=engine
    )
    validate = _Validation(
        material,
        validation_guides,
        width=stream.width,
        side=recipe.degradation.side if student else stream.side,
        degradation=recipe.degradation if student else None,
        seed=recipe.seed,
        fabric=fabric,
    )
    train_stage(
        objective=objective,
        feed=feed,
        weights=weights,
        schedule=learner.schedule,
        fabric=fabric,
        folder=folder,
        key=key,
        validate=validate if validate.columns else None,
        validation_columns=validate.columns,
        progress=report,
        saved=clock.note,
    )
    clock.note()
    stream.to("cpu").eval()
    space = guide_space or GuideSpace(mean=torch.zeros(stream.width))
    checkpoint = Checkpoint(
        stream=stream,
        guide_space=space,
        facts={
            **facts,
            "role": role,
            "key": key,
            "images": material.fingerprint,
            "limit": material.limit,
            "recipe": as_plain(recipe),
            "guides": learner.active_guides,
            "foreign": foreign.name if foreign else "",
            "class_names": list(material.class_names),
            "warm_started_tensors": len(copied),
            "parameters": sum(p.numel() for p in stream.parameters()),
            "versions": versions(),
            "commit": commit(),
            "machine": machine(fabric.device),
            "relations_engine": engine,
        },
    )
    save_checkpoint(folder, checkpoint)
    (folder / STATE_NAME).unlink(missing_ok=True)
    if shelf is not None:
        keep(shelf, key, folder)
    return load_checkpoint(folder)


def _views(recipe: Recipe, learner: LearnerConfig) -> ViewConfig:
    """Return the views a learner sees: blends have no label, so only who has a guide sees them."""
    guided = learner.active_guides or learner.foreign
    return recipe.views if guided else replace(recipe.views, blends=0)


class _Clock:
    """Adds up a stage's wall time at every resume point, so that a kill loses little of it."""

    def __init__(self, run: Path, role: str) -> None:
        self.run, self.role, self.noted = run, role, time.monotonic()

    def note(self) -> None:
        now = time.monotonic()
        add_seconds(self.run, self.role, now - self.noted)
        self.noted = now


def _batch(learner: LearnerConfig, images: int) -> int:
    """Return the batch size: as set, or what there is, in whole groups of one class."""
    group = max(1, learner.schedule.images_per_class)
    return max(group, min(learner.schedule.batch, images) // group * group)


def _other_settings(folder: Path, key: str) -> bool:
    try:
        found = read_facts(folder)
        if found is None and (folder / STATE_NAME).exists():
            found = load_state(folder / STATE_NAME)[1]
    except CheckpointError:
        return True  # damaged, or of another format: --restart is the way out
    return found is not None and found.get("key") != key


def stream_config(recipe: Recipe, learner: LearnerConfig) -> StreamConfig:
    """Return a learner's stream as it is built.

    A stream that starts from the ONNX file of the teacher sees images scaled and ordered as the
    teacher does, unless its own settings say how.
    """
    config, teacher = learner.stream, recipe.teacher
    told = config.mean is not None or config.std is not None
    if told or not config.backbone.startswith(ONNX_PREFIX) or config.backbone != teacher.name:
        return config
    order = teacher.order or "rgb"
    return replace(config, mean=teacher.mean, std=teacher.std, order=order)


def _new_stream(
    role: str,
    recipe: Recipe,
    learner: LearnerConfig,
    material: Material,
    guides: Mapping[str, PlacedGuide],
) -> Stream:
    widths = [guide.width for guide in guides.values() if not isinstance(guide, ScoresGuide)]
    student = role.startswith("student")
    side = learner.stream.side or (recipe.degradation.side if student else recipe.data.side)
    width = learner.stream.width or (widths[0] if widths else _DEFAULT_WIDTH)
    judge = learner.judge if role == "student" else None
    # initial weights depend on the seed alone, not on what ran before in this process
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return build_stream(
            stream_config(recipe, learner),
            side=side,
            width=width,
            classes=material.classes if learner.task.loss == "cross-entropy" else 0,
            # in a space of its own width the student has no cosine to the guide
            recognisability=judge is not None and guides[judge].width == width,
        )


def _objective(
    role: str,
    learner: LearnerConfig,
    stream: Stream,
    guides: Mapping[str, PlacedGuide],
    material: Material,
    foreign: ForeignLoss | None,
    judge: str | None,
    *,
    engine: str,
) -> tuple[StageObjective, dict[str, float]]:
    orders = learner.relations
    relations: dict[str, HybridOrder] = {}
    scores: dict[str, str] = {}
    weights: dict[str, float] = {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for name, share in learner.active_guides.items():
            if orders:
                relations[name] = HybridOrder(
                    **orders,
                    temperature=learner.temperature,
                    engine=engine,
                    student_width=stream.width,
                    teacher_width=guides[name].width,
                )
            if "scores" in learner.active_orders:
                scores[name] = scores_of(name)
            weights |= {
                f"{order}/{name}_to_{role}": w * share for order, w in learner.active_orders.items()
            }
        task: nn.Module | None = None
        if learner.task.loss != "none":
            task = build_task_loss(learner.task, classes=material.classes, width=stream.width)
            weights[f"task/{learner.task.loss}"] = learner.task.weight
        losses = {foreign.name: foreign.build()} if foreign else {}
        weights |= {f"foreign/{foreign.name}": foreign.weight} if foreign else {}
    if judge is not None:
        # nothing else learns from this term, and what learns from it steps alike at any weight
        weights[f"recognisability/{judge}_to_{role}"] = 1.0
    objective = StageObjective(
        learner=stream,
        role=role,
        relations=relations,
        task_loss=task,
        task_name=learner.task.loss,
        foreign=losses,
        scores=scores,
        score_temperature=learner.score_temperature,
        judge=judge,
    )
    return objective, weights


class _Validation:
    """Looks at images the stage does not train on: cosine to each guide's embedding."""

    def __init__(
        self,
        material: Material,
        guides: Mapping[str, PlacedGuide],
        *,
        width: int,
        side: int,
        degradation: DegradationConfig | None,
        seed: int,
        fabric: Fabric,
    ) -> None:
        self.rows, self.device = material.validation, fabric.device
        self.inputs = LiveInputs(
            pack=material.pack,
            rows=self.rows,
            views=ViewConfig(),
            side=side,
            degradation=degradation,
            seed=seed,
        )
        # a learner of another width than its guide has no cosine to it
        self.guides = {name: guide for name, guide in guides.items() if guide.width == width}
        self.columns = [f"validation/cosine_to_{n}" for n in self.guides] if len(self.rows) else []

    def __call__(self, learner: nn.Module) -> dict[str, float]:
        sums = dict.fromkeys(self.columns, 0.0)
        for rows in np.array_split(self.rows, -(-len(self.rows) // 128)):
            plain = np.zeros(len(rows), dtype=np.int64)
            with torch.inference_mode():
                images = self.inputs.lookup(rows, plain).float().to(self.device) / 255
                seen = learner(images).embeddings.cpu()
            for column, guide in zip(self.columns, self.guides.values(), strict=True):
                sums[column] += float((seen * guide.lookup(rows, plain)).sum())
        return {name: value / len(self.rows) for name, value in sums.items()}
