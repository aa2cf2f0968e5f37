"""The layers inside one of dlib's network files (``.dat``), read without dlib.

A file holds, in this order: the loss, one version number for every layer from the last to
the first, the image input, then every layer from the first to the last. Whole numbers are
one length byte (its highest bit is the sign) and that many little-endian bytes, real
numbers are a whole mantissa and a whole binary exponent, tensors are the number 2, four
sizes and float32 values. Nothing in a file is executed, and no size it states is believed
before the bytes are there.

Source:
    The serialisation of dlib, http://dlib.net, as found in the file itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookmore.errors import TeacherError

_MAX_TEXT = 64
_MAX_LAYERS = 1000
_ADDS_A_LAYER = (2, 3)  # versions written by layers that compute; tags and skips write 1


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One computing layer, as the file states it."""

    kind: str
    """``con``, ``affine``, ``relu``, ``max_pool``, ``avg_pool``, ``add_prev`` or ``fc``."""

    settings: Mapping[str, int] = field(default_factory=dict)
    """Whole-number settings by name; empty for layers without any."""

    weights: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    """``(P,)`` float32, every parameter of the layer in the file's order."""


@dataclass(frozen=True, kw_only=True)
class DatNetwork:
    """What a network file says."""

    mean: tuple[float, float, float]
    """Subtracted from red, green, blue on the 0-255 scale."""

    sides: tuple[int, int]
    """Height and width of the input image, in pixels."""

    layers: tuple[Layer, ...]
    """From the image to the embedding."""

    versions: tuple[int, ...]
    """One per layer, tag and skip, from the image to the embedding."""


class _Reader:
    """Walks through the bytes of a file and refuses to walk past their end."""

    def __init__(self, data: bytes, path: Path) -> None:
        self._data = memoryview(data)
        self._path = path
        self._at = 0

    def fault(self, what: str) -> TeacherError:
        return TeacherError(
            f"{self._path} is not a network of dlib that can be read here: {what} "
            f"at byte {self._at}; install the file again"
        )

    def take(self, count: int) -> memoryview:
        if count > len(self._data) - self._at:
            raise self.fault(f"the file ends where {count} more bytes were expected")
        self._at += count
        return self._data[self._at - count : self._at]

    def integer(self) -> int:
        control = self.take(1)[0]
        length = control & 0x0F
        if not 1 <= length <= 8 or control & 0x70:
            raise self.fault("no whole number")
        value = int.from_bytes(self.take(length), "little")
        return -value if control & 0x80 else value

    def real(self) -> float:
        mantissa, exponent = self.integer(), self.integer()
        if abs(exponent) > 900:  # 64 bits of mantissa still fit into a float
            raise self.fault("no real number")
        return float(mantissa) * 2.0**exponent

    def text(self, length: int | None = None) -> str:
        count = self.integer() if length is None else length
        if not 1 <= count <= _MAX_TEXT:
            raise self.fault("no name")
        return bytes(self.take(count)).decode("ascii", errors="replace")

    def flag(self) -> None:
        if bytes(self.take(1)) not in (b"0", b"1"):
            raise self.fault("no true or false")

    def expect(self, value: int, what: str) -> None:
        if self.integer() != value:
            raise self.fault(f"no {what} of version {value}")

    def sizes(self) -> int:
        """Read four sizes; return their product."""
        product = 1
        for _ in range(4):
            size = self.integer()
            if size < 0:
                raise self.fault("a negative size")
            product *= size
        return product

    def tensor(self) -> NDArray[np.float32]:
        self.expect(2, "tensor")
        values = np.frombuffer(self.take(4 * self.sizes()), dtype="<f4").astype(np.float32)
        if not np.isfinite(values).all():
            raise self.fault("a weight that is not finite")
        return values

    def alias(self) -> None:
        """Skip the shape of a part of the parameters; the settings already say it."""
        self.expect(1, "tensor alias")
        self.sizes()

    def end(self) -> None:
        if self._at != len(self._data):
            raise self.fault(f"{len(self._data) - self._at} bytes too many")


def _settings(reader: _Reader, *names: str) -> dict[str, int]:
    return {name: reader.integer() for name in names}


_WINDOW = ("rows", "columns", "stride_y", "stride_x", "padding_y", "padding_x")


def _convolution(reader: _Reader) -> Layer:
    weights = reader.tensor()
    settings = _settings(reader, "filters", *_WINDOW)
    reader.alias()
    reader.alias()
    for _ in range(4):  # multipliers of learning rate and weight decay
        reader.real()
    return Layer(kind="con", settings=settings, weights=weights)


def _affine(reader: _Reader) -> Layer:
    weights = reader.tensor()
    reader.alias()
    reader.alias()
    return Layer(kind="affine", settings=_settings(reader, "mode"), weights=weights)


def _fully_connected(reader: _Reader) -> Layer:
    settings = _settings(reader, "outputs", "inputs")
    weights = reader.tensor()
    reader.alias()
    reader.alias()
    settings |= _settings(reader, "bias_mode")
    for _ in range(4):
        reader.real()
    return Layer(kind="fc", settings=settings, weights=weights)


_LAYERS: dict[str, Callable[[_Reader], Layer]] = {
    "con_4": _convolution,
    "affine_": _affine,
    "relu_": lambda _: Layer(kind="relu"),
    "max_pool_2": lambda reader: Layer(kind="max_pool", settings=_settings(reader, *_WINDOW)),
    "avg_pool_2": lambda reader: Layer(kind="avg_pool", settings=_settings(reader, *_WINDOW)),
    "add_prev_": lambda _: Layer(kind="add_prev"),
    "fc_2": _fully_connected,
}


def _layer(reader: _Reader, version: int) -> Layer:
    """Read one layer and what dlib keeps beside it: three flags and three tensors."""
    name = reader.text()
    if name not in _LAYERS:
        raise reader.fault(f"unknown layer {name!r}")
    layer = _LAYERS[name](reader)
    for _ in range(3):
        reader.flag()
    for _ in range(3):
        reader.tensor()
    if version == 3:  # the layer on the image also says how many samples an image becomes
        reader.expect(1, "single sample per image")
    return layer


def _versions(reader: _Reader) -> tuple[list[int], int]:
    """Read the version of every layer; return them and the length of the name that follows."""
    versions: list[int] = []
    while (number := reader.integer()) <= max(_ADDS_A_LAYER):
        versions.append(number)
        if number < 1 or len(versions) > _MAX_LAYERS:
            raise reader.fault("no list of layer versions")
    return versions, number


def read_dat(data: bytes, *, path: Path) -> DatNetwork:
    """Read a network with a metric loss and an image input of fixed size.

    Args:
        data: What dlib's ``serialize`` wrote.
        path: Where it was, for messages.

    Returns:
        The layers from the image to the embedding; their arrays are copies.

    Raises:
        TeacherError: If the data are cut short, go on after their last layer, or hold a
            layer that is not known here.
    """
    reader = _Reader(data, path)
    reader.expect(1, "network")
    if (loss := reader.text()) != "loss_metric_2":
        raise reader.fault(f"loss {loss!r} where 'loss_metric_2' was expected")
    reader.real()  # margin
    reader.real()  # distance threshold
    versions, length = _versions(reader)
    if (name := reader.text(length)) != "input_rgb_image_sized":
        raise reader.fault(f"input {name!r} where 'input_rgb_image_sized' was expected")
    mean = (reader.real(), reader.real(), reader.real())
    sides = (reader.integer(), reader.integer())
    inside_out = tuple(reversed(versions))
    layers = tuple(_layer(reader, version) for version in inside_out if version in _ADDS_A_LAYER)
    reader.end()
    return DatNetwork(mean=mean, sides=sides, layers=layers, versions=inside_out)
