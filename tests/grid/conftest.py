"""A checkout in small: a recipe, a suite, methods and rivals, on eight classes of five pictures."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from lookmore.grid.ledger import GridRow

ROOT = Path(__file__).parents[2]
_SHORT = {"epochs": 1, "batch": 8}
_RIVALS = """
import torch
import torch.nn.functional as F
from lookmore.chain.foreign import SCORES, ForeignLoss

class Closer(torch.nn.Module):
    def forward(self, output, guides):
        return F.mse_loss(output.embeddings, guides["teacher"])

class Softened(torch.nn.Module):
    def forward(self, output, guides):
        student, teacher = output.logits.log_softmax(1), guides[SCORES].softmax(1)
        return F.kl_div(student, teacher, reduction="batchmean")

RIVALS = {
    "closer": ForeignLoss("closer", 1.0, ("teacher",), Closer),
    "softened": ForeignLoss("softened", 1.0, (SCORES,), Softened),
}
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The root of the small checkout; images lie in ``images``."""
    for kind in range(8):
        folder = tmp_path / "images" / f"kind{kind}"
        folder.mkdir(parents=True)
        look = np.random.default_rng(kind).integers(30, 225, size=(4, 4, 3))
        for shot in range(5):
            noise = np.random.default_rng([kind, shot]).normal(0, 12, size=(32, 32, 3))
            pixels = np.kron(look, np.ones((8, 8, 1))) + noise
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{shot}.png")
    learner = {
        "stream": {"backbone": "nano"},
        "schedule": _SHORT,
        "task": {"loss": "cross-entropy"},
    }
    recipe: dict[str, Any] = {
        "name": "small",
        "task": "classify",
        "data": {"root": "IMAGES", "side": 32, "test_share": 0.4, "leaks": "allow"},
        "views": {"count": 2, "blends": 1},
        "degradation": {"side": 8},
        "teacher": {"name": "trained"},
        "teacher_training": learner,
        "assistant": {**learner, "guides": {"teacher": 1}, "weights": {"individual": 1}},
        "student": {
            **learner,
            "guides": {"assistant": 1, "teacher": 0.5},
            "weights": {"individual": 1, "distance": 1},
            "warm_start": True,
        },
        "evaluate": {"sides": [8], "name": "small-test"},
    }
    suite = {
        "recipe": "small.yaml",
        "needs": ["data.root"],
        "metric": "top1_accuracy",
        "sides": [8],
        "seeds": [0, 1],
        "methods": ["ours", "alone_guide", "nobody", "closer", "softened"],
        "quick": {"methods": ["ours"], "set": ["views.count=1", "views.blends=0"]},
    }
    methods = {
        "ours": {},
        "alone_guide": {"assistant": False, "orders": ["individual"]},
        "nobody": {"alone": True},
        "closer": {"loss": "closer"},
        "softened": {"loss": "softened"},
    }
    bench = tmp_path / "benchmarks"
    (bench / "suites").mkdir(parents=True)
    (tmp_path / "small.yaml").write_text(yaml.safe_dump(recipe))
    (bench / "suites" / "small.yaml").write_text(yaml.safe_dump(suite))
    (bench / "methods.yaml").write_text(yaml.safe_dump(methods, sort_keys=False))
    (bench / "rivals.py").write_text(_RIVALS)
    shutil.copy(ROOT / "benchmarks" / "requirements.txt", bench)
    return tmp_path


@pytest.fixture
def row() -> Callable[..., GridRow]:
    """A row; what matters to a test is given."""

    def make(method: str = "ours", value: float = 0.9, **facts: Any) -> GridRow:
        values: dict[str, Any] = {
            "stream": "student",
            "guide": "teacher",
            "task": "classify",
            "protocol": "small-test",
            "probe_side": 8,
            "gallery_side": 0,
            "gallery_stream": "none",
            "degradation": "bicubic",
            "metric": "top1_accuracy",
            "low": value - 0.05,
            "high": min(value + 0.05, 1.0),
            "interval": "wilson",
            "n": 100,
            "selected_on": "none",
            "seed": 0,
            "cell_method": method,
            "student_side": 8,
            "fold": 0,
            "settings": "a",
            "commit": "c",
            "machine": "m",
            "seconds": 1.0,
        }
        return GridRow(method=method, value=value, **(values | facts))

    return make
