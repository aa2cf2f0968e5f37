"""Finished stages that several runs share, each under its key."""

import os
import shutil
from pathlib import Path


def take(shelf: Path, key: str, folder: Path) -> bool:
    """Put a stage from the shelf into a run, unless something of that stage lies there already.

    Args:
        shelf: Where finished stages lie.
        key: Of the stage: everything its weights depend on.
        folder: Of the stage, in the run.

    Returns:
        Whether one was put there.
    """
    if folder.exists() or not (shelf / key).exists():
        return False
    _copy(shelf / key, folder)
    return True


def keep(shelf: Path, key: str, folder: Path) -> None:
    """Put a finished stage of a run on the shelf, unless it lies there.

    Args:
        shelf: Where finished stages lie; made if missing.
        key: Of the stage.
        folder: Of the stage, in the run.
    """
    if not (shelf / key).exists():
        _copy(folder, shelf / key)


def _copy(source: Path, target: Path) -> None:
    """Copy a folder beside its place and then rename it: nobody finds half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f"{target.name}.{os.getpid()}.part")
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(source, beside)
    try:
        beside.rename(target)
    except OSError:
        if not target.exists():
            raise
        shutil.rmtree(beside)  # another process was first, with the same stage
