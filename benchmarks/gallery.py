"""Time, disk and recall of searching a gallery: exactly, by HNSW and by IVF-PQ.

Type     python benchmarks/gallery.py --json
         python benchmarks/gallery.py --people 10000 --kinds flat hnsw
Gives    one line for each number of people and kind: seconds to build and write, to open and to
         enrol one more; milliseconds for one probe (median) and probes a second in a batch of 64;
         size on disk; and recall against the exact answer. Run it on a machine that does nothing
         else.
Needs    pip install 'lookmore[search]'
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from lookmore.search import Entries, Gallery, Matches, Space

WIDTH = 128
NEAR = 0.6  # cosine of a probe to its own person
BATCH, PROBES = 64, 256


def crowd(count: int, *, seed: int) -> Entries:
    """Return one image each of people in clusters, as faces of a kind lie."""
    random = np.random.default_rng(seed)
    kinds = random.standard_normal((max(1, count // 50), WIDTH))
    rows = kinds[random.integers(0, len(kinds), size=count)] + random.standard_normal(
        (count, WIDTH)
    )
    names = tuple(f"{seed}-{person:08d}" for person in range(count))
    return Entries(people=names, images=names, embeddings=unit(rows))


def unit(rows: np.ndarray) -> np.ndarray:
    """Return rows of length 1."""
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def probes(entries: Entries, *, seed: int) -> np.ndarray:
    """Return ``(PROBES, WIDTH)`` unit rows, each at a cosine near `NEAR` to somebody's."""
    random = np.random.default_rng(seed)
    rows = entries.embeddings[random.integers(0, len(entries), size=PROBES)]
    noise = unit(random.standard_normal(rows.shape))
    return unit(NEAR * rows + (1 - NEAR**2) ** 0.5 * noise)


def recall(found: Matches, exact: Matches) -> float:
    """Return the share of the exact answer's people that were found."""
    pairs = zip(found.people, exact.people, strict=True)
    return sum(len(set(a) & set(b)) for a, b in pairs) / sum(map(len, exact.people))


def measure(
    kind: str, entries: Entries, exact: dict[int, Matches], folder: Path
) -> dict[str, object]:
    """Return one line, and keep the exact answers where they are being made."""
    space = Space(
        through="teacher",
        name="none",
        fingerprint="0",
        placed="0",
        width=WIDTH,
        run="",
        student="0",
    )
    asked = probes(entries, seed=1)
    began = time.perf_counter()
    Gallery.build(folder / kind, entries, space=space, kind=kind)
    built = time.perf_counter()
    gallery = Gallery.open(folder / kind)
    opened = time.perf_counter()
    singles = []
    for row in asked[:BATCH]:
        start = time.perf_counter()
        gallery.search(row[None], 5)
        singles.append(1000 * (time.perf_counter() - start))
    start = time.perf_counter()
    for first in range(0, PROBES, BATCH):
        gallery.search(asked[first : first + BATCH], 5)
    rate = PROBES / (time.perf_counter() - start)
    answers = {k: gallery.search(asked, k) for k in (1, 10)}
    if kind == "flat":
        exact.update(answers)
    start = time.perf_counter()
    gallery.add(crowd(1, seed=7))
    added = time.perf_counter() - start
    files = (path for path in (folder / kind).rglob("*") if path.is_file())
    return {
        "what": "gallery",
        "kind": kind,
        "people": len(entries),
        "build_s": round(built - began, 2),
        "open_s": round(opened - built, 2),
        "add_one_s": round(added, 2),
        "one_probe_ms": round(statistics.median(singles), 3),
        "batch_probes_per_s": round(rate),
        "disk_mib": round(sum(path.stat().st_size for path in files) / 2**20, 1),
        "recall_at_1": recall(answers[1], exact[1]),
        "recall_at_10": recall(answers[10], exact[10]),
        "threads": int(os.environ.get("OMP_NUM_THREADS", "0")) or os.cpu_count(),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--people", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--kinds", nargs="+", default=["flat", "hnsw", "ivfpq"])
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    if options.kinds[0] != "flat":
        parser.error("--kinds must begin with flat, whose answers the others are held against")
    for count in options.people:
        entries, exact = crowd(count, seed=0), {}
        for kind in options.kinds:
            with tempfile.TemporaryDirectory() as folder:
                line = measure(kind, entries, exact, Path(folder))
            words = (f"{name} {value}" for name, value in line.items())
            print(json.dumps(line) if options.json else "  ".join(words), flush=True)


if __name__ == "__main__":
    main()
