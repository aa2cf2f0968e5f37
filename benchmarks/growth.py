"""What grows with the images trained on, and with the people among them: time and memory.

Type     python benchmarks/growth.py --json
         python benchmarks/growth.py --images 1000 4000 --people 100 1000
Gives    three lines for each number of images (decoding them once, making the tables that an epoch
         reads, an epoch: milliseconds for an image) and one for each number of people: a step of 96
         images with the loss arcface, which compares every image with every person. Beside them
         the memory that the process holds in the end, mapped files not counted. Images are noise
         saved as JPEG. One thread; each number in a process of its own. Run it on a machine that
         does nothing else.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from lines import Line, parser_of, report
from PIL import Image
from throughput import WEIGHTS, feed_of, live_inputs, stepper

from lookmore.chain.material import open_material
from lookmore.engine.batch import Batch
from lookmore.engine.inputs import keep_inputs
from lookmore.recipe.load import recipe_from
from lookmore.teachers.table import GuideTable

SIDE, BATCH, WIDTH, VIEWS = 16, 96, 128, 2
STEPS = 12  # timed at each number of people


def photographs(count: int, folder: Path) -> None:
    """Write ``count`` JPEG files of 112 px, ten of each person."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, size=(112, 112, 3), dtype=np.uint8)
    for number in range(count):
        person = folder / f"{number // 10:06d}"
        person.mkdir(exist_ok=True)
        # rolled, no two are alike, and drawing noise anew would take longer than saving it
        shown = np.roll(pixels, (number % 112, number // 112 % 112), axis=(0, 1))
        Image.fromarray(shown ^ np.uint8(number // 12544)).save(person / f"{number}.jpg")


def grown_images(count: int) -> list[Line]:
    """Measure everything between a folder of ``count`` images and the end of an epoch."""
    with tempfile.TemporaryDirectory() as home:
        (folder := Path(home) / "images").mkdir()
        photographs(count, folder)
        values = {
            "name": "growth",
            "task": "face",
            "data": {"root": str(folder), "test_share": 0, "validation_share": 0, "leaks": "allow",
                     "cache": str(Path(home) / "cache")},
            "views": {"count": VIEWS, "rotate_degrees": 6, "brightness": 0.15},
            "degradation": {"side": SIDE},
            "teacher": {"name": "dlib-face"},
            "student": {"guides": {"teacher": 1}, "weights": dict(WEIGHTS)},
        }  # fmt: skip
        recipe = recipe_from(values, source="growth.py")
        began = time.perf_counter()
        material = open_material(recipe)
        decoded = time.perf_counter()
        inputs = keep_inputs(live_inputs(recipe, material), folder=material.cache)
        made = time.perf_counter()
        random = np.random.default_rng(0)
        answers = random.standard_normal((len(material.train), VIEWS, WIDTH), dtype=np.float32)
        guide = GuideTable(embeddings=answers, rows=material.train)
        feed = feed_of(recipe, material, inputs=inputs, guide=guide, batch=BATCH)
        step = stepper("pico", side=SIDE, width=WIDTH)
        started = time.perf_counter()
        for batch in feed.batches(0):
            step(batch)
        ended = time.perf_counter()
        memory = held_mib()
    told = {
        "decoding each image once": decoded - began,
        f"making {VIEWS} views of {SIDE} px of each": made - decoded,
        "an epoch of a pico student": ended - started,
    }
    return [
        {"what": what, "n": count, "ours": round(1000 * took / count, 3), "peak_mib": memory}
        for what, took in told.items()
    ]


def grown_people(count: int) -> list[Line]:
    """Measure a step with ``count`` people to tell apart."""
    step = stepper("pico", side=SIDE, width=WIDTH, people=count)
    generator = torch.Generator().manual_seed(0)
    batch = Batch(
        torch.rand(BATCH, 3, SIDE, SIDE, generator=generator),
        torch.randint(0, count, (BATCH,), generator=generator),
        {"teacher": torch.nn.functional.normalize(torch.randn(BATCH, WIDTH, generator=generator))},
    )
    times = []
    for _ in range(STEPS + 2):
        began = time.perf_counter()
        step(batch)
        times.append(time.perf_counter() - began)
    took = statistics.median(times[2:])
    what = f"a step of {BATCH} images with arcface"
    return [{"what": what, "n": count, "ours": round(1000 * took, 3), "peak_mib": held_mib()}]


def held_mib() -> float:
    """Return the memory this process holds that is no file's: what it cannot give back."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    held = {line.split(":")[0]: line.split() for line in status.splitlines()}
    return round((int(held["RssAnon"][1]) + int(held["RssShmem"][1])) / 1024, 1)


KINDS = {"images": grown_images, "people": grown_people}


def measured(options: argparse.Namespace) -> Iterator[Line]:
    """Yield the lines, each number measured in a process of its own."""
    for kind in KINDS:
        for count in getattr(options, kind):
            told = subprocess.run(
                [sys.executable, __file__, "--one", kind, str(count)],
                stdout=subprocess.PIPE, text=True, check=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            ).stdout  # fmt: skip
            common = {"other": None, "ratio": None, "unit": "ms", "threads": 1}
            for line in json.loads(told.splitlines()[-1]):
                yield line | common | {"max_relative_error": None}


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 4000, 16000, 64000])
    parser.add_argument("--people", type=int, nargs="+", default=[100, 1000, 10000, 100000])
    parser.add_argument("--one", nargs=2, metavar=("KIND", "N"), help="measure one, here")
    options = parser.parse_args()
    if options.one:
        torch.set_num_threads(1)
        kind, count = options.one
        print(json.dumps(KINDS[kind](int(count))))
        return
    report(measured(options), options=options, arguments=sys.argv, places={})


if __name__ == "__main__":
    main()
