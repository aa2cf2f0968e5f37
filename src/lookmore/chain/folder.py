"""The run folder: where each thing of a run lies, and who may write there."""

import csv
import io
import json
from pathlib import Path

from lookmore.checkpoint.checkpoint import write_whole
from lookmore.checkpoint.provenance import commit, machine, versions
from lookmore.data.pack import Pack
from lookmore.errors import CheckpointError
from lookmore.recipe.config import Recipe
from lookmore.recipe.load import to_yaml

STAGES = ("teacher", "assistant", "student", "student_alone")


def open_run_folder(folder: Path, recipe: Recipe) -> None:
    """Make the run folder and write the resolved recipe into it.

    Args:
        folder: ``runs/NAME``.
        recipe: As resolved; every default is written out.

    Raises:
        CheckpointError: If the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(
            f"cannot make the run folder {folder}: {error.strerror}; choose another with --out"
        ) from error
    heading = [
        f"Resolved by lookmore, commit {commit()}, on {machine()}",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in versions().items()),
        f"Again: lookmore train {folder / 'recipe.yaml'}",
    ]
    write_whole(folder / "recipe.yaml", to_yaml(recipe, heading=heading).encode())


def write_unreadable(folder: Path, pack: Pack) -> None:
    """List the images that were skipped, with the reason; no file where there were none."""
    path = folder / "unreadable.csv"
    if not pack.unreadable:
        path.unlink(missing_ok=True)
        return
    text = io.StringIO()
    csv.writer(text).writerows([("id", "reason"), *pack.unreadable])
    write_whole(path, text.getvalue().encode())


def add_seconds(folder: Path, stage: str, seconds: float) -> None:
    """Add the wall time a stage took in this process to ``times.json``; resumed parts add up."""
    path = folder / "times.json"
    times = read_seconds(folder)
    times[stage] = times.get(stage, 0.0) + seconds
    write_whole(path, (json.dumps(times, indent=1) + "\n").encode())


def read_seconds(folder: Path) -> dict[str, float]:
    """Return the wall time of each stage so far, in seconds."""
    try:
        return dict(json.loads((folder / "times.json").read_text()))
    except FileNotFoundError:
        return {}
