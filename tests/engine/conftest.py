"""A stage small enough to train in a test: twelve images of four colours."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from lookmore.data.pack import Pack
from lookmore.data.views import ViewConfig
from lookmore.engine.config import MachineConfig, ScheduleConfig
from lookmore.engine.feed import Feed
from lookmore.engine.inputs import LiveInputs
from lookmore.engine.loop import make_fabric, train_stage
from lookmore.engine.objective import StageObjective
from lookmore.losses import HybridOrder
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.teachers.table import GuideTable


@pytest.fixture
def pack() -> Pack:
    """Twelve images, four classes told apart by their mean colour."""
    random = np.random.default_rng(0)
    labels = np.arange(12) % 4
    colours = random.integers(40, 215, size=(4, 3, 1, 1))
    noise = random.integers(-30, 30, size=(12, 3, 16, 16))
    images = np.clip(colours[labels] + noise, 0, 255).astype(np.uint8)
    return Pack(
        images=images,
        keys=np.arange(100, 112, dtype=np.uint64),
        sizes=np.full((12, 2), 112),
        ids=tuple(f"{i}.png" for i in range(12)),
        labels=labels.astype(np.int64),
        class_names=("a", "b", "c", "d"),
        splits=np.array(["train"] * 12),
        unreadable=(),
    )


@pytest.fixture
def feed(pack: Pack) -> Feed:
    """Batches of six, three views, a guide that answers with one direction per class."""
    views = ViewConfig(count=2, blends=1)
    rows = np.arange(12)
    answers = torch.nn.functional.normalize(
        torch.randn(4, 8, generator=torch.Generator().manual_seed(1))
    ).numpy()
    embeddings = np.repeat(answers[pack.labels][:, None], views.total, axis=1)
    return Feed(
        rows=rows,
        labels=pack.labels,
        keys=pack.keys,
        views=views,
        inputs=LiveInputs(pack=pack, rows=rows, views=views, side=8, degradation=None, seed=0),
        guides={"teacher": GuideTable(embeddings=embeddings, rows=rows)},
        batch=6,
        images_per_class=0,
        seed=0,
    )


Train = Callable[..., tuple[StageObjective, bool]]


@pytest.fixture
def train(feed: Feed, tmp_path: Path) -> Train:
    """Train a nano student on the guide's answers; the same weights at the start every time."""

    def run(
        *,
        epochs: int = 4,
        stop_after_steps: int | None = None,
        folder: str = "stage",
        key: str = "k",
        weights: dict[str, float] | None = None,
        rate: float = 1e-2,
        average: float = 0.9,
        dropout: float = 0.2,
        optimizer: str = "adamw",
    ) -> tuple[StageObjective, bool]:
        orders = weights or {"individual": 1.0, "angle": 1.0}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(5)
            learner = build_stream(
                StreamConfig(backbone="nano", dropout=dropout), side=8, width=8, classes=0
            )
        objective = StageObjective(
            learner=learner,
            role="student",
            relations={"teacher": HybridOrder(**orders)},
            task_loss=None,
            task_name="none",
        )
        finished = train_stage(
            objective=objective,
            feed=feed,
            weights={f"{order}/teacher_to_student": w for order, w in orders.items()},
            schedule=ScheduleConfig(
                epochs=epochs,
                batch=6,
                optimizer=optimizer,
                learning_rate=rate,
                average=average,
                checkpoint_seconds=0,
            ),
            fabric=make_fabric(MachineConfig(device="cpu", threads=1)),
            folder=tmp_path / folder,
            key=key,
            stop_after_steps=stop_after_steps,
        )
        return objective, finished

    return run
