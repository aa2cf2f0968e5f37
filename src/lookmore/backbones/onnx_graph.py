"""An ONNX file as layers and weights that torch can go on training."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np
import torch
from torch import Tensor

from lookmore.backbones.layers import INPUT, Graph, Layer
from lookmore.errors import ConfigError, MissingExtraError

Found: TypeAlias = tuple[str, dict[str, Any], dict[str, Tensor]]
"""Kind of a layer, its settings, its weights."""

_SIMPLE: Final = MappingProxyType(
    {
        "Relu": "relu",
        "Sigmoid": "sigmoid",
        "HardSwish": "hard_swish",
        "GlobalAveragePool": "mean_map",
        "Add": "add",
        "Sub": "subtract",
        "Mul": "multiply",
        "Div": "divide",
    }
)
# What an exporter writes for view(len(x), -1): a reshape to a computed shape is taken for that.
_OF_SHAPES: Final = ("Cast", "Concat", "Gather", "Slice", "Squeeze", "Unsqueeze")


def read_onnx(path: Path) -> tuple[Graph, dict[str, Tensor]]:
    """Read a network of convolutions, as recognisers are.

    Nothing in the file is run here; who builds the network compares it with onnxruntime's.
    Constants that are added or multiplied stay as they are in training; all other weights learn.

    Args:
        path: An ONNX file with one input ``(B, 3, S, S)``, S declared, and one output.

    Returns:
        The layers, and the tensors for ``lookmore.backbones.layers.fill``.

    Raises:
        ConfigError: If the file cannot be read or holds an operation that is not known here; it
            names all of them.
        MissingExtraError: If onnx is not installed.
    """
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as error:
        purpose = "a student that starts from an ONNX file"
        raise MissingExtraError(package="onnx", extra="export", purpose=purpose) from error
    try:
        model = onnx.load(path)
    except Exception as error:  # protobuf's and the file system's errors have no common root
        reason = str(error).strip().partition("\n")[0]
        raise ConfigError(f"cannot read {path} as ONNX: {reason}") from error
    constants = {
        tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer
    } | {
        node.output[0]: numpy_helper.to_array(attribute.t)
        for node in model.graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value"
    }
    reader = _Reader(str(path), constants)
    side = reader.enter([i for i in model.graph.input if i.name not in constants])
    outputs = [output.name for output in model.graph.output]
    if len(outputs) != 1:
        raise ConfigError(f"{path} must have one output, got {outputs}")
    for node in model.graph.node:
        settings = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        reader.add(node.op_type, list(node.input), node.output[0], settings)
    return reader.finish(side, outputs[0])


class _Reader:
    """Goes through the nodes of a file in their order."""

    def __init__(self, path: str, constants: Mapping[str, Any]) -> None:
        self.path, self.constants = path, constants
        self.layers: list[Layer] = []
        self.tensors: dict[str, Tensor] = {}
        self.names: dict[str, str] = {}  # value in the file: value here
        self.shapes: set[str] = set()  # values that are sizes of others, not pictures
        self.unknown: dict[str, None] = {}

    def enter(self, inputs: list[Any]) -> int:
        """Take the input; return its side."""
        if len(inputs) != 1:
            raise ConfigError(f"{self.path} must have one input, got {[i.name for i in inputs]}")
        shape = [dim.dim_value for dim in inputs[0].type.tensor_type.shape.dim]
        if len(shape) != 4 or shape[1] != 3 or shape[2] != shape[3] or not shape[2]:
            raise ConfigError(
                f"the input of {self.path} must be declared as (B, 3, S, S) for a student to start "
                f"from it, got {shape} (0: not declared); "
                "onnx.tools.update_model_dims declares what is open"
            )
        self.names[inputs[0].name] = INPUT
        return int(shape[2])

    def add(self, op: str, inputs: list[str], output: str, settings: dict[str, Any]) -> None:
        """Take one node."""
        if op == "Constant":
            return
        if op in ("Identity", "Dropout"):
            self.names[output] = self._value(inputs[0])
            return
        of_shapes = all(name in self.shapes or name in self.constants for name in inputs)
        if op == "Shape" or (op in _OF_SHAPES and of_shapes):
            self.shapes.add(output)
            return
        try:
            if op in _SIMPLE:
                values = [self._value(name) for name in inputs]
                self._put(values, output, (_SIMPLE[op], {}, {}))
                return
            if op not in _READERS:
                raise _UnknownError(op)
            if op == "Reshape" and inputs[1] in self.shapes:
                self._put([self._value(inputs[0])], output, ("flatten", {}, {}))
                return
            taken = [self.constants.get(name) for name in inputs[1:]]
            if any(name and name not in self.constants for name in inputs[1:]):
                raise _UnknownError(f"{op} with weights that are computed")
            value = self._value(inputs[0])
            for step, found in enumerate(steps := list(_READERS[op](settings, *taken))):
                last = step == len(steps) - 1
                value = self._put([value], output if last else f"{output}/{step}", found)
        except _UnknownError as error:
            self.unknown[str(error)] = None
            self.names[output] = output  # go on: name all that is unknown at once

    def finish(self, side: int, output: str) -> tuple[Graph, dict[str, Tensor]]:
        """Return what was read."""
        if self.unknown:
            raise ConfigError(
                f"no student can start from {self.path}: {', '.join(self.unknown)} is not known "
                f"here; known are {', '.join(sorted([*_SIMPLE, *_READERS]))}. A simplifier such as "
                "onnxsim may write it without; the file can still be a teacher"
            )
        if not self.layers or self.layers[-1].output != self.names.get(output):
            raise ConfigError(f"the last operation of {self.path} must make its output {output!r}")
        return Graph(side=side, layers=tuple(self.layers)), self.tensors

    def _value(self, name: str) -> str:
        """Return the name here of a value in the file; a constant becomes a layer."""
        if name in self.names:
            return self.names[name]
        if name not in self.constants:
            raise ConfigError(f"{self.path} uses {name!r} before it is made")
        value = torch.from_numpy(np.array(self.constants[name], dtype=np.float32))
        return self._put([], name, ("constant", {"shape": list(value.shape)}, {"value": value}))

    def _put(self, inputs: list[str], output: str, found: Found) -> str:
        kind, settings, weights = found
        at = len(self.layers)
        self.tensors |= {f"layers.{at}.{name}": tensor for name, tensor in weights.items()}
        layer = Layer(kind=kind, inputs=tuple(inputs), output=output, settings=settings)
        self.layers.append(layer)
        self.names[output] = output
        return output


class _UnknownError(Exception):
    """An operation, or a way of it, that is not known here."""


def _tensor(values: Any) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float32))


def _pads(op: str, settings: Mapping[str, Any]) -> list[int]:
    """Return what is added on the left, right, top and bottom."""
    if settings.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise _UnknownError(f"{op} with auto_pad")
    top, left, bottom, right = settings.get("pads", (0, 0, 0, 0))
    return [int(left), int(right), int(top), int(bottom)]


def _convolution(settings: Mapping[str, Any], weight: Any, bias: Any = None) -> Iterator[Found]:
    if weight.ndim != 4:
        raise _UnknownError(f"Conv of {weight.ndim - 2} axes")
    left, right, top, bottom = pads = _pads("Conv", settings)
    even = (left, top) == (right, bottom)
    if not even:
        yield "pad", {"padding": pads}, {}
    groups = int(settings.get("group", 1))
    tensors = {"weight": _tensor(weight)} | ({} if bias is None else {"bias": _tensor(bias)})
    yield (
        "convolution",
        {
            "in_channels": weight.shape[1] * groups,
            "out_channels": weight.shape[0],
            "kernel_size": list(weight.shape[2:]),
            "stride": [int(step) for step in settings.get("strides", (1, 1))],
            "padding": [top, left] if even else [0, 0],
            "dilation": [int(step) for step in settings.get("dilations", (1, 1))],
            "groups": groups,
            "bias": bias is not None,
        },
        tensors,
    )


def _batch_norm(
    settings: Mapping[str, Any], weight: Any, bias: Any, mean: Any, variance: Any
) -> Iterator[Found]:
    names = ("weight", "bias", "running_mean", "running_var")
    tensors = map(_tensor, (weight, bias, mean, variance))
    sizes = {"num_features": len(weight), "eps": float(settings.get("epsilon", 1e-5))}
    yield "batch_norm", sizes, dict(zip(names, tensors, strict=True))


def _prelu(settings: Mapping[str, Any], slope: Any) -> Iterator[Found]:
    del settings
    if slope.size != max((1, *slope.shape[:1])) and slope.size != max((1, *slope.shape)):
        raise _UnknownError("PRelu with a slope for each place")
    yield "prelu", {"num_parameters": int(slope.size)}, {"weight": _tensor(slope).flatten()}


def _gemm(settings: Mapping[str, Any], weight: Any, bias: Any = None) -> Iterator[Found]:
    factors = (settings.get("alpha", 1.0), settings.get("beta", 1.0), settings.get("transA", 0))
    if factors != (1.0, 1.0, 0):
        raise _UnknownError("Gemm with alpha, beta or transA")
    yield from _linear(weight if settings.get("transB", 0) else weight.T, bias)


def _matmul(settings: Mapping[str, Any], weight: Any) -> Iterator[Found]:
    del settings
    if weight.ndim != 2:
        raise _UnknownError(f"MatMul with {weight.ndim} axes")
    yield from _linear(weight.T, None)


def _linear(weight: Any, bias: Any) -> Iterator[Found]:
    out, into = weight.shape
    tensors = {"weight": _tensor(weight)}
    if bias is not None:
        tensors["bias"] = _tensor(np.broadcast_to(bias, (out,)))
    sizes = {"in_features": into, "out_features": out, "bias": bias is not None}
    yield "linear", sizes, tensors


def _leaky_relu(settings: Mapping[str, Any]) -> Iterator[Found]:
    yield "leaky_relu", {"negative_slope": float(settings.get("alpha", 0.01))}, {}


def _clip(settings: Mapping[str, Any], low: Any = None, high: Any = None) -> Iterator[Found]:
    low = settings.get("min") if low is None else low
    high = settings.get("max") if high is None else high
    if low is None or high is None:
        raise _UnknownError("Clip without both ends")
    yield "clip", {"min_val": float(low), "max_val": float(high)}, {}


def _max_pool(settings: Mapping[str, Any]) -> Iterator[Found]:
    yield "max_pool", _window("MaxPool", settings), {}


def _mean_pool(settings: Mapping[str, Any]) -> Iterator[Found]:
    counted = bool(settings.get("count_include_pad", 0))
    window = _window("AveragePool", settings)
    yield "mean_pool", {**window, "count_include_pad": counted}, {}


def _window(op: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    left, right, top, bottom = _pads(op, settings)
    dilated = set(settings.get("dilations", (1,))) != {1}
    if (left, top) != (right, bottom) or settings.get("ceil_mode", 0) or dilated:
        raise _UnknownError(f"{op} with uneven pads, ceil_mode or dilations")
    return {
        "kernel_size": [int(size) for size in settings["kernel_shape"]],
        "stride": [int(step) for step in settings.get("strides", (1, 1))],
        "padding": [top, left],
    }


def _reduce_mean(settings: Mapping[str, Any], axes: Any = None) -> Iterator[Found]:
    axes = settings.get("axes", ()) if axes is None else axes
    if sorted(int(axis) % 4 for axis in axes) != [2, 3]:
        raise _UnknownError("ReduceMean over other axes than a map's")
    yield "mean_map", {}, {}
    if not settings.get("keepdims", 1):
        yield "flatten", {}, {}


def _flatten(settings: Mapping[str, Any]) -> Iterator[Found]:
    if settings.get("axis", 1) != 1:
        raise _UnknownError("Flatten of another axis than 1")
    yield "flatten", {}, {}


def _reshape(settings: Mapping[str, Any], shape: Any) -> Iterator[Found]:
    del settings
    if len(shape) != 2 or int(shape[0]) not in (-1, 0, 1):
        raise _UnknownError(f"Reshape to {[int(size) for size in shape]}")
    yield "flatten", {}, {}


def _unit(settings: Mapping[str, Any]) -> Iterator[Found]:
    if settings.get("axis", -1) not in (1, -1) or settings.get("p", 2) != 2:
        raise _UnknownError("LpNormalization of another kind than to length 1")
    yield "unit", {}, {}


_READERS: Final[Mapping[str, Callable[..., Iterator[Found]]]] = MappingProxyType(
    {
        "AveragePool": _mean_pool,
        "BatchNormalization": _batch_norm,
        "Clip": _clip,
        "Conv": _convolution,
        "Flatten": _flatten,
        "Gemm": _gemm,
        "LeakyRelu": _leaky_relu,
        "LpNormalization": _unit,
        "MatMul": _matmul,
        "MaxPool": _max_pool,
        "PRelu": _prelu,
        "ReduceMean": _reduce_mean,
        "Reshape": _reshape,
    }
)
