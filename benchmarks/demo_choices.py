"""Choose the demo's settings on enrolled images alone, and write the table in docs/experiments.md.

Type     python benchmarks/demo_choices.py [THREADS]
Takes    about a quarter of an hour on two cores
Gives    docs/experiments.md: the block between the markers; runs/choice-*

Two questions. Which part of the photograph should the teacher see? Answered by leave-one-out
search among the 200 enrolled images. Which assistant, weights and student? Answered on 40 % of
the enrolled images, held out, as 16-pixel probes. The demo's 200 probes are never looked at.
"""

import csv
import subprocess
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from blocks import write_block

from lookmore.data.config import DataConfig
from lookmore.data.pack import Pack, build_pack
from lookmore.data.sources import open_source
from lookmore.evaluate.rows import read_rows
from lookmore.metrics.identification import recall_at_k
from lookmore.teachers import TeacherConfig, open_teacher

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "experiments.md"
COMMON = ("data.validation_share=0.4", "evaluate.split=val", "evaluate.controls=[teacher]")
BOXES = {
    "the whole image": (0.0, 0.0, 1.0, 1.0),
    "full width, centred 0.55 down": (0.0, 0.05, 1.0, 1.05),
    "full width, centred 0.60 down": (0.0, 0.10, 1.0, 1.10),
    "full width, centred 0.64 down (kept)": (0.0, 0.14, 1.0, 1.14),
    "full width, centred 0.70 down": (0.0, 0.20, 1.0, 1.20),
}
NO_ASSISTANT = ("assistant=null", "student.guides={teacher: 1}", "student.warm_start=false")
CHOICES = {
    "as shipped: assistant `small`, warm start": (),
    "assistant `nano`": ("assistant.stream.backbone=nano", "student.warm_start=false"),
    "no assistant": NO_ASSISTANT,
    "no assistant, order individual alone": (
        *NO_ASSISTANT,
        "student.weights={individual: 2}",
        "student.task.loss=none",
    ),
    "no assistant, individual weighted 10": (*NO_ASSISTANT, "student.weights.individual=10"),
    "as shipped, without the task loss": ("student.task.loss=none",),
    "as shipped, without blends": ("views.blends=0",),
    "student `nano`": ("student.stream.backbone=nano", "student.warm_start=false"),
}


def box_rows() -> list[str]:
    """Return a table row for each box: leave-one-out rank-1 of the teacher, sharp, in percent."""
    config = DataConfig(root="orl", validation_share=0.0)
    pack = build_pack(open_source(config), config)
    rows = []
    for name, box in BOXES.items():
        found = leave_one_out(pack, box)
        rows.append(f"| {name} | {found:.1f} |")
        print(rows[-1], flush=True)
    return rows


def leave_one_out(pack: Pack, box: tuple[float, float, float, float]) -> float:
    """Search each enrolled image among the others, in the teacher's centred space."""
    teacher = open_teacher(TeacherConfig(name="dlib-face", box=box))
    rows = pack.rows("train")
    images = pack.batch(rows).float() / 255
    parts = [teacher.embed(part) + teacher.embed(part.flip(3)) for part in images.split(50)]
    embeddings = torch.cat(parts)
    placed = F.normalize(embeddings - embeddings.mean(dim=0)).numpy()
    return 100 * recall_at_k(placed, pack.labels[rows], [1]).values[0]


def choice_rows(threads: str) -> list[str]:
    """Train every choice and return its table row."""
    rows = []
    for number, (name, overrides) in enumerate(CHOICES.items()):
        run = ROOT / "runs" / f"choice-{number}"
        command = [
            *(str(Path(sys.executable).with_name("lookmore")), "train"),
            str(ROOT / "src" / "lookmore" / "recipe" / "demo.yaml"),
            *(*COMMON, f"machine.threads={threads}", *overrides, "--out", str(run)),
        ]
        subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
        rank1 = {
            (row.method, row.probe_side): row.value
            for row in read_rows(run / "report.json")
            if row.metric == "rank1"
        }
        with (run / "student" / "log.csv").open(newline="") as file:
            last = list(csv.DictReader(file))[-1]
        assistant = rank1.get(("assistant", 112))
        cells = [
            "" if assistant is None else f"{100 * assistant:.1f}",
            f"{100 * rank1['ours', 16]:.1f}",
            f"{100 * rank1['ours', 8]:.1f}",
            f"{float(last['validation/cosine_to_teacher']):.2f}",
        ]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
        print(rows[-1], flush=True)
    return rows


def main(threads: str) -> None:
    """Measure, and write the block."""
    torch.set_num_threads(max(1, int(threads)))
    block = "\n".join(
        [
            "| what the teacher sees of the square image | leave-one-out rank-1, sharp, % |",
            "|---|---|",
            *box_rows(),
            "",
            "| demo recipe | assistant, sharp, % | student, 16 px, % | 8 px, % "
            "| cosine to teacher |",
            "|---|---|---|---|---|",
            *choice_rows(threads),
        ]
    )
    write_block(PAGE, block, script="demo_choices")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "0")
