"""One file format: safetensors for the numbers, JSON for what they mean. Loading runs no code."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from lookmore.errors import CheckpointError
from lookmore.streams.build import stream_from_description
from lookmore.streams.stream import Stream
from lookmore.teachers.space import GuideSpace

FORMAT_VERSION = 1
WEIGHTS_NAME = "checkpoint.safetensors"
FACTS_NAME = "checkpoint.json"
_MEAN, _WHITENING = "guide_mean", "guide_whitening"


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A trained stream and everything needed to use and to judge it."""

    stream: Stream
    """In evaluation mode."""

    guide_space: GuideSpace
    """Where the teacher's embeddings are compared with this stream's."""

    facts: dict[str, Any]
    """Role, stage key, recipe, class names, teacher, versions, wall seconds; plain JSON."""


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; its JSON comes last and marks the stage as finished.

    Args:
        folder: Of the stage, ``runs/NAME/student``.
        checkpoint: What to write.

    Raises:
        CheckpointError: If it cannot be written; nothing half-written is left.
    """
    tensors = {f"stream.{k}": v.cpu() for k, v in checkpoint.stream.state_dict().items()}
    tensors[_MEAN] = checkpoint.guide_space.mean.cpu()
    if checkpoint.guide_space.whitening is not None:
        tensors[_WHITENING] = checkpoint.guide_space.whitening.cpu()
    data = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    facts = {
        "format": FORMAT_VERSION,
        "weights_sha256": hashlib.sha256(data).hexdigest(),
        "stream": checkpoint.stream.describe(),
        **checkpoint.facts,
    }
    text = json.dumps(facts, indent=1, sort_keys=True) + "\n"
    make_folder(folder)
    write_whole(folder / WEIGHTS_NAME, data)
    write_whole(folder / FACTS_NAME, text.encode())


def write_whole(path: Path, data: bytes) -> None:
    """Write beside, flush to the disk, then rename: the old file or the new one, never half.

    Args:
        path: The file.
        data: Its content.

    Raises:
        CheckpointError: If the disk is full or the folder cannot be written.
    """
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")  # two processes may write the same
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CheckpointError(
            f"cannot write {path} ({len(data) / 2**20:.1f} MiB): {error.strerror}; free some "
            "space or choose another folder, then run the same command again"
        ) from error


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, if missing.

    Args:
        folder: Where something will be written.

    Raises:
        CheckpointError: If it cannot be made, or is a file.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "it is a file" if folder.is_file() else error.strerror
        raise CheckpointError(
            f"cannot make the folder {folder}: {reason}; choose another one"
        ) from error


def read_facts(folder: Path) -> dict[str, Any] | None:
    """Return the facts of a finished stage, or ``None`` where there is none.

    Args:
        folder: Of the stage.

    Raises:
        CheckpointError: If the file is damaged or of another format version.
    """
    path = folder / FACTS_NAME
    try:
        facts = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}; train that stage again") from error
    found = facts.get("format") if isinstance(facts, dict) else None
    if found != FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has format {found!r}, this lookmore reads format {FORMAT_VERSION}: train "
            "again, or install the version that wrote it"
        )
    return dict(facts)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read a checkpoint.

    Args:
        folder: Of the stage, ``runs/NAME/student``.

    Returns:
        The checkpoint; its stream in evaluation mode.

    Raises:
        CheckpointError: If there is none, or it is damaged.
    """
    facts = read_facts(folder)
    if facts is None:
        raise CheckpointError(f"no finished checkpoint in {folder}: run 'lookmore train' first")
    path = folder / WEIGHTS_NAME
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if digest != facts["weights_sha256"]:
            raise CheckpointError(
                f"{path} is damaged: its sha256 begins {digest[:8]}, expected "
                f"{facts['weights_sha256'][:8]}; delete {folder} and run the same command again"
            )
        tensors = load_file(path)
        stream = stream_from_description(facts["stream"])
        space = GuideSpace(mean=tensors.pop(_MEAN), whitening=tensors.pop(_WHITENING, None))
        stream.load_state_dict({k.removeprefix("stream."): v for k, v in tensors.items()})
    except (OSError, SafetensorError, KeyError, RuntimeError, ValueError) as error:
        raise CheckpointError(
            f"{path} cannot be used: {error}; delete {folder} and train again"
        ) from error
    return Checkpoint(stream=stream.eval(), guide_space=space, facts=facts)
