"""One epoch of cross-resolution distillation: tables made once, beside the ordinary loop.

Type     python benchmarks/throughput.py --root LFW/images --json
         python benchmarks/throughput.py --root LFW/images --images 384 --turns 5 --student nano
Gives    one line for an epoch of each loop, in turns, over the same images, views and batches; one
         for the share of our loop that the student's step takes; and one for what the tables cost
         once. The ordinary loop decodes, moves, degrades, asks the teacher and steps, all of it
         anew each time; both take the same step. The floor is the step alone: no loop that trains
         the same student is faster. Run it on a machine that does nothing else.
Needs    pip install 'lookmore[demo]', and a folder of faces aligned as ArcFace's, 112 px
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from lines import parser_of, report
from torch import nn

from lookmore.chain.guide import PlacedGuide, fit_space, table_of
from lookmore.chain.material import Material, open_material
from lookmore.data.sources import open_source
from lookmore.data.square import to_square
from lookmore.data.views import make_views
from lookmore.degradation import degrade
from lookmore.engine.batch import Batch
from lookmore.engine.feed import Feed, Guide
from lookmore.engine.inputs import Inputs, LiveInputs, keep_inputs
from lookmore.engine.objective import StageObjective, parameter_groups
from lookmore.engine.step import train_step
from lookmore.losses import HybridOrder, build_task_loss
from lookmore.losses.task import TaskLossConfig
from lookmore.recipe.config import Recipe
from lookmore.recipe.load import load_recipe
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.teachers import Teacher, open_teacher

RECIPE = Path(__file__).parents[1] / "recipes" / "lfw-16px.yaml"
WEIGHTS = {"individual": 4.0, "distance": 10.0, "angle": 20.0}
Batches = Iterator[Batch]


class Bench(NamedTuple):
    """What both loops work on."""

    recipe: Recipe
    """Of the experiment; its views are cut to a few, which changes no loop's speed."""

    material: Material
    """The images."""

    teacher: Teacher
    """Answers for every view."""

    guide: PlacedGuide
    """The same answers, kept."""

    feed: Feed
    """Our batches."""

    made_in: float
    """Seconds that all tables took, once."""


def opened(root: str, *, images: int, batch: int, views: int, cache: Path) -> Bench:
    """Open the images and make every table that our loop reads."""
    overrides = [
        f"data.root={root}", "data.pairs=''", "data.pairs_fold=0", "data.leaks=allow",
        f"data.cache={cache}", "evaluate.protocol=identification",
        f"views.count={views}", "views.blends=0",
    ]  # fmt: skip
    recipe = load_recipe(RECIPE, overrides)
    material = open_material(recipe, limit=images)
    teacher = open_teacher(recipe.teacher)
    began = time.perf_counter()
    table = table_of(
        teacher,
        material,
        rows=material.train,
        views=recipe.views,
        seed=recipe.seed,
        flip=recipe.teacher.flip,
    )
    guide = PlacedGuide(table, fit_space(table, centre=True), teacher.width)
    inputs = keep_inputs(live_inputs(recipe, material), folder=material.cache)
    took = time.perf_counter() - began
    feed = feed_of(recipe, material, inputs=inputs, guide=guide, batch=batch)
    return Bench(recipe, material, teacher, guide, feed, took)


def feed_of(
    recipe: Recipe, material: Material, *, inputs: Inputs, guide: Guide, batch: int
) -> Feed:
    """Return our batches, of images in any order."""
    return Feed(
        rows=material.train,
        labels=material.labels,
        keys=material.pack.keys,
        views=recipe.views,
        inputs=inputs,
        guides={"teacher": guide},
        batch=batch,
        images_per_class=0,
        seed=recipe.seed,
    )


def live_inputs(recipe: Recipe, material: Material) -> LiveInputs:
    """Return what makes the student's inputs."""
    return LiveInputs(
        pack=material.pack,
        rows=material.train,
        views=recipe.views,
        side=recipe.degradation.side,
        degradation=recipe.degradation,
        seed=recipe.seed,
    )


def ordinary(bench: Bench, epoch: int) -> Batches:
    """Yield the batches of an epoch as most training loops make them: all of it, each step."""
    recipe, pack = bench.recipe, bench.material.pack
    source = open_source(recipe.data)
    place = {name: index for index, name in enumerate(source.ids)}
    for rows in bench.feed.order(epoch):
        squares = [
            to_square(source.read(place[pack.ids[row]]), side=recipe.data.side, fit=recipe.data.fit)
            for row in rows
        ]
        views = bench.feed.shown(rows, epoch)
        high = make_views(
            torch.stack(squares),
            keys=pack.keys[rows],
            views=views,
            config=recipe.views,
            seed=recipe.seed,
        )
        low = degrade(
            high, config=recipe.degradation, keys=pack.keys[rows], views=views, seed=recipe.seed
        )
        guide = bench.guide.space.place(bench.teacher.embed(high))
        yield Batch(low, torch.from_numpy(bench.material.labels[rows]), {"teacher": guide})


def epoch_seconds(batches: Batches, step: Callable[[Batch], object]) -> tuple[float, float]:
    """Return seconds of a whole epoch, and of its steps alone."""
    began, in_steps = time.perf_counter(), 0.0
    for batch in batches:
        started = time.perf_counter()
        step(batch)
        in_steps += time.perf_counter() - started
    return time.perf_counter() - began, in_steps


def stepper(student: str, *, side: int, width: int, people: int = 0) -> Callable[[Batch], object]:
    """Return one optimisation step of a fresh student, with a task loss where there are people."""
    task: nn.Module | None = None
    weights = {f"{name}/teacher_to_student": weight for name, weight in WEIGHTS.items()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        learner = build_stream(StreamConfig(backbone=student), side=side, width=width, classes=0)
        if people:
            task = build_task_loss(TaskLossConfig(loss="arcface"), classes=people, width=width)
            weights["task/arcface"] = 1.0
    objective = StageObjective(
        learner=learner,
        role="student",
        relations={"teacher": HybridOrder(**WEIGHTS)},
        task_loss=task,
        task_name="arcface" if people else "none",
    )
    optimizer = torch.optim.AdamW(parameter_groups(objective, weight_decay=0.05), lr=1e-3)
    return lambda batch: train_step(
        batch,
        objective=objective,
        weights=weights,
        optimizer=optimizer,
        backward=lambda total: total.backward(),
    )


def measured(bench: Bench, *, student: str, turns: int) -> list[dict[str, object]]:
    """Time both loops in turns; return the lines."""
    side = bench.recipe.degradation.side
    step = stepper(student, side=side, width=bench.teacher.width)
    ours: list[tuple[float, float]] = []
    other: list[float] = []
    epoch_seconds(bench.feed.batches(0), step)  # warms up
    for turn in range(turns):
        ours.append(epoch_seconds(bench.feed.batches(turn), step))
        other.append(epoch_seconds(ordinary(bench, turn), step)[0])
    count = sum(len(rows) for rows in bench.feed.order(0))
    epoch = statistics.median(whole for whole, _ in ours)
    steps = statistics.median(part for _, part in ours)
    ordinary_epoch = statistics.median(other)
    ratio = statistics.median(b / a for (a, _), b in zip(ours, other, strict=True))
    per_image = 1000 / count
    saved = ordinary_epoch - epoch
    facts = {"n": count, "threads": torch.get_num_threads(), "peak_mib": None}
    return [
        {
            "what": f"an epoch of cross-resolution distillation, student {student}, by the image",
            "student": student,
            "ours": round(epoch * per_image, 3),
            "other": round(ordinary_epoch * per_image, 3),
            "ratio": round(ratio, 2),
            "floor": round(steps * per_image, 3),
            "unit": "ms",
            **facts,
        },
        {
            "what": f"share of our loop that the step itself takes, student {student}",
            "student": student,
            "ours": round(statistics.median(part / whole for whole, part in ours), 4),
            "other": None,
            "ratio": None,
            "unit": "of 1",
            **facts,
        },
        {
            "what": f"epochs until the tables, made once, have paid, student {student}",
            "student": student,
            "ours": round(bench.made_in / saved, 2) if saved > 0 else None,
            "other": None,
            "ratio": None,
            "unit": "epochs",
            **facts,
        },
    ]


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--root", required=True, help="folder of aligned faces")
    parser.add_argument("--images", type=int, default=768)
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0 = torch's own choice")
    parser.add_argument("--student", nargs="+", default=["nano", "small"])
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as cache:
        bench = opened(
            options.root, images=options.images, batch=options.batch, views=2, cache=Path(cache)
        )
        lines = (
            line
            for student in options.student
            for line in measured(bench, student=student, turns=options.turns)
        )
        report(lines, options=options, arguments=sys.argv, places={"--root": "LFW/images"})


if __name__ == "__main__":
    main()
