"""An ONNX file read, and at work in onnxruntime."""

from pathlib import Path
from typing import Any

import torch

from lookmore.errors import MissingExtraError

_SILENT = 4  # onnxruntime's severities below fatal: what fails is raised, and told once


def open_session(source: Path | bytes, *, purpose: str) -> Any:
    """Open a network on the CPU, with as many threads as torch has.

    Args:
        source: A file, with what it refers to beside it; or its content, which refers to nothing.
        purpose: What it is wanted for, if onnxruntime is missing.

    Returns:
        An ``onnxruntime.InferenceSession``.

    Raises:
        MissingExtraError: If onnxruntime is not installed.
        ValueError: If it cannot be run; with the first line of onnxruntime's reason.
    """
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError(package="onnxruntime", extra="export", purpose=purpose) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = _SILENT
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no public common root
        raise ValueError(first_line(error)) from error


def load_model(path: Path, *, purpose: str, tensors_beside: bool) -> Any:
    """Read an ONNX file, without running anything.

    Args:
        path: The file.
        purpose: What it is wanted for, if onnx is missing.
        tensors_beside: Whether to read large tensors that lie in files beside it, too.

    Returns:
        An ``onnx.ModelProto``.

    Raises:
        MissingExtraError: If onnx is not installed.
        ValueError: If it cannot be read; with the first line of the reason.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError(package="onnx", extra="export", purpose=purpose) from error
    try:
        return onnx.load(path, load_external_data=tensors_beside)
    except Exception as error:  # protobuf's and the file system's errors have no common root
        raise ValueError(f"cannot read {path} as ONNX: {first_line(error)}") from error


def first_line(error: Exception) -> str:
    """Return the first line of what an error says; onnxruntime writes paragraphs."""
    return str(error).strip().partition("\n")[0]
