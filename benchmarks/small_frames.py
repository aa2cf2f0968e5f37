"""Where signs that are small in their files are misread: in which tracks, and which near frames.

Type     python benchmarks/small_frames.py data.root=GTSRB
Gives    docs/classification.md: for the teacher, the student and the student alone of each run
         that `lookmore benchmark gtsrb-far` left in runs/benchmark, how many test frames of 32 px
         or less are misread, in how many tracks, and how much of the same tracks is misread where
         the car has come near: frames of more than 40 px. It explains numbers; it chooses nothing.
Needs    those runs, and the images they were trained on
"""

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from blocks import write_block
from lines import command_line
from rich.console import Console

from lookmore.checkpoint.provenance import commit
from lookmore.cli.work import working
from lookmore.data.splits import groups_of
from lookmore.evaluate.labels import method_of
from lookmore.evaluate.probes import make_probes
from lookmore.evaluate.run import Subject, open_subject, trained_recipe

SMALL, NEAR = 32, 40  # px, the longer side
BATCH = 128
CONTROLS = "evaluate.controls=[teacher, teacher_upscaled, student_alone]"
SUITE = "gtsrb-far"
PAGE = Path(__file__).parents[1] / "docs" / "classification.md"
METHODS = {"teacher": "teacher_upscaled", "student": "ours", "student_alone": "student_alone"}
HEAD = (
    f"| network | misread, {SMALL} px or less | tracks they lie in | of these tracks, misread over "
    f"{NEAR} px |\n|---|---|---|---|"
)


class Misread(NamedTuple):
    """What one network of one run gets wrong."""

    stream: str
    """``teacher``, ``student`` or ``student_alone``."""

    frames: frozenset[str]
    """Names of the small frames that are misread."""

    tracks: int
    """Tracks that they lie in."""

    near: int
    """Near frames of these tracks that are misread."""

    near_in_all: int
    """Near frames of these tracks."""


class Tried(NamedTuple):
    """The test frames of a run."""

    rows: np.ndarray
    """``(n,)`` pack rows."""

    names: np.ndarray
    """``(n,)`` names of the frames."""

    tracks: np.ndarray
    """``(n,)`` names of their tracks."""

    longer: np.ndarray
    """``(n,)`` pixels of the longer side in the file."""


def frames_of(subject: Subject) -> Tried:
    """Return the frames that a run is tried on."""
    pack = subject.material.pack
    rows = pack.rows("test")
    rows = rows[subject.material.labels[rows] >= 0]
    names = [pack.ids[row] for row in rows]
    tracks = groups_of(names, subject.recipe.data.group_pattern)
    return Tried(rows, np.array(names), tracks, pack.sizes[rows].max(axis=1))


def misread(subject: Subject, tried: Tried) -> list[Misread]:
    """Return what each network of a run gets wrong, every frame shown as it is in its file."""
    pack, (rows, names, tracks, longer) = subject.material.pack, tried
    small, near = longer <= SMALL, longer > NEAR
    found = []
    for stream, scores in subject.scores.items():
        said = []
        for start in range(0, len(rows), BATCH):
            chosen = rows[start : start + BATCH]
            with torch.inference_mode():
                shown = make_probes(
                    pack, chosen, side=subject.recipe.data.side, degradation="bicubic"
                )
                said.append(scores(shown).argmax(dim=1).numpy())
        wrong = np.concatenate(said) != subject.material.labels[rows]
        lost = np.unique(tracks[wrong & small])
        of_these = near & np.isin(tracks, lost)
        found.append(
            Misread(
                stream,
                frozenset(names[wrong & small]),
                len(lost),
                int((wrong & of_these).sum()),
                int(of_these.sum()),
            )
        )
    return found


def told(runs: list[list[Misread]], *, frames: int, tracks: int) -> str:
    """Return the table, and what is wrong in every run."""
    lines = [HEAD]
    for stream, method in METHODS.items():
        found = [one for run in runs for one in run if one.stream == stream]
        if found:
            cells = (
                ", ".join(f"{len(one.frames)}" for one in found),
                ", ".join(f"{one.tracks}" for one in found),
                ", ".join(f"{one.near} of {one.near_in_all}" for one in found),
            )
            lines.append(f"| {method_of(method).label} | {' | '.join(cells)} |")
    ours = [one.frames for run in runs for one in run if one.stream == "student"]
    always = frozenset.intersection(*ours)
    lost = len({name.rpartition("_")[0] for name in always})
    return (
        "\n".join(lines)
        + f"\n\n{frames} frames of {tracks} tracks; a number for each of {len(runs)} seeds. The "
        f"student misreads {len(always)} frames, of {lost} tracks, at every seed."
    )


def main(arguments: list[str]) -> None:
    """Look at every run, and write the page."""
    places = [*arguments[1:], "data.cache=runs/.cache", CONTROLS]
    runs = []
    for folder in sorted((Path("runs") / "benchmark" / SUITE).glob("ours-32px-seed?")):
        recipe = trained_recipe(folder, overrides=places)
        with working(Console(stderr=True)) as reporter:
            subject = open_subject(folder, recipe, reporter=reporter)
        tried = frames_of(subject)  # the same in every run: splits hang on names alone
        runs.append(misread(subject, tried))
    if not runs:
        sys.exit(f"no run of ours in runs/benchmark/{SUITE}: lookmore benchmark {SUITE} first")
    command = command_line(arguments, places={"data.root": "GTSRB"})
    small = tried.tracks[tried.longer <= SMALL]
    block = told(runs, frames=len(small), tracks=len(set(small)))
    write_block(PAGE, f"{block}\n\n`{command}`, commit {commit()}.", script="small_frames")


if __name__ == "__main__":
    main(sys.argv)
