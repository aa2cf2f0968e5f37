"""Choose how `lookmore distill` optimises, on held-out images, and write docs/experiments.md.

Type     python benchmarks/distill_choices.py faces=LFW/images signs=GTSRB cars=CARS196
Takes    about an hour and a half on one core
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

from blocks import write_block

from lookmore.data.names import natural_order
from lookmore.evaluate.rows import Row, read_rows

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "experiments.md"
IMAGES, SEEDS = 1000, (0, 1)
COMMON = ("data.validation_share=0.3", "evaluate.split=val", "evaluate.controls=[]")
COLLECTIONS = {
    "faces": ("--task", "face", "--teacher", "dlib-face", "teacher.align=arcface"),
    "signs": ("--task", "classify", "data.split_by=group", "data.group_pattern=^(.*)_"),
    "cars": ("--task", "metric", "--teacher", "imagenet", "data.fit=crop"),
}
STAGES = {
    "faces": ("assistant", "student"),
    "signs": ("teacher_training", "assistant", "student"),
    "cars": ("assistant", "student"),
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
METRICS = {"faces": "rank1", "signs": "top1_accuracy", "cars": "recall_at_1"}


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


def tried(name: str, root: Path, way: str, seed: int) -> dict[str, float]:
    """Distil one collection one way, and return the student's value at each kind of question."""
    short = way.lower().replace(",", "").replace(" ", "-")
    run = ROOT / "runs" / f"distill-choice-{name}-{short}-seed{seed}"
    epochs, schedule = WAYS[way]
    said = [f"{stage}.schedule.{k}={v}" for stage in STAGES[name] for k, v in schedule.items()]
    lookmore = str(Path(sys.executable).with_name("lookmore"))
    command = [lookmore, "distill", "--data", str(root), "--out", str(run), "--epochs", str(epochs)]
    command += [*COLLECTIONS[name], *COMMON, *said, f"seed={seed}"]
    subprocess.run(command, check=True, cwd=ROOT)
    return {
        "LR-LR" if row.gallery_side == row.probe_side else "LR-HR": row.value
        for row in read_rows(run / "report.json", Row)
        if (row.method, row.metric, row.probe_side) == ("ours", METRICS[name], 16)
    }


def table_rows(roots: dict[str, Path]) -> list[str]:
    """Return a table row for each collection, question and way."""
    rows = []
    for name, root in roots.items():
        folder = subset(root, ROOT / "runs" / f"distill-choice-{name}")
        found = {way: [tried(name, folder, way, seed) for seed in SEEDS] for way in WAYS}
        for asked in found[next(iter(WAYS))][0]:
            for way, values in found.items():
                cells = [f"{100 * value[asked]:.1f}" for value in values]
                mean = statistics.mean(100 * value[asked] for value in values)
                what = METRICS[name] + ("" if name == "signs" else f", {asked}")
                rows.append(f"| {name} | {what} | {way} | {', '.join(cells)} | {mean:.1f} |")
                print(rows[-1], flush=True)
    return rows


def main(arguments: list[str]) -> None:
    """Measure, and write the block."""
    roots = {name: Path(root) for name, _, root in (word.partition("=") for word in arguments)}
    unknown = sorted(set(roots) - set(COLLECTIONS))
    if unknown or not roots:
        known = ", ".join(COLLECTIONS)
        raise SystemExit(f"give NAME=FOLDER, NAME among {known}; got {unknown or 'none'}")
    head = [
        "| images | 16 px, held out | every stage by | each seed, % | mean |",
        "|---|---|---|---|---|",
    ]
    write_block(PAGE, "\n".join([*head, *table_rows(roots)]), script="distill_choices")


if __name__ == "__main__":
    main(sys.argv[1:])
