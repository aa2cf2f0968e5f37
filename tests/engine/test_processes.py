"""train_stage in two processes, as torchrun starts them, trains what one process trains."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

# One program for every process, with batch norm inside, a moving average and a resumed half.
PROGRAM = """
import sys
from pathlib import Path
import numpy as np
import torch
from lookmore.data.pack import Pack
from lookmore.data.views import ViewConfig
from lookmore.engine.config import MachineConfig, ScheduleConfig
from lookmore.engine.feed import Feed
from lookmore.engine.inputs import LiveInputs
from lookmore.engine.loop import make_fabric, train_stage
from lookmore.engine.objective import StageObjective
from lookmore.errors import LookmoreError
from lookmore.losses import HybridOrder
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.teachers.table import GuideTable

folder, batch = Path(sys.argv[1]), int(sys.argv[2])
random = np.random.default_rng(0)
pack = Pack(
    images=random.integers(0, 255, size=(12, 3, 16, 16), dtype=np.uint8),
    keys=np.arange(100, 112, dtype=np.uint64), sizes=np.full((12, 2), 112),
    ids=tuple(f"{i}.png" for i in range(12)), labels=np.arange(12) % 4,
    class_names=("a", "b", "c", "d"), splits=np.array(["train"] * 12), unreadable=(),
)
rows, views = np.arange(12), ViewConfig(count=2)
answers = random.normal(size=(12, 2, 8)).astype(np.float32)
feed = Feed(
    rows=rows, labels=pack.labels, keys=pack.keys, views=views, batch=batch, images_per_class=0,
    inputs=LiveInputs(pack=pack, rows=rows, views=views, side=8, degradation=None, seed=0),
    guides={"teacher": GuideTable(embeddings=answers, rows=rows)}, seed=0,
)
orders = {"individual": 1.0, "distance": 1.0, "angle": 1.0}
told = []

def learn(stop):
    torch.manual_seed(5)
    objective = StageObjective(
        learner=build_stream(StreamConfig(backbone="nano"), side=8, width=8, classes=0),
        role="student", relations={"teacher": HybridOrder(**orders)},
        task_loss=None, task_name="none",
    )
    train_stage(
        objective=objective, feed=feed, fabric=fabric, folder=folder / "stage", key="k",
        weights={f"{order}/teacher_to_student": w for order, w in orders.items()},
        schedule=ScheduleConfig(epochs=3, batch=batch, learning_rate=1e-3, average=0.5),
        progress=lambda *said: told.append(said), stop_after_steps=stop,
    )
    return objective.learner

try:
    fabric = make_fabric(MachineConfig(device="cpu", threads=1, relations="torch"))
    begun = learn(1)
    slopes = {name: weight.grad for name, weight in begun.named_parameters()}
    statistics = dict(begun.named_buffers())
    weights = learn(None).state_dict()
except LookmoreError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
name = f"{fabric.world_size}-{fabric.global_rank}.pt"
found = {"slopes": slopes, "statistics": statistics, "weights": weights, "told": len(told)}
torch.save(found, folder / name)
"""
Start = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Run the program in so many processes, each run in a folder of its own."""

    def run(processes: int, *, batch: int = 6) -> subprocess.CompletedProcess[str]:
        program = tmp_path / "program.py"
        program.write_text(PROGRAM)
        folder = tmp_path / str(processes)
        folder.mkdir()
        torchrun = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
        return subprocess.run(
            [sys.executable, *(torchrun if processes > 1 else []), str(program), str(folder),
             str(batch)],
            capture_output=True, text=True, timeout=900, check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    return run


def log_lines(folder: Path) -> list[list[float]]:
    with (folder / "stage" / "log.csv").open(newline="") as file:
        return [
            [float(line[name]) for name in ("epoch", "total", "angle/teacher_to_student")]
            for line in csv.DictReader(file)
        ]


def test_two_processes_have_the_gradient_statistics_and_log_of_one(
    start: Start, tmp_path: Path
) -> None:
    for processes in (1, 2):
        ended = start(processes)
        assert ended.returncode == 0, ended.stderr
    whole, *halves = (
        torch.load(tmp_path / f"{processes}/{processes}-{rank}.pt", weights_only=True)
        for processes, rank in ((1, 0), (2, 0), (2, 1))
    )
    for half in halves:
        for kind in ("slopes", "statistics"):  # of the first step
            assert half[kind].keys() == whole[kind].keys()
            largest = max(float(tensor.abs().max()) for tensor in whole[kind].values())
            for name, tensor in half[kind].items():
                expected = whole[kind][name]
                # where the true slope is 0, as of a bias in front of a batch norm, rounding is all
                limit = 1e-4 * max(float(expected.abs().max()), 1e-3 * largest)
                torch.testing.assert_close(
                    tensor, expected, rtol=0, atol=limit, msg=lambda m, n=name: f"{n}: {m}"
                )
        for name, tensor in half["weights"].items():
            assert torch.equal(tensor, halves[0]["weights"][name]), name
    assert [half["told"] for half in halves] == [6, 0]  # the first alone tells of progress
    one, two = (log_lines(tmp_path / str(processes)) for processes in (1, 2))
    assert len(one) == 3
    assert two == [pytest.approx(line, rel=1e-3) for line in one]
    assert not list((tmp_path / "2" / "stage").glob("*.part"))


def test_a_batch_that_cannot_be_shared_is_refused_and_ends_all(start: Start) -> None:
    ended = start(2, batch=5)
    assert ended.returncode != 0
    assert (
        "schedule.batch must be a multiple of the 2 processes that train, got a batch of 5 images"
    ) in ended.stderr
