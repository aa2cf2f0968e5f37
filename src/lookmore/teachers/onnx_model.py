"""``onnx:PATH``: any ONNX network that turns one batch of images into one of embeddings."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookmore.errors import ConfigError, TeacherError
from lookmore.teachers.base import ImageTeacher, files_hash, fingerprint
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.onnx_session import first_line, load_model, open_session
from lookmore.teachers.preprocess import WHOLE, Preprocess


@dataclass(frozen=True, kw_only=True)
class OnnxNetwork:
    """A session of onnxruntime as a function from tensor to tensor, on the CPU."""

    session: Any
    """``onnxruntime.InferenceSession`` with one input and one output."""

    channels_last: bool
    """Whether the input is ``(B, S, S, 3)``."""

    side: int
    """Height and width that the input is declared to have; 0 = any."""

    batch: int
    """Number of images that the input is declared to hold; 0 = any."""

    def __call__(self, images: Tensor) -> Tensor:
        """Return ``(B, D)`` for ``(B, 3, S, S)`` float32."""
        rows = images.permute(0, 2, 3, 1) if self.channels_last else images
        values = np.ascontiguousarray(rows.cpu().numpy(), dtype=np.float32)
        step = self.batch or len(values)
        parts = [self._run(values[at : at + step]) for at in range(0, len(values), step)]
        return torch.from_numpy(np.concatenate(parts)).flatten(1).float()

    def _run(self, values: np.ndarray[Any, np.dtype[np.float32]]) -> Any:
        """Run one batch, filled up with copies of its last image if it is declared larger."""
        count = len(values)
        if self.batch > count:
            values = np.concatenate([values, values[-1:].repeat(self.batch - count, axis=0)])
        return self.session.run(None, {self.session.get_inputs()[0].name: values})[0][:count]


def open_onnx(config: TeacherConfig) -> ImageTeacher:
    """Open an ONNX network whose preprocessing the settings state.

    Args:
        config: ``name`` is ``onnx:PATH``; ``mean`` and ``std`` must be stated, because a file
            does not say them; ``side`` only if the file does not fix it.

    Raises:
        ConfigError: If ``mean``, ``std`` or a needed ``side`` is not stated.
        MissingExtraError: If onnx or onnxruntime is not installed.
        TeacherError: If the file cannot be opened or is not a network of this kind.
    """
    path = Path(config.name.partition(":")[2])
    if config.mean is None or config.std is None:
        raise ConfigError(
            "teacher.mean and teacher.std must be stated for an ONNX teacher, on the [0, 1] scale "
            "((x - 127.5) / 128 is mean 0.5 and std 0.50196), got none"
        )
    weights = onnx_hash(path)
    network = open_network(path)
    if network.side and config.side not in (0, network.side):
        raise ConfigError(f"teacher.side must be {network.side} for {path}, got {config.side}")
    if not (network.side or config.side):
        raise ConfigError(f"teacher.side must be stated for {path}, which takes images of any size")
    preprocess = Preprocess(
        side=config.side or network.side,
        box=config.box or WHOLE,
        mean=config.mean,
        std=config.std,
        order=config.order or "rgb",
    )
    return ImageTeacher(
        name=config.name,
        width=_width(network, preprocess.side, path),
        fingerprint=fingerprint(weights, preprocess),
        licence="unknown",
        preprocess=preprocess,
        network=network,
    )


def onnx_hash(path: Path) -> str:
    """Hash a file and those beside it that hold its large tensors.

    Args:
        path: An ONNX file.

    Raises:
        MissingExtraError: If onnx is not installed.
        TeacherError: If a file cannot be read.
    """
    try:
        model = load_model(path, purpose="an ONNX teacher", tensors_beside=False)
    except ValueError as error:
        raise TeacherError(str(error)) from error
    beside = {
        entry.value
        for tensor in model.graph.initializer
        for entry in tensor.external_data
        if entry.key == "location"
    }
    return files_hash(path, *(path.parent / name for name in sorted(beside)))


def open_network(path: Path) -> OnnxNetwork:
    """Open a session and read from its input how images must be laid out.

    Args:
        path: An ONNX file with one input for images and one output.

    Raises:
        MissingExtraError: If onnxruntime is not installed.
        TeacherError: If it cannot be run, or is not of this kind.
    """
    try:
        session = open_session(path, purpose="an ONNX teacher")
    except ValueError as error:
        raise TeacherError(f"cannot run {path}: {error}") from error
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1:
        raise TeacherError(
            f"{path} must have one input and one output, got {[i.name for i in inputs]} and "
            f"{[o.name for o in outputs]}; cut out the part that gives the embeddings with "
            "onnx.utils.extract_model"
        )
    if inputs[0].type != "tensor(float)":
        raise TeacherError(f"the input of {path} must be float32, got {inputs[0].type}")
    shape = [size if isinstance(size, int) and size > 0 else 0 for size in inputs[0].shape]
    if len(shape) != 4 or 3 not in (shape[1], shape[3]):
        raise TeacherError(
            f"the input of {path} must be (B, 3, S, S) or (B, S, S, 3), got {inputs[0].shape}"
        )
    channels_last = shape[1] != 3
    height, width = shape[1:3] if channels_last else shape[2:4]
    if height != width:
        raise TeacherError(f"the input of {path} must be square, got {inputs[0].shape}")
    return OnnxNetwork(session=session, channels_last=channels_last, side=height, batch=shape[0])


def _width(network: OnnxNetwork, side: int, path: Path) -> int:
    try:
        return int(network(torch.zeros(1, 3, side, side)).shape[1])
    except Exception as error:  # onnxruntime's errors have no public common root
        raise TeacherError(f"cannot run {path} on {side} px images: {first_line(error)}") from error
