"""A student that starts from the ONNX file of its teacher: taught, kept, opened without it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lookmore.chain.guide import Report
from lookmore.chain.run import run_chain
from lookmore.chain.stage import stage_key, stream_config
from lookmore.checkpoint.load import load
from lookmore.recipe.config import Recipe
from lookmore.streams.build import build_stream

SIDE, WIDTH = 32, 12
Write = Callable[..., Path]


@pytest.fixture
def inheriting(
    recipe: Callable[..., Recipe], recogniser_file: Write, tmp_path: Path
) -> Callable[..., Recipe]:
    """A recipe whose teacher is a file that its student starts from."""
    name = f"onnx:{recogniser_file(tmp_path / 'net.onnx', side=SIDE)}"

    def make(**stream: Any) -> Recipe:
        return recipe(
            task="face",
            teacher={"name": name, "mean": [0.4] * 3, "std": [0.3] * 3, "order": "bgr"},
            teacher_training=None,
            assistant=None,
            student={
                "stream": {"backbone": name, "pretrained": True, **stream},
                "schedule": {"epochs": 2, "batch": 8, "checkpoint_seconds": 0},
                "guides": {"teacher": 1},
                "weights": {"individual": 1, "distance": 1},
            },
            evaluate={"sides": [8], "controls": []},
        )

    return make


def test_the_student_learns_and_needs_the_file_no_more(
    inheriting: Callable[..., Recipe], quiet: Callable[[str], Report], tmp_path: Path
) -> None:
    run_chain(inheriting(), folder=tmp_path / "run", reporter=quiet)
    (tmp_path / "net.onnx").unlink()
    student = load(tmp_path / "run")
    assert student.width == WIDTH
    images = np.random.default_rng(0).integers(0, 255, (3, 8, 8, 3), dtype=np.uint8)
    assert np.isfinite(student.embed(list(images))).all()
    log = (tmp_path / "run/student/log.csv").read_text().splitlines()
    totals = [float(line.split(",")[log[0].split(",").index("total")]) for line in log[1:]]
    assert totals[1] < totals[0]


def test_it_sees_images_as_the_teacher_does_unless_told_otherwise(
    inheriting: Callable[..., Recipe],
) -> None:
    recipe = inheriting()
    config = stream_config(recipe, recipe.student)
    assert (config.mean, config.std, config.order) == ((0.4,) * 3, (0.3,) * 3, "bgr")
    told = inheriting(mean=[0.5] * 3, std=[0.2] * 3)
    assert stream_config(told, told.student) is told.student.stream
    other = replace(recipe, teacher=replace(recipe.teacher, name="onnx:other.onnx"))
    assert stream_config(other, other.student) is other.student.stream


def test_the_key_of_a_stage_hangs_on_what_the_file_holds(
    inheriting: Callable[..., Recipe], recogniser_file: Write, tmp_path: Path
) -> None:
    recipe = inheriting()
    keys = [stage_key("student", recipe, recipe.student)]
    (tmp_path / "net.onnx").rename(tmp_path / "moved.onnx")
    moved = replace(
        recipe.student,
        stream=replace(
            recipe.student.stream,
            backbone=f"onnx:{tmp_path / 'moved.onnx'}",
            mean=(0.4,) * 3,
            std=(0.3,) * 3,
            order="bgr",
        ),
    )
    assert stage_key("student", recipe, moved) == keys[0]
    recogniser_file(tmp_path / "net.onnx", side=SIDE, seed=1)
    assert stage_key("student", recipe, recipe.student) != keys[0]


def test_weights_are_those_of_the_file_before_the_first_step(
    inheriting: Callable[..., Recipe],
) -> None:
    recipe = inheriting()
    stream = build_stream(stream_config(recipe, recipe.student), side=8, width=WIDTH, classes=0)
    stem = np.random.default_rng(0).normal(size=(WIDTH, 3, 5, 5)).astype(np.float32) / 5
    found = stream.state_dict()["backbone.net.layers.0.weight"]
    assert torch.equal(found, torch.from_numpy(stem))
    assert torch.equal(stream.head[0].weight, torch.eye(WIDTH))
