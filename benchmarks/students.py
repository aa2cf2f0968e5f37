"""How fast, how large and how good students are: the frontier a user chooses from.

Type     python benchmarks/students.py --json                                 # speed and size
         python benchmarks/students.py --json --runs runs/benchmark/lfw-students data.root=...
Gives    for each native backbone, at 16 px through onnxruntime: images a second of the exported
         file, fp32 and INT8, beside `small` in the same run and beside the floor that its
         multiply-adds set; and the size of both files. With --runs, where the suite lfw-students
         left its runs, also the verification accuracy (LR-HR) of each student, fp32 and INT8,
         beside that of `small`, on the folds that both were trained for.
         Speed and size do not hang on what was learnt, so without --runs weights are drawn at
         random. Run it on a machine that does nothing else.
Needs    pip install 'lookmore[export]'
"""

import hashlib
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from lines import parser_of, report
from rich.console import Console
from torch import Tensor, nn

import lookmore
from lookmore.backbones.table import BACKBONES
from lookmore.checkpoint.network import Network, Pixels
from lookmore.cli.work import working
from lookmore.data.pairs import read_pairs
from lookmore.errors import ExportError
from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.encoder import Encoder
from lookmore.evaluate.run import open_subject, trained_recipe
from lookmore.evaluate.verification import verify
from lookmore.export.export import export
from lookmore.export.graph import stream_graph, with_preprocessing
from lookmore.export.quantise import quantised
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.streams.stream import Stream

SIDE, WIDTH, BATCH = 16, 128, 64
# The threads of the file before still wait for work when the next begins, on its processors.
WARM, TIMED = 8, 32  # batches
PLACES = {
    "--runs": "runs/benchmark/lfw-students",
    "data.root": "LFW/images",
    "data.pairs": "LFW/pairs.txt",
}


class Accuracy(NamedTuple):
    """How well one student tells people apart, LR-HR, as it is and in eight bits."""

    student: str
    """Its backbone."""

    fold: int
    """Of LFW's pairs: the people whom it was not trained on."""

    pairs: int
    """How many were compared."""

    values: dict[str, float]
    """Share of pairs that are told right: ``fp32``, and ``int8`` unless its export is refused."""


def fresh(name: str) -> Stream:
    """Return a student with random weights, its batch statistics those of random images."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        stream = build_stream(StreamConfig(backbone=name), side=SIDE, width=WIDTH, classes=0)
        with torch.no_grad():
            for _ in range(20):
                stream(torch.rand(BATCH, 3, SIDE, SIDE))
    return stream.eval()


def files_of(name: str, pixels: Pixels) -> dict[str, bytes]:
    """Return a student's files, ``fp32`` and ``int8``, as export writes them but for the words."""
    graph = stream_graph(fresh(name))
    return {
        "fp32": with_preprocessing(graph, side=SIDE).SerializeToString(),
        "int8": with_preprocessing(quantised(graph, pixels), side=SIDE).SerializeToString(),
    }


def session_of(data: bytes, *, threads: int) -> Callable[[Pixels], np.ndarray]:
    """Return a file at work in onnxruntime."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    def embeddings(pixels: Pixels) -> np.ndarray:
        found: np.ndarray = session.run(["embeddings"], {"images": pixels})[0]
        return found

    return embeddings


def work_of(stream: Stream) -> int:
    """Return the multiply-adds of one image, counted layer by layer."""
    total = 0

    def count(layer: nn.Module, _: Any, found: Tensor) -> None:
        nonlocal total
        places = found[0, 0].numel() if found.ndim == 4 else 1
        total += sum(p.numel() for p in layer.parameters(recurse=False) if p.ndim > 1) * places

    for layer in stream.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    stream.embed(torch.zeros(1, 3, SIDE, SIDE))
    return total


def multiply_adds_per_s() -> float:
    """Return what torch's large matrix product reaches here; onnxruntime's kernels may pass it."""
    left, right = torch.rand(1024, 1024), torch.rand(1024, 1024)
    took = []
    for _ in range(12):
        began = time.perf_counter()
        left @ right
        took.append(time.perf_counter() - began)
    return 1024**3 / min(took)


def speeds(names: list[str], *, threads: int, turns: int) -> list[dict[str, object]]:
    """Time every file in turns; return two lines for each student, beside the first one's fp32."""
    pixels = np.random.default_rng(0).integers(0, 256, (256, SIDE, SIDE, 3), dtype=np.uint8)
    batch = pixels[:BATCH]
    files = {name: files_of(name, pixels) for name in names}
    work = {name: work_of(fresh(name)) for name in names}
    running = {
        (name, kind): session_of(data, threads=threads)
        for name, kinds in files.items()
        for kind, data in kinds.items()
    }
    took: dict[tuple[str, str], list[float]] = {key: [] for key in running}
    best = 0.0
    for turn in range(turns + 1):
        best = max(best, multiply_adds_per_s())
        for key, run in running.items():
            for _ in range(WARM):
                run(batch)
            began = time.perf_counter()
            for _ in range(TIMED):
                run(batch)
            if turn:  # the first warms up
                took[key].append((time.perf_counter() - began) / TIMED)
    lines: list[dict[str, object]] = []
    for (name, kind), seconds in took.items():
        rates = [BATCH / one for one in seconds]
        beside = [BATCH / one for one in took[names[0], "fp32"]]
        lines.append(
            {
                "what": f"student {name}, {kind}, through onnxruntime at {SIDE} px",
                "student": name,
                "kind": kind,
                "n": BATCH,
                "ours": round(statistics.median(rates)),
                "other": round(statistics.median(beside)),
                "ratio": round(
                    statistics.median(a / b for a, b in zip(rates, beside, strict=True)), 2
                ),
                "floor": round(best / work[name]) if kind == "fp32" else None,
                "unit": "images/s",
                "threads": threads,
                "bytes": len(files[name][kind]),
                "multiply_adds": work[name],
                "peak_mib": None,
                "max_relative_error": None,
            }
        )
    return lines


def accuracy_of(folder: Path, overrides: list[str]) -> Accuracy:
    """Return the verification accuracy (LR-HR) of a run's student, and of its INT8 file."""
    recipe = trained_recipe(folder, overrides=overrides)
    with working(Console(stderr=True)) as reporter:
        subject = open_subject(folder, recipe, reporter=reporter)
        ours = subject.contestants[-1]
        contestants = {"fp32": ours}
        try:
            path = export(folder, int8=True, overrides=overrides, reporter=reporter).path
        except ExportError as error:
            print(error, file=sys.stderr)
        else:
            answer, flip = lookmore.load(path).answer, recipe.evaluate.flip
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            encoder = Encoder("student", digest, as_encoder(answer, flip=flip))
            contestants["int8"] = Contestant("ours", encoder, ours.gallery, ours.guide, False)
        found = {
            kind: verify(
                who,
                embed=subject.embed,
                pairs=read_pairs(Path(recipe.data.pairs)),
                fold=recipe.data.pairs_fold,
                side=SIDE,
                degradation="bicubic",
            )
            for kind, who in contestants.items()
        }
    sharp = subject.material.pack.images.shape[-1]
    asked = {
        kind: next(m for m in one if m.metric == "accuracy" and m.gallery_side == sharp)
        for kind, one in found.items()
    }
    values = {kind: measure.value for kind, measure in asked.items()}
    backbone, fold = recipe.student.stream.backbone, recipe.data.pairs_fold
    return Accuracy(backbone, fold, asked["fp32"].n, values)


def accuracy_lines(found: list[Accuracy]) -> list[dict[str, object]]:
    """Return two lines for each student: its mean over folds beside that of `small` in fp32.

    ``behind`` is the mean over folds of how many points `small` is ahead on the same pairs, and
    ``behind_error`` its standard error, where there are several folds. A fold whose INT8 file is
    refused is named, and is not in the mean.

    Raises:
        SystemExit: If `small` was not trained for a fold.
    """
    small = {one.fold: one.values["fp32"] for one in found if one.student == "small"}
    if missing := sorted({one.fold for one in found} - set(small)):
        raise SystemExit(f"run the suite's method ours for fold {missing[0]}, too: it is `small`")
    lines: list[dict[str, object]] = []
    for name in dict.fromkeys(one.student for one in found):
        everyone = sorted((x for x in found if x.student == name), key=lambda one: one.fold)
        for kind in ("fp32", "int8"):
            own = [one for one in everyone if kind in one.values]
            values = [one.values[kind] for one in own]
            beside = [small[one.fold] for one in own]
            behind = [100 * (a - b) for a, b in zip(beside, values, strict=True)]
            what = f"student {name}, {kind}, accuracy LR-HR at {SIDE} px, folds {_folds(own)}"
            if refused := [one for one in everyone if kind not in one.values]:
                what += f"; export refuses folds {_folds(refused)}"
            lines.append(
                {
                    "what": what,
                    "student": name,
                    "kind": kind,
                    "n": sum(one.pairs for one in own),
                    "ours": round(statistics.mean(values), 5) if own else None,
                    "other": round(statistics.mean(beside), 5) if own else None,
                    "behind": round(statistics.mean(behind), 2) if own else None,
                    "behind_error": (
                        round(statistics.stdev(behind) / len(behind) ** 0.5, 2)
                        if len(own) > 1
                        else None
                    ),
                    "ratio": None,
                    "floor": None,
                    "unit": "of 1",
                    "threads": torch.get_num_threads(),
                    "bytes": None,
                    "peak_mib": None,
                    "max_relative_error": None,
                }
            )
    return lines


def _folds(found: list[Accuracy]) -> str:
    return ", ".join(str(one.fold) for one in found) or "none"


def as_encoder(network: Network, *, flip: bool) -> Callable[[Tensor], Tensor]:
    """Return what embeds ``(B, 3, s, s)`` images in [0, 1] through a network of pixels."""

    def embed(images: Tensor) -> Tensor:
        levels = (images * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
        found = torch.from_numpy(network(levels.contiguous().numpy())["embeddings"])
        if flip:
            mirrored = levels.flip(2).contiguous().numpy()
            found = found + torch.from_numpy(network(mirrored)["embeddings"])
        return F.normalize(found)

    return embed


def main() -> None:
    """Measure and print."""
    parser = parser_of(__doc__)
    parser.add_argument("overrides", nargs="*", help="data.root=..., data.pairs=...")
    parser.add_argument("--students", nargs="+", default=list(BACKBONES))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--runs", type=Path, help="where lfw-students left its runs")
    options = parser.parse_args()
    names = list(dict.fromkeys(["small", *options.students]))
    torch.set_num_threads(options.threads)
    lines = speeds(names, threads=options.threads, turns=options.turns)
    if options.runs:
        told = {"ours", *(f"student_{name}" for name in BACKBONES)}  # each backbone as it is
        folders = sorted(path.parent for path in options.runs.glob("*/student"))
        folders = [folder for folder in folders if folder.name.partition("-")[0] in told]
        lines += accuracy_lines([accuracy_of(folder, options.overrides) for folder in folders])
    report(lines, options=options, arguments=sys.argv, places=PLACES)


if __name__ == "__main__":
    main()
