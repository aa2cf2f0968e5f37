"""How fast /search answers many clients at once, and what the server does with too many.

Type     python benchmarks/serving.py runs/demo faces [--requests 400] [--json FILE]
Needs    pip install 'lookmore[demo,serve]' httpx; a run of lookmore demo and its gallery; a machine
         with nothing else to do
Gives    benchmarks/results/serving.json: a line for each number of clients
         docs/serve.md: the block between the markers
"""

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import numpy as np
from blocks import write_block
from server_process import serving

from lookmore.checkpoint.provenance import commit, machine
from lookmore.data.orl import open_orl
from lookmore.serve.settings import ServeConfig

ROOT = Path(__file__).parents[1]
PAGE, RESULTS = ROOT / "docs" / "serve.md", ROOT / "benchmarks" / "results" / "serving.json"
MOST_SECONDS = 60.0
SIDE = 16


@dataclass(frozen=True)
class Load:
    """What so many clients saw, each asking again as soon as it was answered."""

    clients: int
    requests: int
    """Answered, with whatever status."""

    refused: int
    """Answered 503."""

    per_second: float
    """Answers 200 a second."""

    p50_ms: float
    """Of answers 200, as are the next two."""

    p95_ms: float
    p99_ms: float
    batch: float
    """Mean images in a pass of the network."""

    machine: str
    commit: str


def probes() -> list[bytes]:
    """Return the demo's test photographs, as the files that they are."""
    source = open_orl()
    chosen = [
        name for name, split in zip(source.ids, source.splits, strict=True) if split == "test"
    ]
    return [(source.root / name).read_bytes() for name in chosen]


def batches(address: str) -> tuple[float, float]:
    """Return images and passes of the student so far."""
    text = httpx.get(f"{address}/metrics", timeout=60).text
    found = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    name = 'lookmore_batch_images_{}{{network="student"}}'
    # a network that was never asked has no line yet
    return float(found.get(name.format("sum"), 0)), float(found.get(name.format("count"), 0))


def measure(address: str, *, clients: int, requests: int, images: list[bytes]) -> Load:
    """Have so many clients ask so many questions in all, for a minute at most.

    Args:
        address: Of the server.
        clients: Who ask at the same time, each over a connection of its own.
        requests: In all.
        images: Asked about in turn.
    """
    end = time.perf_counter() + MOST_SECONDS

    def client(number: int) -> list[tuple[int, float]]:
        seen = []
        with httpx.Client(base_url=address, timeout=60) as talking:
            for turn in range(number, requests, clients):
                if time.perf_counter() > end:
                    break
                files, data = {"image": ("a", images[turn % len(images)])}, {"side": SIDE}
                began = time.perf_counter()
                status = talking.post("/search", files=files, data=data).status_code
                seen.append((status, time.perf_counter() - began))
                if status == 503:
                    time.sleep(1.0)  # as Retry-After says
        return seen

    before, began = batches(address), time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        seen = [one for part in pool.map(client, range(clients)) for one in part]
    took, after = time.perf_counter() - began, batches(address)
    strange = {status for status, _ in seen} - {200, 503}
    if strange:
        raise RuntimeError(f"the server answered {sorted(strange)}")
    good = np.array([1000 * seconds for status, seconds in seen if status == 200])
    p50, p95, p99 = np.percentile(good, [50, 95, 99]).round(1).tolist()
    return Load(
        clients=clients,
        requests=len(seen),
        refused=len(seen) - len(good),
        per_second=round(len(good) / took, 1),
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        batch=round((after[0] - before[0]) / (after[1] - before[1]), 1),
        machine=machine(),
        commit=commit(),
    )


def block(loads: list[Load]) -> str:
    """Return the loads as a table, with where they come from."""
    lines = [
        "| clients | answers a second | p50 | p95 | p99 | 503 | images a pass |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {load.clients} | {load.per_second:g} | {load.p50_ms:g} ms | {load.p95_ms:g} ms | "
            f"{load.p99_ms:g} ms | {load.refused} of {load.requests} | {load.batch:g} |"
            for load in loads
        ),
    ]
    room = ServeConfig().queue
    return (
        f"`POST /search` over loopback, clients and server on one machine ({loads[0].machine}; "
        f"commit {loads[0].commit}), the demo's run, gallery and test photographs, side={SIDE}.\n"
        "Each client has a connection of its own and asks again as soon as it is answered; a\n"
        f"refused one after a second. The server has {room} places.\n\n" + "\n".join(lines)
    )


def main() -> None:
    """Measure, print, and write both files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("index", type=Path)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 16, 32, 128])
    parser.add_argument("--requests", type=int, default=400, help="for each number of clients")
    parser.add_argument("--json", type=Path, default=RESULTS)
    given = parser.parse_args()
    images = probes()
    with serving(given.run, given.index) as address:
        measure(address, clients=4, requests=40, images=images)  # nothing is new any more
        loads = [
            measure(address, clients=clients, requests=given.requests, images=images)
            for clients in given.clients
        ]
    text = block(loads)
    print(text)
    given.json.write_text("".join(json.dumps(asdict(load)) + "\n" for load in loads))
    if given.json == RESULTS:
        write_block(PAGE, text, script="serving")


if __name__ == "__main__":
    main()
