"""lookmore export, embed and compare: what they print, write and refuse, seen from outside."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

import lookmore

Command = Callable[..., Any]


@pytest.fixture
def command(trained: Path, run_here: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command in the folder of the trained run."""
    monkeypatch.chdir(trained)
    monkeypatch.setenv("COLUMNS", "120")
    return run_here


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    run_in: Callable[..., None],
    photograph: Callable[..., None],
) -> Path:
    """A folder with eight people of six pictures and a run of two steps."""
    here = tmp_path_factory.mktemp("artefact")
    photograph(here / "photos", *(f"person{name}" for name in range(8)))
    run_in(
        here, "distill", "--data", "photos", "--task", "face", "--side", "8", "--smoke",
        "--out", "out",
        "data.side=32", "data.split_by=class", "data.validation_share=0.4", "data.test_share=0.2",
        "machine.threads=1", "teacher_training.stream.backbone=nano",
        "assistant.stream.backbone=nano", "student.stream.backbone=nano", "evaluate.controls=[]",
    )  # fmt: skip
    return here


def test_export_embed_and_compare_agree_with_the_run(command: Command, trained: Path) -> None:
    found = command("export", "out")
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[-1] == "Card: out/card.md"
    assert "cosine to the run's embedding" in found.stdout
    assert found.stdout.splitlines()[-2].startswith("Student: out/student.onnx (")

    for place, name in (("out", "run"), ("out/student", "stage"), ("out/student.onnx", "file")):
        found = command("embed", place, "photos", "--out", f"{name}.parquet")
        assert found.returncode == 0, found.stderr
        assert found.stdout.splitlines()[-1] == f"48 embeddings of 128 numbers: {name}.parquet"
    tables = [pq.read_table(trained / f"{name}.parquet") for name in ("run", "stage", "file")]
    rows = [np.array(table["embedding"].to_pylist()) for table in tables]
    np.testing.assert_allclose(rows[1], rows[0], atol=1e-6)
    np.testing.assert_allclose(rows[2], rows[0], atol=1e-4)
    assert tables[0]["id"][0].as_py() == "person0/0.png"
    assert tables[0]["label"][0].as_py() == "person0"

    first, second = "photos/person0/0.png", "photos/person1/0.png"
    whole, alone = (
        json.loads(command("compare", place, first, second, "--json").stdout)
        for place in ("out", "out/student.onnx")
    )
    assert whole["similarity"] == pytest.approx(rows[0][0] @ rows[0][6], abs=1e-5)
    assert alone["similarity"] == pytest.approx(whole["similarity"], abs=1e-4)
    assert (whole["same"], whole["far"], whole["probe_side"]) == (None, None, 40)


def test_a_calibrated_run_decides_and_says_why(command: Command, trained: Path) -> None:
    assert command("calibrate", "out", "--far", "0.3", "--side", "8").returncode == 0
    pair = ("photos/person0/0.png", "photos/person0/1.png")
    found = command("compare", "out", *pair)
    assert found.returncode == 0, found.stderr
    words = found.stdout.splitlines()
    assert words[0].startswith("Similarity: ")
    assert words[1] in ("The same", "Not the same")
    assert "calibrated for 8 px probes" in words[2] and "this one has 40 px" in words[2]
    refused = command("compare", "out", *pair, "--far", "0.001")
    assert refused.returncode == 1
    assert refused.stderr.startswith("lookmore: no threshold was calibrated for")
    told = json.loads(command("compare", "out", *pair, "--json").stdout)
    known = next(t for t in lookmore.load("out").thresholds if t.gallery == "same side")
    assert 0.5 < told["threshold"]["threshold"] / known.threshold < 2  # as good as these images
    assert known.threshold <= 1  # of a typical pair
    assert told["same"] is (told["similarity"] >= told["threshold"]["threshold"])

    np.save(trained / "enrolled.npy", np.ones(128, np.float32))
    told = json.loads(command("compare", "out", pair[0], "enrolled.npy", "--json").stdout)
    assert (told["against"], told["threshold"]["gallery"]) == ("teacher", "teacher")


def test_broken_images_are_skipped_and_listed(command: Command, trained: Path) -> None:
    (trained / "broken.png").write_text("no")
    found = command("embed", "out", "photos/person0/0.png", "broken.png", "--out", "some.npy")
    assert found.returncode == 0
    assert "skipped broken.png:" in found.stderr
    assert found.stdout.splitlines() == [
        "1 unreadable images were skipped: see some.npy.unreadable.csv",
        "1 embeddings of 128 numbers: some.npy",
    ]
    assert (trained / "some.txt").read_text() == "photos/person0/0.png\n"
    assert np.load(trained / "some.npy").shape == (1, 128)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("embed", "out", "photos", "--out", "e.txt"), "lookmore: --out must end in .parquet or"),
        (("embed", "out", "nobody.png", "--out", "e.npy"), "lookmore: none of the 1 images can be"),
        (("embed", "nowhere", "photos", "--out", "e.npy"), "lookmore: no finished checkpoint in"),
        (("export", "out", "--out", "e.tflite"), "lookmore: --out must end in .onnx"),
        (("export", "out", "student.seed=3"), "lookmore: 'student.seed=3' cannot be changed"),
        (("compare", "out", "nobody.png", "nobody.png"), "lookmore: nobody.png cannot be read"),
        (("compare", "x.onnx", "a.png", "b.png"), "lookmore: cannot read x.onnx: No such file"),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(
    command: Command, trained: Path, arguments: tuple[str, ...], message: str
) -> None:
    before = set(trained.rglob("*"))
    found = command(*arguments)
    assert found.returncode == 1
    assert found.stderr.strip().splitlines()[-1].startswith(message), found.stderr
    assert found.stdout == ""
    assert {path for path in set(trained.rglob("*")) - before if path.suffix != ".part"} == set()
