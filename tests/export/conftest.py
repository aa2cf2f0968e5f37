"""One small run with classes, validation people and a teacher, and what was exported from it."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import onnx
import pytest
from PIL import Image

from lookmore.chain.guide import Report
from lookmore.chain.run import run_chain
from lookmore.checkpoint.checkpoint import load_checkpoint
from lookmore.export import export as module
from lookmore.export.export import Exported
from lookmore.export.graph import stream_graph
from lookmore.recipe.config import Recipe
from lookmore.recipe.load import recipe_from


def quiet(name: str) -> Report:
    """A reporter that nobody reads."""

    def report(done: int, total: int, note: str = "") -> None:
        assert 0 <= done <= total

    return report


def photographs(folder: Path) -> Path:
    """Ten classes of eight noisy pictures, each class with a pattern of its own."""
    for name in range(10):
        look = np.random.default_rng(name).integers(30, 225, size=(4, 4, 3))
        (folder / f"class{name}").mkdir(parents=True)
        for shot in range(8):
            noise = np.random.default_rng(100 * name + shot).normal(0, 12, size=(40, 40, 3))
            pixels = np.kron(look, np.ones((10, 10, 1))) + noise
            image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
            image.save(folder / f"class{name}" / f"{shot}.png")
    return folder


def small_recipe(folder: Path) -> Recipe:
    """A teacher and a student of eight pixels, a few steps each."""
    short = {"epochs": 3, "batch": 16, "checkpoint_seconds": 0}
    values: dict[str, object] = {
        "name": "small",
        "task": "classify",
        "data": {
            "root": str(folder / "photographs"),
            "side": 32,
            "test_share": 0.25,
            "validation_share": 0.25,
            "leaks": "allow",  # one pattern is a whole class here
            "cache": str(folder / "cache"),
        },
        "machine": {"threads": 1, "device": "cpu"},
        "views": {"count": 1, "blends": 0},
        "degradation": {"side": 12},
        "teacher": {"name": "trained"},
        "teacher_training": {
            "stream": {"backbone": "nano", "width": 16},
            "schedule": short,
            "task": {"loss": "cross-entropy"},
        },
        "student": {
            "stream": {"backbone": "nano", "order": "bgr", "mean": [0.3, 0.4, 0.5]},
            "schedule": short,
            "guides": {"teacher": 1},
            "weights": {"individual": 1},
            "task": {"loss": "cross-entropy"},
        },
        "evaluate": {"sides": [8, 12], "controls": []},
    }
    return recipe_from(values, source="test")


class Given(NamedTuple):
    """A run and its exports."""

    run: Path
    recipe: Recipe
    graph: onnx.ModelProto
    fp32: Exported
    int8: Exported


@pytest.fixture(scope="session")
def given(tmp_path_factory: pytest.TempPathFactory) -> Given:
    folder = tmp_path_factory.mktemp("export")
    photographs(folder / "photographs")
    recipe = small_recipe(folder)
    run = folder / "runs" / "small"
    run_chain(recipe, folder=run, reporter=quiet)
    graph = stream_graph(load_checkpoint(run / "student").stream)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "stream_graph", lambda stream: graph)  # seconds, once
        return Given(
            run,
            recipe,
            graph,
            module.export(run, reporter=quiet),
            module.export(run, int8=True, reporter=quiet),
        )


@pytest.fixture
def quick(given: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports take the graph that torch made of the student once."""
    monkeypatch.setattr(module, "stream_graph", lambda stream: given.graph)
