"""Folders of small, learnable pictures: each class has its own colour and stripe."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookmore.chain.guide import Report
from lookmore.recipe.config import Recipe
from lookmore.recipe.load import recipe_from


def picture(person: int, shot: int) -> Image.Image:
    """One class's pattern with a little noise of its own."""
    random = np.random.default_rng(1000 * person + shot)
    look = np.random.default_rng(person).integers(30, 225, size=(4, 4, 3))
    pixels = np.kron(look, np.ones((8, 8, 1))) + random.normal(0, 12, size=(32, 32, 3))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Eight classes of five images each."""
    for person in range(8):
        folder = tmp_path / "photographs" / f"person{person}"
        folder.mkdir(parents=True)
        for shot in range(5):
            picture(person, shot).save(folder / f"{shot}.png")
    return tmp_path / "photographs"


@pytest.fixture
def recipe(photographs: Path, tmp_path: Path) -> Callable[..., Recipe]:
    """A recipe that trains its own teacher, small enough for a test."""

    def make(*overrides: str, **sections: object) -> Recipe:
        short = {"epochs": 2, "batch": 8, "checkpoint_seconds": 0}
        values: dict[str, object] = {
            "name": "try",
            "task": "classify",
            "data": {
                "root": str(photographs),
                "side": 32,
                "test_share": 0.4,
                "leaks": "allow",  # one pattern is a whole class here
                "cache": str(tmp_path / "cache"),
            },
            "machine": {"threads": 1, "device": "cpu"},
            "views": {"count": 2, "blends": 1},
            "degradation": {"side": 8},
            "teacher": {"name": "trained"},
            "teacher_training": {
                "stream": {"backbone": "nano", "width": 16},
                "schedule": short,
                "task": {"loss": "cross-entropy"},
            },
            "assistant": {
                "stream": {"backbone": "nano"},
                "schedule": short,
                "guides": {"teacher": 1},
                "weights": {"individual": 1, "angle": 1},
                "task": {"loss": "cross-entropy"},
            },
            "student": {
                "stream": {"backbone": "nano"},
                "schedule": short,
                "guides": {"assistant": 1, "teacher": 0.5},
                "weights": {"individual": 1, "distance": 1},
                "task": {"loss": "cross-entropy"},
                "warm_start": True,
            },
            "evaluate": {"sides": [8, 16]},
            **sections,
        }
        return recipe_from(values, source="test", overrides=overrides)

    return make


@pytest.fixture
def quiet() -> Callable[[str], Report]:
    """A reporter that nobody reads."""

    def reporter(name: str) -> Report:
        def report(done: int, total: int, note: str = "") -> None:
            assert 0 <= done <= total

        return report

    return reporter
