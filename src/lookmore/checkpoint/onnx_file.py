"""An exported student: one ``.onnx`` file, nothing beside it, run by onnxruntime."""

from pathlib import Path
from typing import Any

import numpy as np

from lookmore.checkpoint.artefact import Artefact
from lookmore.checkpoint.network import Answers, Network, Pixels
from lookmore.checkpoint.sheet import SHEET_KEY, read_sheet
from lookmore.errors import CheckpointError
from lookmore.teachers.onnx_session import open_session

SUFFIX = ".onnx"
INPUT = "images"
_LARGEST = 2**31  # bytes: what one ONNX file can hold


def open_onnx_file(path: Path) -> tuple[Artefact, Network]:
    """Open an exported student; the file is read and run, nothing else is.

    Args:
        path: As ``lookmore export`` wrote it.

    Returns:
        What it says of itself, and its network.

    Raises:
        CheckpointError: If it is missing, damaged, or no student of ours.
        MissingExtraError: If onnxruntime is not installed.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise CheckpointError(f"{path} is larger than an ONNX file can be: export it again")
        data = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror}") from error
    return open_onnx_bytes(data, name=str(path))


def open_onnx_bytes(data: bytes, *, name: str) -> tuple[Artefact, Network]:
    """Open an exported student that is in memory.

    Args:
        data: Content of the file. Weights in other files are not followed.
        name: Of the file, for errors.

    Returns:
        What it says of itself, and its network.

    Raises:
        CheckpointError: If it is damaged, or no student of ours.
        MissingExtraError: If onnxruntime is not installed.
    """
    try:
        session = open_session(data, purpose="an exported student")
        sheet = session.get_modelmeta().custom_metadata_map.get(SHEET_KEY)
    except ValueError as error:  # of the session, or of words that are no UTF-8
        raise CheckpointError(f"{name} cannot be run: {error}; export it again") from error
    if sheet is None:
        raise CheckpointError(
            f"{name} was not written by lookmore export: it does not say what it is; as a teacher "
            f"it can be used with --teacher onnx:{name}"
        )
    artefact = read_sheet(sheet, name=name)
    _check(session, artefact, name)
    return artefact, _network(session)


def _check(session: Any, artefact: Artefact, name: str) -> None:
    """Refuse a graph whose inputs and outputs are not what its own words say."""
    inputs = {value.name: value.type for value in session.get_inputs()}
    outputs = {value.name: value.shape for value in session.get_outputs()}
    expected = {"embeddings": artefact.width}
    if artefact.class_names:
        expected["logits"] = len(artefact.class_names)
    wrong = [key for key, width in expected.items() if outputs.get(key, [0])[-1] != width]
    wrong += [key for key in ("recognisability",) if len(outputs.get(key, [0])) != 1]
    if inputs != {INPUT: "tensor(uint8)"} or wrong:
        raise CheckpointError(
            f"{name} is damaged: it must take {INPUT} (uint8) and give {expected}, but takes "
            f"{inputs} and gives {outputs}; export it again"
        )


def _network(session: Any) -> Network:
    names = [value.name for value in session.get_outputs()]

    def network(pixels: Pixels) -> Answers:
        found = session.run(names, {INPUT: np.ascontiguousarray(pixels)})
        return dict(zip(names, found, strict=True))

    return network
