"""Galleries of random people, and students that fit them or do not."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import lookmore
from lookmore.checkpoint.checkpoint import Checkpoint, save_checkpoint
from lookmore.search import Entries, Space
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig

WIDTH = 8


@pytest.fixture
def crowd() -> Callable[..., Entries]:
    """Makes people in random directions, with their images around them."""

    def make(people: int, *, images: int = 1, seed: int = 0) -> Entries:
        random = np.random.default_rng(seed)
        centres = np.repeat(random.standard_normal((people, WIDTH)), images, axis=0)
        rows = centres + 0.3 * random.standard_normal(centres.shape)
        names = [f"p{seed}-{person:05d}" for person in range(people) for _ in range(images)]
        return Entries(
            people=tuple(names),
            images=tuple(f"{name}/{at}.png" for at, name in enumerate(names)),
            embeddings=(rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32),
        )

    return make


@pytest.fixture
def probes() -> Callable[[int], np.ndarray]:
    """Makes unit rows in random directions."""

    def make(count: int) -> np.ndarray:
        rows = np.random.default_rng(99).standard_normal((count, WIDTH))
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    return make


@pytest.fixture
def make_run(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Makes a run folder with an untrained student; keywords change its facts and its mean."""

    def make(name: str = "run", *, mean: float = 0.5, width: int = WIDTH, **facts: Any) -> Path:
        stream = build_stream(StreamConfig(backbone="nano"), side=16, width=width, classes=0).eval()
        said = {
            "role": "student",
            "recipe": {"data": {"fit": "crop"}},
            "class_names": [],
            "guides": {"teacher": 1.0},
            "teacher": {"name": "dlib-face", "fingerprint": "5" * 64, "width": width},
            **facts,
        }
        checkpoint = Checkpoint(stream=stream, guide_mean=torch.full((width,), mean), facts=said)
        save_checkpoint(tmp_path / name / "student", checkpoint)
        return tmp_path / name

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield make


@pytest.fixture
def space(make_run: Callable[..., Path]) -> Space:
    """The teacher's space of a run."""
    run = make_run()
    return Space.of(lookmore.load(run), through="teacher", run=str(run))
