"""Two processes with half a batch each learn what one process learns from the whole batch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lookmore.losses import gather_rows

# One program for every process: of several, each sees its share. Batch statistics are each
# process's own under DistributedDataParallel, so the backbone here has none.
PROGRAM = """
import sys
import torch
from torch import nn
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from lookmore.engine.batch import Batch
from lookmore.engine.objective import StageObjective
from lookmore.losses import HybridOrder, TaskLossConfig, build_task_loss, gather_rows, weighted_sum
from lookmore.streams.stream import StreamOutput

rank, processes, store, out, share = int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:5], sys.argv[5]
if processes > 1:
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=processes)

class Learner(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(48, 16), nn.LayerNorm(16), nn.GELU())
        self.head, self.scores = nn.Linear(16, 6), nn.Linear(16, 3)

    def forward(self, images):
        raw = self.head(self.body(images))
        return StreamOutput(nn.functional.normalize(raw), raw, self.scores(self.body(images)))

torch.manual_seed(0)
learner = Learner()
orders = {"individual": 2, "distance": 10, "angle": 20, "group": 1}
relation = HybridOrder(**orders, student_width=6, teacher_width=9)
objective = StageObjective(
    learner=learner, role="student", relations={"teacher": relation},
    task_loss=build_task_loss(TaskLossConfig(loss="cosface"), classes=3, width=6),
    task_name="cosface", scores={"teacher": "class scores"},
)
images, guide, classes = torch.randn(12, 3, 4, 4), torch.randn(12, 9), torch.randn(12, 3)
labels = torch.arange(12) % 3
labels[1] = -1  # the labelled rows are not spread evenly
ends = [12 * part // processes for part in range(processes + 1)] if share == "even" else [0, 5, 12]
mine = slice(ends[rank], ends[rank + 1])
batch = Batch(images[mine], labels[mine], {"teacher": guide[mine], "class scores": classes[mine]})
runner = DistributedDataParallel(objective) if processes > 1 else objective
terms = runner(batch)
weights = {name: 1.0 + place for place, name in enumerate(terms)}
total = weighted_sum(terms, weights)
total.backward()
found = {name: parameter.grad for name, parameter in objective.named_parameters()}
torch.save({"terms": {name: term.item() for name, term in terms.items()}, "gradients": found}, out)
"""


def start(
    folder: Path, processes: int, *, share: str = "even"
) -> list[subprocess.CompletedProcess]:
    """Run all processes of a group on this machine; each leaves a file."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(rank), str(processes), str(folder / "store"),
             str(folder / f"{processes}-{rank}.pt"), share],
            stderr=subprocess.PIPE, text=True, env=environment,
        )
        for rank in range(processes)
    ]  # fmt: skip
    ended = []
    for process in running:
        _, errors = process.communicate(timeout=300)
        ended.append(subprocess.CompletedProcess(process.args, process.returncode, "", errors))
    return ended


def test_two_processes_have_the_loss_and_every_gradient_of_one(tmp_path: Path) -> None:
    for processes in (1, 2):
        for ended in start(tmp_path, processes):
            assert ended.returncode == 0, ended.stderr
    whole, *halves = (
        torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("1-0", "2-0", "2-1")
    )
    for half in halves:
        assert half["terms"] == pytest.approx(whole["terms"], rel=1e-6)
        assert half["gradients"].keys() == whole["gradients"].keys()
        for name, gradient in half["gradients"].items():
            error = (gradient - whole["gradients"][name]).norm()
            assert error <= 1e-5 * whole["gradients"][name].norm() + 1e-9, name


def test_processes_with_different_numbers_of_images_are_refused(tmp_path: Path) -> None:
    for ended in start(tmp_path, 2, share="uneven"):
        assert ended.returncode != 0
        assert "every process must hold as many images, got [5, 7]" in ended.stderr


def test_one_process_gets_its_own_rows_back() -> None:
    rows = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    assert gather_rows(rows) is rows
