"""The run folder: where each thing of a run lies, and who may write there."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lookmore.checkpoint.checkpoint import write_whole
from lookmore.checkpoint.lists import write_list
from lookmore.checkpoint.provenance import commit, machine, versions
from lookmore.data.pack import Pack
from lookmore.engine.device import chosen_device
from lookmore.errors import CheckpointError
from lookmore.recipe.config import Recipe
from lookmore.recipe.load import as_chosen, as_plain, load_recipe, to_yaml

STAGES = ("teacher", "assistant", "student", "student_alone")
# Settings that may change without changing what is trained.
_MACHINE = ("machine.device", "machine.threads", "machine.relations")
_FREE_BEGINNINGS = ("name", "evaluate.", *_MACHINE)
FREE_DATA = ("data.root", "data.pairs", "data.cache", "data.max_unreadable")
_FREE_ENDS = (*FREE_DATA, "schedule.validate_every", "schedule.checkpoint_seconds")


def open_run_folder(folder: Path, recipe: Recipe, *, restart: bool) -> None:
    """Make the run folder and write the resolved recipe into it.

    Args:
        folder: ``runs/NAME``.
        recipe: As resolved; every default is written out.
        restart: Whether a recipe of other settings may be replaced.

    Raises:
        CheckpointError: If the folder cannot be made or written, or holds a run of other settings
            and not ``restart``; its recipe then stays as it is.
    """
    if not restart:
        _refuse_other_settings(folder, recipe)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(
            f"cannot make the run folder {folder}: {error.strerror}; choose another with --out"
        ) from error
    heading = [
        f"Resolved by lookmore, commit {commit()}, on {machine(chosen_device(recipe.machine))}",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in versions().items()),
        f"Again: lookmore train {folder / 'recipe.yaml'} --out {folder}",
    ]
    write_whole(folder / "recipe.yaml", to_yaml(recipe, heading=heading).encode())


def _refuse_other_settings(folder: Path, recipe: Recipe) -> None:
    path = folder / "recipe.yaml"
    if not path.exists() or not any((folder / stage).exists() for stage in STAGES):
        return  # nothing was trained yet
    old, new = (_flat(as_plain(found)) for found in (load_recipe(path), recipe))
    changed = [
        f"{name} from {old.get(name)} to {new.get(name)}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name) and not _is_free(name)
    ]
    if changed:
        raise CheckpointError(
            f"{folder} holds a run of other settings ({'; '.join(changed[:3])}): choose another "
            "run with name= or --out, or add --restart to train anew what they change"
        )


def chosen_settings(recipe: Recipe) -> dict[str, Any]:
    """Return the settings that decide what is trained and measured, by dotted name.

    Left out are those that have their default, so that a setting that is new in lookmore changes
    nothing here; and the name, where the images lie, how the machine is used, and the controls.
    """
    place = ("name", *_MACHINE, *FREE_DATA, "evaluate.controls")
    flat = _flat(as_chosen(recipe))
    return {name: value for name, value in sorted(flat.items()) if name not in place}


def _is_free(name: str) -> bool:
    """Say whether a setting may change without changing what is trained."""
    return name.startswith(_FREE_BEGINNINGS) or name.endswith(_FREE_ENDS)


def _flat(values: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{above}{name}.")
        else:
            flat[f"{above}{name}"] = value
    return flat


def write_unreadable(folder: Path, pack: Pack) -> None:
    """List the images that were skipped, with the reason; no file where there were none."""
    path = folder / "unreadable.csv"
    if not pack.unreadable:
        path.unlink(missing_ok=True)
        return
    write_list(path, ("id", "reason"), pack.unreadable)


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
