"""Thresholds: read as written, beside the weights they belong to, refused beside any others."""

import json
from pathlib import Path

import pytest
import torch

import lookmore
from lookmore.checkpoint.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from lookmore.checkpoint.thresholds import (
    THRESHOLDS_NAME,
    Threshold,
    read_thresholds,
    write_thresholds,
)
from lookmore.errors import CheckpointError
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.teachers.space import GuideSpace

ONE = Threshold(
    far=1e-3, probe_side=8, gallery="teacher", threshold=0.41, low=0.38, high=0.45,
    realised_far=9.8e-4, impostor_pairs=20_000, genuine_pairs=300, tar=0.8,
    degradation="bicubic", selected_on="validation",
)  # fmt: skip


def save(student: Path) -> str:
    """Write a student; returns the hash of its weights."""
    stream = build_stream(StreamConfig(backbone="nano"), side=16, width=8, classes=2).eval()
    facts = {"recipe": {"data": {"fit": "crop"}}, "class_names": ["a", "b"]}
    save_checkpoint(
        student, Checkpoint(stream=stream, guide_space=GuideSpace(mean=torch.zeros(8)), facts=facts)
    )
    return str(load_checkpoint(student).facts["weights_sha256"])


@pytest.fixture
def run(tmp_path: Path) -> Path:
    digest = save(tmp_path / "student")
    write_thresholds(tmp_path / "student", [ONE], weights_sha256=digest)
    return tmp_path


def test_a_loaded_student_has_what_was_written(run: Path) -> None:
    assert lookmore.load(run).thresholds == (ONE,)


def test_a_student_that_was_not_calibrated_has_none(run: Path) -> None:
    (run / "student" / THRESHOLDS_NAME).unlink()
    assert lookmore.load(run).thresholds == ()


def test_a_student_trained_again_refuses_stale_ones(run: Path) -> None:
    path = run / "student" / THRESHOLDS_NAME
    found = json.loads(path.read_text())
    path.write_text(json.dumps({**found, "weights_sha256": "0" * 64}))
    with pytest.raises(CheckpointError, match=r"is stale.*run 'lookmore calibrate' again"):
        lookmore.load(run)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read"),
        ('{"format": 7}', "has format 7, this lookmore reads format 2"),
        ("[]", "has format None"),
        ('{"format": 2, "weights_sha256": "a", "thresholds": [{}]}', "does not hold thresholds"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / THRESHOLDS_NAME).write_text(content)
    with pytest.raises(CheckpointError, match=message):
        read_thresholds(tmp_path, weights_sha256="a")
