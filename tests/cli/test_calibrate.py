"""lookmore calibrate: what it prints, writes and refuses, seen from outside."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lookmore

Command = Callable[..., Any]


@pytest.fixture
def command(
    tmp_path: Path,
    run_here: Command,
    photograph: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """Run a command in a folder with twelve people of six pictures."""
    photograph(tmp_path / "photos", *(f"person{name}" for name in range(12)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")

    trained = run_here(
        "distill", "--data", "photos", "--task", "face", "--side", "8", "--smoke", "--out", "out",
        "data.side=32", "data.split_by=class", "data.validation_share=0.4", "data.test_share=0.2",
        "machine.threads=1", "teacher_training.stream.backbone=nano",
        "assistant.stream.backbone=nano", "student.stream.backbone=nano",
    )  # fmt: skip
    assert trained.returncode == 0, trained.stderr
    return run_here


def test_thresholds_are_printed_kept_and_loaded(command: Command) -> None:
    found = command("calibrate", "out", "--far", "0.2", "--far", "0.3", "--side", "8")
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines()[-1] == "Thresholds: out/student/thresholds.json"
    assert "never on test images" in found.stdout
    kept = lookmore.load("out").thresholds
    assert [(t.gallery, t.far) for t in kept] == [
        ("teacher", 0.3), ("teacher", 0.2), ("same side", 0.3), ("same side", 0.2),
    ]  # fmt: skip
    assert all(t.realised_far <= t.far and t.low <= t.threshold <= t.high for t in kept)
    assert {t.probe_side for t in kept} == {8}
    assert f"{kept[0].threshold:.3f}" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--far", "1e-6"), "lookmore: --far 1e-06 needs 10,000,000 impostor pairs and validation"),
        (("--far", "2"), "lookmore: --far must lie between 0 and 1, got [2.0]"),
        (("--far", "0.3", "--side", "32"), "lookmore: --side must be from 4 to 31 pixels"),
        (("--far", "0.3", "evaluate.flip=true"), "lookmore: calibrate cannot set evaluate.flip"),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(
    command: Command, arguments: tuple[str, ...], message: str
) -> None:
    found = command("calibrate", "out", *arguments)
    assert found.returncode == 1
    assert found.stderr.strip().splitlines()[-1].startswith(message), found.stderr
    assert found.stdout == ""
    assert not Path("out/student/thresholds.json").exists()
