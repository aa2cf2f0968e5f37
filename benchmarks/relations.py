"""Time and memory of orders 2 and 3, beside the published N x N x D form of torchdistill.

Type     python benchmarks/relations.py --json
         python benchmarks/relations.py --sizes 64 256 --pairs 5
Gives    one line for each size: forward and backward, medians of runs taken in turns; the extra
         memory of ours at the largest size; and how far ours is from the published form in float64,
         value and gradient. Run it on a machine that does nothing else.
Needs    pip install -r benchmarks/requirements.txt
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor
from torchdistill.losses.mid_level import RKDLoss

from lookmore.losses import HybridOrder

DISTANCE, ANGLE = 1.0, 2.0
WIDTH = 128
Loss = Callable[[Tensor, Tensor], Tensor]


def embeddings(count: int, *, seed: int) -> Tensor:
    """Return ``(count, WIDTH)`` unit rows around a few centres, as people's images lie."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(max(count // 4, 1), WIDTH, generator=generator)
    rows = centres.repeat(5, 1)[:count] + 0.5 * torch.randn(count, WIDTH, generator=generator)
    return F.normalize(rows)


def losses() -> dict[str, Loss]:
    """Return ours and the published form: distances and angles, weighted 1 to 2."""
    hybrid = HybridOrder(distance=DISTANCE, angle=ANGLE)
    published = RKDLoss("it", "it", dist_factor=DISTANCE, angle_factor=ANGLE, reduction="mean")
    return {
        "ours": lambda student, teacher: hybrid(student=student, teacher=teacher),
        "other": lambda student, teacher: published(
            {"it": {"output": student}}, {"it": {"output": teacher}}
        ),
    }


def once(loss: Loss, student: Tensor, teacher: Tensor) -> tuple[float, float, Tensor]:
    """Return seconds of forward and backward, the value and the gradient."""
    rows = student.clone().requires_grad_()
    began = time.perf_counter()
    value = loss(rows, teacher)
    value.backward()
    took = time.perf_counter() - began
    assert rows.grad is not None
    return took, value.item(), rows.grad


def compare(count: int, *, pairs: int) -> dict[str, object]:
    """Time both in turns, and compare ours with the published form in float64."""
    student, teacher = embeddings(count, seed=1), embeddings(count, seed=2)
    both = losses()
    took: dict[str, list[float]] = {name: [] for name in both}
    for turn in range(pairs + 1):
        for name, loss in both.items():
            seconds = once(loss, student, teacher)[0]
            if turn:  # the first warms up
                took[name].append(1000 * seconds)
    _, value, gradient = once(both["ours"], student, teacher)
    _, right, true = once(both["other"], student.double(), teacher.double())
    error = max(abs(value - right) / abs(right), float((gradient - true).norm() / true.norm()))
    ours, other = (statistics.median(took[name]) for name in ("ours", "other"))
    return {
        "what": "orders 2 and 3, forward and backward",
        "n": count,
        "ours": round(ours, 3),
        "other": round(other, 3),
        "ratio": round(statistics.median(
            b / a for a, b in zip(took["ours"], took["other"], strict=True)
        ), 1),
        "unit": "ms",
        "threads": torch.get_num_threads(),
        "peak_mib": None,
        "max_relative_error": error,
    }  # fmt: skip


def extra_mib(name: str, count: int) -> float:
    """Return what one forward and backward adds to a fresh process's largest memory, in MiB."""
    code = f"import relations; print(relations.grown({name!r}, {count}))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parent,
    )  # fmt: skip
    return float(found.stdout)


def grown(name: str, count: int) -> float:
    """Return by how many MiB a fresh process grows at most, as Linux counts it."""
    loss = losses()[name]
    once(loss, embeddings(8, seed=1), embeddings(8, seed=2))
    student, teacher = embeddings(count, seed=1), embeddings(count, seed=2)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = resident("VmRSS")
    once(loss, student, teacher)
    return (resident("VmHWM") - before) / 1024


def resident(what: str) -> int:
    """Return this process's memory in KiB: ``VmRSS`` now, ``VmHWM`` at its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--memory-at", type=int, default=2048)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    lines = [compare(count, pairs=options.pairs) for count in options.sizes]
    lines.append(
        {
            "what": "orders 2 and 3, memory beyond the embeddings",
            "n": options.memory_at,
            "ours": round(extra_mib("ours", options.memory_at), 1),
            "other": None,  # N x N x D in float32 alone: 2 GiB at 2,048
            "ratio": None,
            "unit": "MiB",
            "threads": torch.get_num_threads(),
            "peak_mib": None,
            "max_relative_error": None,
        }
    )
    for line in lines:
        if options.json:
            print(json.dumps(line))
        else:
            beside = f", published form {line['other']} {line['unit']}" if line["other"] else ""
            ratio = f", {line['ratio']} times as fast" if line["ratio"] else ""
            print(f"{line['what']}, N = {line['n']}: {line['ours']} {line['unit']}{beside}{ratio}")


if __name__ == "__main__":
    main()
