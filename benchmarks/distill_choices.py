"""Choose how `lookmore distill` optimises, on held-out images, and write docs/experiments.md.

Type     python benchmarks/distill_choices.py faces=LFW/images signs=GTSRB cars=CARS196
Takes    about an hour for cars, on one core beside other work; more for the others
Gives    docs/experiments.md: the block between the markers; runs/distill-choice-*

A stranger's folder is small: of each collection classes are taken, evenly spaced in their order,
about as many as give enough images. Each way is tried with the recipe that `lookmore distill`
writes, on three tenths of the training side; the test split is never looked at.
"""

import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from blocks import write_block

from lookmore.checkpoint.provenance import commit
from lookmore.data.names import natural_order
from lookmore.evaluate.rows import Row, read_rows

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "experiments.md"
IMAGES, SEEDS = 1000, (0, 1)
COMMON = ("data.validation_share=0.3", "evaluate.split=val", "evaluate.controls=[]")
LEARNT = ("assistant", "student")


class Collection(NamedTuple):
    """How images of one kind are distilled and tried."""

    options: tuple[str, ...]
    stages: tuple[str, ...]
    metric: str


COLLECTIONS = {
    "faces": Collection(
        ("--task", "face", "--teacher", "dlib-face", "teacher.align=arcface"), LEARNT, "rank1"
    ),
    "signs": Collection(
        ("--task", "classify", "data.split_by=group", "data.group_pattern=^(.*)_"),
        ("teacher_training", *LEARNT),
        "top1_accuracy",
    ),
    "cars": Collection(
        ("--task", "metric", "--teacher", "imagenet", "data.fit=crop"), LEARNT, "recall_at_1"
    ),
}
ADAMW = {"optimizer": "adamw", "learning_rate": 0.002, "average": 0}
MUON = {"optimizer": "muon", "learning_rate": 0.003, "average": 0.998}
WAYS = {  # epochs, and the schedule of every stage
    "AdamW, 30 epochs": (30, ADAMW),
    "Muon, averaged, 30 epochs": (30, MUON),
    "Muon, averaged, 15 epochs": (15, MUON),
    "AdamW, 90 epochs": (90, ADAMW),
    "Muon, averaged, 90 epochs": (90, MUON),
}
FEWEST, MOST = 4, 60  # images of a class: with fewer there is nobody to find; no more are taken


def subset(root: Path, folder: Path) -> Path:
    """Fill a folder with links to about IMAGES images: classes evenly spaced in their order."""
    shutil.rmtree(folder, ignore_errors=True)
    names = natural_order(place.name for place in root.iterdir() if place.is_dir())
    classes = [sorted((root / name).iterdir())[:MOST] for name in names]
    classes = [images for images in classes if len(images) >= FEWEST]
    step = max(1, round(sum(map(len, classes)) / IMAGES))
    for images in classes[::step]:
        place = folder / images[0].parent.name
        place.mkdir(parents=True)
        for image in images:
            (place / image.name).symlink_to(image.resolve())
    return folder


def tried(name: str, root: Path, way: str, seed: int) -> dict[str, Row]:
    """Distil one collection one way, and return the student's row for each kind of question."""
    options, stages, metric = COLLECTIONS[name]
    short = way.lower().replace(",", "").replace(" ", "-")
    run = ROOT / "runs" / f"distill-choice-{name}-{short}-seed{seed}"
    epochs, schedule = WAYS[way]
    said = [f"{stage}.schedule.{k}={v}" for stage in stages for k, v in schedule.items()]
    lookmore = str(Path(sys.executable).with_name("lookmore"))
    command = [lookmore, "distill", "--data", str(root), "--out", str(run), "--epochs", str(epochs)]
    subprocess.run([*command, *options, *COMMON, *said, f"seed={seed}"], check=True, cwd=ROOT)
    return {
        "LR-LR" if row.gallery_side == row.probe_side else "LR-HR": row
        for row in read_rows(run / "report.json", Row)
        if (row.method, row.metric, row.probe_side) == ("ours", metric, 16)
    }


def table_rows(name: str, root: Path) -> list[str]:
    """Return a table row for each question about a collection, and each way."""
    folder = subset(root, ROOT / "runs" / f"distill-choice-{name}")
    found = {way: [tried(name, folder, way, seed) for seed in SEEDS] for way in WAYS}
    rows = []
    for asked in found[next(iter(WAYS))][0]:
        for way, answers in found.items():
            each = [answer[asked] for answer in answers]
            values = [
                f"{100 * r.value:.1f} ({100 * r.low:.0f} to {100 * r.high:.0f})" for r in each
            ]
            mean = statistics.mean(100 * row.value for row in each)
            what = COLLECTIONS[name].metric + ("" if name == "signs" else f", {asked}")
            cells = [name, what, way, ", ".join(values), f"{mean:.1f}", str(each[0].n)]
            rows.append(f"| {' | '.join(cells)} |")
            print(rows[-1], flush=True)
    return rows


def main(arguments: list[str]) -> None:
    """Measure, and write the block."""
    roots = {name: Path(root) for name, _, root in (word.partition("=") for word in arguments)}
    unknown = sorted(set(roots) - set(COLLECTIONS))
    if unknown or not roots:
        known = ", ".join(COLLECTIONS)
        raise SystemExit(f"give NAME=FOLDER, NAME among {known}; got {unknown or 'none'}")
    given = " ".join(f"{name}=..." for name in roots)
    lines = [
        "| images | 16 px, held out | every stage by | seeds 0 and 1, % | mean | probes |",
        "|---|---|---|---|---|---|",
        *(line for name, root in roots.items() for line in table_rows(name, root)),
        "",
        f"`python benchmarks/distill_choices.py {given}`, commit {commit()}; 95 % intervals.",
    ]
    write_block(PAGE, "\n".join(lines), script="distill_choices")


if __name__ == "__main__":
    main(sys.argv[1:])
