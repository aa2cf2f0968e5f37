"""Time and memory of orders 2 and 3, beside the published N x N x D form of torchdistill.

Type     python benchmarks/relations.py --json
         python benchmarks/relations.py --sizes 64 256 --pairs 5
Gives    one line for each size and engine: forward and backward, medians of runs in turns; the
         floor, below which arithmetic or memory alone would not let it fall; the extra memory; and
         how far ours is from the published form in float64, value and gradient. --out also writes
         the lines to a file. Run it on a machine that does nothing else.
Needs    pip install -r benchmarks/requirements.txt
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from lines import parser_of, report
from torch import Tensor
from torchdistill.losses.mid_level import RKDLoss

from lookmore.losses import HybridOrder
from lookmore.losses.engines import ENGINES, choose_engine

DISTANCE, ANGLE = 1.0, 2.0
WIDTH = 128
# Vector instructions for a corner in both streams: two cosines (6), Huber (4), pull on three sides
# (6). Each pair of sides once, at every image.
INSTRUCTIONS = 16
Loss = Callable[[Tensor, Tensor], Tensor]


def embeddings(count: int, *, seed: int) -> Tensor:
    """Return ``(count, WIDTH)`` unit rows around a few centres, as people's images lie."""
    generator = torch.Generator().manual_seed(seed)
    centres = torch.randn(max(count // 4, 1), WIDTH, generator=generator)
    rows = centres.repeat(5, 1)[:count] + 0.5 * torch.randn(count, WIDTH, generator=generator)
    return F.normalize(rows)


def losses(engine: str = "auto") -> dict[str, Loss]:
    """Return ours and the published form: distances and angles, weighted 1 to 2."""
    hybrid = HybridOrder(distance=DISTANCE, angle=ANGLE, engine=engine)
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
    wait(rows)
    began = time.perf_counter()
    value = loss(rows, teacher)
    value.backward()
    wait(rows)
    took = time.perf_counter() - began
    assert rows.grad is not None
    return took, value.item(), rows.grad


def wait(rows: Tensor) -> None:
    """Wait until a GPU has done what it was told."""
    if rows.device.type == "cuda":
        torch.cuda.synchronize()


def floor_ms(count: int, device: str) -> float:
    """Return the least time for all corners: instructions, or bytes of tables, at measured rates.

    A matrix product measures what vector instructions a second there are (it does two operations in
    each), and a copy how many bytes move. The table is read once and the springs written once.
    """
    block = torch.randn(1024, 1024, device=device)
    large = torch.randn(2**23, device=device)
    lanes = 1024**3 / best(lambda: block @ block, block)
    bytes_a_second = 2 * 4 * len(large) / best(large.clone, large)
    corners = count**2 * (count - 1) / 2
    moved = (4 + 8) * count**2
    return 1000 * max(INSTRUCTIONS * corners / lanes, moved / bytes_a_second)


def best(work: Callable[[], object], rows: Tensor) -> float:
    """Return the seconds of the fastest of seven runs."""
    took = []
    for _ in range(7):
        began = time.perf_counter()
        work()
        wait(rows)
        took.append(time.perf_counter() - began)
    return min(took)


def compare(
    count: int, *, pairs: int, engine: str = "auto", device: str = "cpu"
) -> dict[str, object]:
    """Time both in turns, and compare ours with the published form in float64."""
    student, teacher = (embeddings(count, seed=seed).to(device) for seed in (1, 2))
    both = losses() if engine == "auto" else losses(engine)
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
        "floor": round(floor_ms(count, device), 3),
        "engine": choose_engine(engine, torch.device(device)).name,
        "device": device,
        "threads": torch.get_num_threads(),
        "peak_mib": None,
        "max_relative_error": error,
    }  # fmt: skip


def extra_mib(name: str, count: int, engine: str = "auto") -> float:
    """Return what one forward and backward adds to a fresh process's largest memory, in MiB."""
    code = f"import relations; print(relations.grown({name!r}, {count}, {engine!r}))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        cwd=Path(__file__).parent,
    )  # fmt: skip
    return float(found.stdout)


def grown(name: str, count: int, engine: str = "auto") -> float:
    """Return by how many MiB a fresh process grows at most, as Linux counts it."""
    loss = losses(engine)[name]
    # libraries load what they need when first used; that is theirs, not the loss's
    once(loss, embeddings(200, seed=1), embeddings(200, seed=2))
    student, teacher = embeddings(count, seed=1), embeddings(count, seed=2)
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    before = resident("VmRSS")
    once(loss, student, teacher)
    return (resident("VmHWM") - before) / 1024


def on_gpu_mib(name: str, count: int, engine: str = "auto") -> float:
    """Return by how many MiB one forward and backward raises what torch holds on the GPU."""
    loss = losses(engine)[name]
    student, teacher = (embeddings(count, seed=seed).cuda() for seed in (1, 2))
    once(loss, student, teacher)
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    once(loss, student, teacher)
    return (torch.cuda.max_memory_allocated() - before) / 2**20


def resident(what: str) -> int:
    """Return this process's memory in KiB: ``VmRSS`` now, ``VmHWM`` at its peak."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what))


def engines_here(device: str) -> list[str]:
    """Return the engines that compute on this device: torch first."""
    fastest = choose_engine("auto", torch.device(device)).name
    return [name for name in ENGINES if name in ("torch", fastest)]


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128, 256])
    parser.add_argument("--memory-at", type=int, default=2048)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    options = parser.parse_args()
    report(measured(options), options=options, arguments=sys.argv, places={})


def measured(options: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Yield all lines: times at each size, and memory on the CPU."""
    engines = engines_here(options.device)
    for count in options.sizes:
        for engine in engines:
            line = compare(count, pairs=options.pairs, engine=engine, device=options.device)
            extra = extra_mib if options.device == "cpu" else on_gpu_mib
            yield {**line, "peak_mib": round(extra("ours", count, engine), 1)}
    if options.device == "cpu":
        peak = round(extra_mib("ours", options.memory_at, engines[-1]), 1)
        yield {
            "what": "orders 2 and 3, memory beyond the embeddings",
            "n": options.memory_at,
            "ours": peak,
            "other": None,  # N x N x D in float32 alone: 2 GiB at 2,048
            "ratio": None,
            "unit": "MiB",
            # one table for both streams in float32, springs in float64
            "floor": round((4 + 8) * options.memory_at**2 / 2**20, 1),
            "engine": engines[-1],
            "device": "cpu",
            "threads": torch.get_num_threads(),
            "peak_mib": peak,
            "max_relative_error": None,
        }


if __name__ == "__main__":
    main()
