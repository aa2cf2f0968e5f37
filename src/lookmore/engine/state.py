"""The state a cut-off stage goes on from: one safetensors file, replaced whole or not at all."""

import json
import os
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from lookmore.errors import CheckpointError

STATE_NAME = "resume.safetensors"


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimizer's state as flat tensors named ``INDEX/NAME``."""
    state = optimizer.state_dict()["state"]
    return {f"{i}/{name}": value for i, entry in state.items() for name, value in entry.items()}


def load_optimizer_tensors(optimizer: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put back what `optimizer_tensors` returned; learning rates stay as they are."""
    entries: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split("/", 1)
        entries.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": entries})


def save_state(path: Path, *, parts: dict[str, dict[str, Tensor]], facts: dict[str, Any]) -> None:
    """Write named groups of tensors and JSON facts, so that a kill leaves the old file or the new.

    Args:
        path: The file.
        parts: Group name to tensors; ``objective``, ``optimizer``, ...
        facts: Anything JSON can hold.

    Raises:
        CheckpointError: If the disk is full or the folder cannot be written.
    """
    flat = {
        f"{part}|{name}": tensor.detach().contiguous().cpu().clone()
        for part, tensors in parts.items()
        for name, tensor in tensors.items()
    }
    beside = path.with_name(path.name + ".part")
    try:
        save_file(flat, beside, metadata={"facts": json.dumps(facts)})
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    except (OSError, SafetensorError) as error:
        beside.unlink(missing_ok=True)
        raise CheckpointError(
            f"cannot write {path}: {error}; the last checkpoint is kept, free some space and "
            "run the same command again"
        ) from error


def load_state(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """Read what `save_state` wrote.

    Raises:
        CheckpointError: If the file is not such a state.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["facts"])
            parts: dict[str, dict[str, Tensor]] = {}
            for key in file.keys():  # noqa: SIM118 (not a dict: it cannot be iterated)
                part, name = key.split("|", 1)
                parts.setdefault(part, {})[name] = file.get_tensor(key)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(
            f"{path} is not a resume state: {error}; delete it to start the stage again"
        ) from error
    return parts, facts


def restore_module(module: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Load every tensor of a module; none missing, none left over."""
    try:
        module.load_state_dict(tensors)
    except RuntimeError as error:
        raise CheckpointError(
            f"the resume state is of another network: {str(error).splitlines()[-1].strip()}; "
            "delete the run folder or choose another name"
        ) from error
