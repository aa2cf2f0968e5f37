"""The command line: what it prints, writes and exits with, seen from outside."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from lookmore.evaluate.rows import read_rows

Command = Callable[..., Any]


@pytest.fixture
def lookmore(here: Path, run_here: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command in a folder of its own."""
    monkeypatch.chdir(here)
    monkeypatch.setenv("COLUMNS", "100")
    return run_here


@pytest.fixture
def here(tmp_path: Path, photograph: Callable[..., None]) -> Path:
    """A folder with ten classes of six pictures that are wider than high."""
    classes = (f"class{name}" for name in range(10))
    photograph(tmp_path / "photos", *classes, columns=12, suffix=".jpg")
    return tmp_path


SMALL = (
    "data.leaks=allow",  # one pattern is a whole class here
    "data.side=32", "machine.threads=1", "teacher_training.stream.backbone=nano",
    "assistant.stream.backbone=nano", "student.stream.backbone=nano",
)  # fmt: skip


@pytest.mark.parametrize(
    ("task", "metric"),
    [("classify", "top1_accuracy"), ("metric", "recall_at_1"), ("face", "rank1")],
)
def test_distill_goes_from_a_folder_to_a_report(
    lookmore: Command, here: Path, task: str, metric: str
) -> None:
    found = lookmore(
        "distill", "--data", "photos", "--task", task, "--side", "8", "--smoke", *SMALL
    )
    assert found.returncode == 0, found.stderr
    run = here / "runs" / f"photos-{task}-8px-smoke"
    assert found.stdout.splitlines()[-1] == f"Report: runs/{run.name}/report.html"
    rows = read_rows(run / "report.json")
    methods = {row.method for row in rows if row.metric == metric and row.probe_side in (8, 32)}
    assert methods == {"teacher", "assistant", "teacher_upscaled", "student_alone", "ours"}
    assert all(row.task == task and row.low <= row.value <= row.high for row in rows)
    assert (run / "report.html").read_text().startswith("<!doctype html>")
    names = {path.name for path in (run / "figures").iterdir()}
    assert "probes.png" in names
    assert sorted(path.name for path in run.iterdir()) == [
        "assistant", "figures", "recipe.yaml", "report.html", "report.json", "robustness.json",
        "student", "student_alone", "teacher", "times.json",
    ]  # fmt: skip


def test_evaluate_measures_a_finished_run_again(lookmore: Command, here: Path) -> None:
    common = ("--data", "photos", "--task", "classify", "--side", "8", "--smoke")
    assert lookmore("distill", *common, *SMALL, "--out", "out").returncode == 0
    before = (here / "out" / "report.json").read_bytes()
    (here / "out" / "report.json").unlink()
    found = lookmore("evaluate", "out")
    assert found.returncode == 0, found.stderr
    assert (here / "out" / "report.json").read_bytes() == before


def test_data_check_counts_and_lists(lookmore: Command, here: Path) -> None:
    (here / "photos" / "class0" / "broken.jpg").write_bytes(b"")
    found = lookmore("data", "check", "photos")
    assert found.returncode == 1  # 1 of 61, where training allows 1 in 100
    assert "images that cannot be read: 1 of 61" in found.stdout
    assert "class0/broken.jpg" in found.stdout
    assert found.stderr.splitlines()[-1].startswith("lookmore: training would refuse these images")


def test_data_check_shows_pictures_that_are_in_two_splits(lookmore: Command, here: Path) -> None:
    for split, names in (("train", "ab"), ("test", "cd")):
        folder = here / "cut" / split / "things"
        folder.mkdir(parents=True)
        for name in names:
            noise = np.random.default_rng(ord(name)).integers(0, 255, size=(6, 6, 3))
            pixels = np.kron(noise, np.ones((6, 6, 1))).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{name}.png")
    clean = lookmore("data", "check", "cut")
    assert clean.returncode == 0, clean.stderr
    assert "no picture of test is in train or val" in clean.stdout

    with Image.open(here / "cut/train/things/b.png") as picture:
        mirrored = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    mirrored.save(here / "cut/test/things/e.jpg", quality=95)
    found = lookmore("data", "check", "cut", "--out", "look")
    assert found.returncode == 1
    assert "pictures of test that are in train or val, or nearly: 1" in found.stdout
    assert "train/things/b.png = test/things/e.jpg (99." in found.stdout
    assert "mirrored" in found.stdout
    assert found.stderr.splitlines()[-1].startswith("lookmore: training would refuse these images")
    assert "data.leaks=drop" in found.stderr.splitlines()[-1]
    dropped = lookmore("data", "check", "cut", "data.leaks=drop", "data.mirrored={things: things}")
    assert dropped.returncode == 0, dropped.stderr
    assert "trained on mirrored, too: 1" in " ".join(dropped.stdout.split())
    assert "Page with pictures: look/check.html" in found.stdout
    listed = (here / "look" / "twins.csv").read_text().splitlines()
    assert listed[0] == "train,split,other,other_split,likeness,mirrored"
    assert len(listed) == 2
    with Image.open(here / "look" / "twins.png") as sheet:
        assert sheet.width >= 112


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "nowhere.yaml"), "lookmore: no recipe at nowhere.yaml"),
        (("evaluate", "runs/none"), "lookmore: no finished checkpoint in runs/none/student"),
        (("data", "check", "nowhere"), "lookmore: "),
        (
            ("data", "check", "photos", "views.flip=false"),
            "lookmore: of images alone only data.key=value can be set, got 'views.flip=false'",
        ),
        (("data", "check", "photos", "data.sid=64"), "lookmore: data.sid is not a setting; did"),
        (
            ("data", "check", "photos", "--out", "photos/class0/0.jpg"),
            "lookmore: cannot make the folder photos/class0/0.jpg: it is a file; choose another",
        ),
        (("distill", "--data", "photos", "--task", "colour"), "lookmore: --task must be one of"),
        (
            ("distill", "--data", "photos", "--task", "face", "student.stream.backbone=huge"),
            "lookmore: the recipe: student.stream: backbone must be one of pico, nano, lite, small",
        ),
        (
            ("distill", "--data", "photos", "--task", "face", "degradation.sde=8"),
            "lookmore: the recipe: degradation.sde is not a setting; did you mean side?",
        ),
    ],
)
def test_an_error_is_one_line_and_exit_code_1(
    lookmore: Command, arguments: tuple[str, ...], message: str
) -> None:
    found = lookmore(*arguments)
    assert found.returncode == 1
    lines = found.stderr.strip().splitlines()
    assert lines[-1].startswith(message), found.stderr
    assert not any("Traceback" in line for line in lines)
    assert found.stdout == ""


def test_help_is_quick_because_torch_stays_out() -> None:
    program = (
        "import sys; from lookmore.cli.main import main; sys.argv = ['lookmore', '--help'];"
        "import atexit; atexit.register(lambda: print('torch' in sys.modules)); main()"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "distill" in found.stdout
    assert found.stdout.strip().splitlines()[-1] == "False"


def test_a_run_folder_that_cannot_be_made_is_one_line(lookmore: Command, here: Path) -> None:
    (here / "file").write_text("in the way")
    found = lookmore(
        "distill", "--data", "photos", "--task", "classify", "--out", "file/run", *SMALL
    )
    assert found.returncode == 1
    assert (
        found.stderr.strip()
        .splitlines()[-1]
        .startswith("lookmore: cannot make the run folder file/run")
    )


def test_rows_hold_what_the_design_promises(lookmore: Command, here: Path) -> None:
    common = ("--data", "photos", "--task", "face", "--side", "8", "--smoke", "--out", "out")
    assert lookmore("distill", *common, *SMALL).returncode == 0
    rows = json.loads((here / "out" / "report.json").read_text())
    ours = [row for row in rows if row["method"] == "ours" and row["metric"] == "rank1"]
    assert {row["probe_side"] for row in ours} == {4, 8}
    assert all(row["gallery_stream"] == "teacher" and row["gallery_side"] == 32 for row in ours)
    assert all(row["interval"] == "wilson" and row["n"] > 0 for row in ours)


def test_data_check_recomputes_kept_embeddings_and_refuses_stale_ones(
    lookmore: Command, here: Path
) -> None:
    recipe = here / "recipe.yaml"
    recipe.write_text(
        "name: kept\ntask: face\nteacher: {name: dlib-face}\n"
        "data: {root: photos, side: 32, cache: cache, leaks: allow}\nviews: {count: 2}\n"
        "student: {guides: {teacher: 1}, weights: {individual: 1}}\n"
    )
    fresh = lookmore("data", "check", "recipe.yaml", "--cache")
    assert fresh.returncode == 0, fresh.stderr
    assert "Guide embeddings recomputed; largest difference" in fresh.stdout
    [table] = (here / "cache").glob("guide-*/embeddings.f32")
    np.memmap(table, dtype=np.float32, mode="r+")[:] += 0.1
    stale = lookmore("data", "check", "recipe.yaml", "--cache")
    assert stale.returncode == 1
    assert "kept embeddings are stale" in stale.stderr.splitlines()[-1]


def test_evaluate_takes_other_sides_but_no_other_training(lookmore: Command) -> None:
    common = ("--data", "photos", "--task", "classify", "--side", "8", "--smoke", "--out", "out")
    assert lookmore("distill", *common, *SMALL).returncode == 0
    found = lookmore("evaluate", "out", "evaluate.sides=[12]")
    assert found.returncode == 0, found.stderr
    assert {row.probe_side for row in read_rows(Path("out/report.json"))} == {8, 12, 32}
    refused = lookmore("evaluate", "out", "student.schedule.epochs=3")
    assert refused.returncode == 1
    assert refused.stderr.startswith("lookmore: 'student.schedule.epochs=3' cannot be changed")


def test_unlabelled_images_are_distilled_and_matched(lookmore: Command, here: Path) -> None:
    flat = here / "flat"
    flat.mkdir()
    for path in (here / "photos").rglob("*.jpg"):
        path.rename(flat / f"{path.parent.name}-{path.name}")
    options = ("--task", "metric", "--teacher", "dlib-face", "--side", "8", "--smoke")
    found = lookmore(
        "distill", "--data", "flat", *options, "data.side=32", "data.leaks=allow", "--out", "out"
    )
    assert found.returncode == 0, found.stderr
    rows = [row for row in read_rows(here / "out" / "report.json") if row.metric == "rank1"]
    assert {row.method for row in rows} == {"teacher", "assistant", "teacher_upscaled", "ours"}
    assert next(row.value for row in rows if row.method == "teacher") == 1.0


def write_gallery(path: Path, photos: Path, *, skip: int = 0) -> None:
    """Embeddings of a system nobody can open: one direction per class, a little noise."""
    random = np.random.default_rng(0)
    directions = random.normal(size=(10, 24))
    ids, rows = [], []
    for image in sorted(photos.rglob("*.jpg"))[skip:]:
        ids.append(f"{image.parent.name}/{image.name}")
        direction = directions[int(image.parent.name.removeprefix("class"))]
        rows.append((direction + 0.1 * random.normal(size=24)).tolist())
    pq.write_table(pa.table({"id": ids, "embedding": rows}), path)


def test_a_file_of_embeddings_teaches_and_is_the_gallery(lookmore: Command, here: Path) -> None:
    write_gallery(here / "gallery.parquet", here / "photos")
    options = ("--task", "face", "--teacher", "file:gallery.parquet", "--side", "8", "--smoke")
    found = lookmore("distill", "--data", "photos", *options, "data.side=32", "--out", "out")
    assert found.returncode == 0, found.stderr
    rows = [row for row in read_rows(here / "out" / "report.json") if row.metric == "rank1"]
    assert {row.method for row in rows} == {"teacher", "assistant", "student_alone", "ours"}
    assert next(row.value for row in rows if row.method == "teacher") == 1.0


def test_an_image_the_file_does_not_know_is_named_before_anything_is_trained(
    lookmore: Command, here: Path
) -> None:
    write_gallery(here / "gallery.parquet", here / "photos", skip=1)
    options = ("--task", "face", "--teacher", "file:gallery.parquet", "--side", "8")
    found = lookmore("distill", "--data", "photos", *options, "data.side=32", "--out", "out")
    assert found.returncode == 1
    assert "holds no embedding of 1 of 60 images" in found.stderr.splitlines()[-1]
    assert not (here / "out" / "assistant").exists()


def as_manifest(photos: Path) -> str:
    """A CSV of paths, labels and splits."""
    lines = ["path,label,split"]
    for image in sorted(photos.rglob("*.jpg")):
        split = {"4": "val", "5": "test"}.get(image.stem, "train")
        lines.append(f"photos/{image.parent.name}/{image.name},{image.parent.name},{split}")
    (photos.parent / "list.csv").write_text("\n".join(lines) + "\n")
    return "list.csv"


def as_data_set(photos: Path) -> str:
    """A saved Hugging Face data set."""
    import datasets

    images = sorted(photos.rglob("*.jpg"))
    columns = {"image": [str(i) for i in images], "label": [i.parent.name for i in images]}
    found = datasets.Dataset.from_dict(columns).cast_column("image", datasets.Image())
    found.save_to_disk(photos.parent / "saved")
    return "saved"


@pytest.mark.parametrize("form", [as_manifest, as_data_set], ids=["manifest", "hugging-face"])
def test_other_forms_of_data_train_too(
    lookmore: Command, here: Path, form: Callable[[Path], str]
) -> None:
    root = form(here / "photos")
    common = ("--task", "classify", "--side", "8", "--smoke", "--out", "out")
    found = lookmore("distill", "--data", root, *common, *SMALL)
    assert found.returncode == 0, found.stderr
    rows = [row for row in read_rows(here / "out" / "report.json") if row.method == "ours"]
    assert {row.metric for row in rows} == {"top1_accuracy"}
    assert 0 < rows[0].n < 60
    assert root != "list.csv" or rows[0].n == 10


def test_evaluate_refuses_images_that_are_not_those_of_training(
    lookmore: Command, here: Path
) -> None:
    common = ("--data", "photos", "--task", "classify", "--side", "8", "--smoke", "--out", "out")
    assert lookmore("distill", *common, *SMALL).returncode == 0
    shutil.copytree(here / "photos" / "class3", here / "photos" / "another")
    found = lookmore("evaluate", "out")
    assert found.returncode == 1
    assert "no longer those it was trained on" in found.stderr.splitlines()[-1]


def test_labels_in_a_column_of_another_name_are_seen(lookmore: Command, here: Path) -> None:
    as_manifest(here / "photos")
    text = (here / "list.csv").read_text().replace("path,label,split", "path,person,split")
    (here / "list.csv").write_text(text)
    common = ("--task", "classify", "--side", "8", "--smoke", "--out", "out")
    found = lookmore("distill", "--data", "list.csv", *common, "data.label_column=person", *SMALL)
    assert found.returncode == 0, found.stderr
