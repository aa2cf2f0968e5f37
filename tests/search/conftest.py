"""Galleries of random people, and students that fit them or do not."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import lookmore
from lookmore.chain.guide import StreamTeacher
from lookmore.checkpoint.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from lookmore.recipe.load import as_plain, recipe_from
from lookmore.search import Entries, Space
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.teachers.space import GuideSpace

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
        checkpoint = Checkpoint(
            stream=stream, guide_space=GuideSpace(mean=torch.full((width,), mean)), facts=said
        )
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


@pytest.fixture
def whole_run(tmp_path: Path) -> Path:
    """A run folder with untrained streams that belong together: teacher, assistant, student."""
    width, place = 8, tmp_path / "whole"
    recipe = recipe_from(
        {
            "name": "whole",
            "task": "face",
            "data": {"root": "photos", "side": 32},
            "teacher": {"name": "trained"},
            "teacher_training": {"task": {"loss": "arcface"}},
            "assistant": {"guides": {"teacher": 1}, "weights": {"individual": 1}},
            "student": {"guides": {"teacher": 1}, "weights": {"individual": 1}},
        },
        source="test",
    )
    facts: dict[str, Any] = {"recipe": as_plain(recipe), "class_names": [], "guides": {}}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        streams = {
            name: build_stream(
                StreamConfig(backbone="nano"), side=side, width=width, classes=0
            ).eval()
            for name, side in (("teacher", 32), ("assistant", 32), ("student", 16))
        }
    guide = StreamTeacher(streams["teacher"], name="trained", device=torch.device("cpu"))
    for name, stream in streams.items():
        save_checkpoint(
            place / name,
            Checkpoint(
                stream=stream,
                guide_space=GuideSpace(mean=torch.full((width,), 0.1)),
                facts=dict(facts),
            ),
        )
        facts["guides"] = {"teacher": 1.0}
        facts["teacher"] = {
            "name": "trained", "fingerprint": guide.fingerprint, "width": width,
            "licence": "unknown",
        }  # fmt: skip
        if name == "assistant":
            facts["assistant"] = load_checkpoint(place / name).facts["weights_sha256"]
    return place


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three people of two pictures each."""
    for person in ("ann", "bob", "eve"):
        (tmp_path / "photos" / person).mkdir(parents=True)
        for shot in range(2):
            random = np.random.default_rng([ord(person[0]), shot])
            pixels = random.integers(0, 256, size=(40, 48, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / person / f"{shot}.png")
    return tmp_path / "photos"
