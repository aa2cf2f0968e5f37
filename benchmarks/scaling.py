"""What it costs that relations span the batches of all processes: the gather, and N itself.

Type     python benchmarks/scaling.py --json
         python benchmarks/scaling.py --sizes 64 256 --processes 2 --turns 20
Gives    two lines for each size of the whole batch: the gather of student and teacher with its
         gradient, on loopback (gloo), and orders 2 and 3 of the whole batch on each process, which
         is what every process computes again. One thread for each process. --out also writes the
         lines to a file. Run it on a machine that does nothing else.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from lines import parser_of, report
from torch import Tensor

from lookmore.losses import HybridOrder, gather_rows

WIDTH = 128


def worker(rank: int, processes: int, store: str, sizes: list[int], turns: int) -> None:
    """Measure in one process of the group; the first prints what was found."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=processes)
    for count in sizes:
        generator = torch.Generator().manual_seed(rank)
        own = F.normalize(torch.randn(2, count // processes, WIDTH, generator=generator), dim=2)
        gathers, losses = zip(*(turn(own[0], own[1]) for _ in range(turns + 1)), strict=True)
        if rank == 0:
            gather, loss = (1000 * statistics.median(took[1:]) for took in (gathers, losses))
            print(json.dumps({"n": count, "gather": gather, "relations": loss}), flush=True)
    dist.destroy_process_group()


def turn(student: Tensor, teacher: Tensor) -> tuple[float, float]:
    """Return the seconds of the gather and of the relations, forward and backward each."""
    rows = student.clone().requires_grad_()
    dist.barrier()
    began = time.perf_counter()
    whole, guide = gather_rows(rows), gather_rows(teacher)
    gathered = time.perf_counter() - began
    leaf = whole.detach().requires_grad_()
    began = time.perf_counter()
    HybridOrder(distance=1, angle=2)(student=leaf, teacher=guide).backward()
    losses = time.perf_counter() - began
    began = time.perf_counter()
    whole.backward(leaf.grad)
    return gathered + time.perf_counter() - began, losses


def measured(sizes: list[int], *, processes: int, turns: int) -> list[dict[str, object]]:
    """Start the processes, and return their lines in the form that all benchmarks have."""
    with tempfile.TemporaryDirectory() as folder:
        settings = json.dumps([processes, f"{folder}/store", sizes, turns])
        code = (
            "import json, sys, scaling; scaling.worker(int(sys.argv[1]), *json.loads(sys.argv[2]))"
        )
        running = [
            subprocess.Popen(
                [sys.executable, "-c", code, str(rank), settings],
                cwd=Path(__file__).parent, stdout=subprocess.PIPE, text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
            for rank in range(processes)
        ]  # fmt: skip
        told = [process.communicate()[0] for process in running]
    failed = [process.returncode for process in running if process.returncode]
    if failed:
        raise SystemExit(f"a process ended with {failed[0]}")
    lines: list[dict[str, object]] = []
    for found in map(json.loads, told[0].splitlines()):
        sent = 2 * 4 * WIDTH * found["n"] * (processes - 1) / processes
        common = {
            "n": found["n"],
            "other": None,
            "unit": "ms",
            "processes": processes,
            "threads": 1,
            "peak_mib": None,
            "max_relative_error": None,
        }
        lines += [
            {
                "what": "gather of student and teacher",
                "ours": round(found["gather"], 3),
                "ratio": round(found["gather"] / found["relations"], 3),
                "received_mib": round(sent / 2**20, 3),
                **common,
            },
            {
                "what": "orders 2 and 3 of the whole batch",
                "ours": round(found["relations"], 3),
                "ratio": None,
                "received_mib": None,
                **common,
            },
        ]
    return lines


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[64, 128, 256, 512, 1024])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--turns", type=int, default=9)
    options = parser.parse_args()
    if any(size % options.processes for size in options.sizes):
        parser.error(f"sizes must be multiples of the {options.processes} processes")
    lines = measured(options.sizes, processes=options.processes, turns=options.turns)
    report(lines, options=options, arguments=sys.argv, places={})


if __name__ == "__main__":
    main()
