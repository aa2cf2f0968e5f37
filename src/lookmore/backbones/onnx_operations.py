"""What each operation of an ONNX file is as layers of torch."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import numpy as np
import torch
from torch import Tensor

Found: TypeAlias = tuple[str, dict[str, Any], dict[str, Tensor]]
"""Kind of a layer, its settings, its weights."""

SIMPLE: Final = MappingProxyType(
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
"""Operations that take values alone, and the kind of layer that each is."""


class UnknownError(Exception):
    """An operation, or a way of it, that is not known here."""


def _tensor(values: Any) -> Tensor:
    return torch.from_numpy(np.array(values, dtype=np.float32))


def _pads(op: str, settings: Mapping[str, Any]) -> list[int]:
    """Return what is added on the left, right, top and bottom."""
    if settings.get("auto_pad", b"NOTSET") not in (b"NOTSET", b"VALID"):
        raise UnknownError(f"{op} with auto_pad")
    top, left, bottom, right = settings.get("pads", (0, 0, 0, 0))
    return [int(left), int(right), int(top), int(bottom)]


def _convolution(settings: Mapping[str, Any], weight: Any, bias: Any = None) -> Iterator[Found]:
    if weight.ndim != 4:
        raise UnknownError(f"Conv of {weight.ndim - 2} axes")
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
    if slope.size != max((1, *slope.shape)):
        raise UnknownError("PRelu with a slope for each place")
    yield "prelu", {"num_parameters": int(slope.size)}, {"weight": _tensor(slope).flatten()}


def _gemm(settings: Mapping[str, Any], weight: Any, bias: Any = None) -> Iterator[Found]:
    factors = (settings.get("alpha", 1.0), settings.get("beta", 1.0), settings.get("transA", 0))
    if factors != (1.0, 1.0, 0):
        raise UnknownError("Gemm with alpha, beta or transA")
    yield from _linear(weight if settings.get("transB", 0) else weight.T, bias)


def _matmul(settings: Mapping[str, Any], weight: Any) -> Iterator[Found]:
    del settings
    if weight.ndim != 2:
        raise UnknownError(f"MatMul with {weight.ndim} axes")
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
        raise UnknownError("Clip without both ends")
    yield "clip", {"min_val": float(low), "max_val": float(high)}, {}


def _hard_sigmoid(settings: Mapping[str, Any]) -> Iterator[Found]:
    slope, middle = settings.get("alpha", 0.2), settings.get("beta", 0.5)
    if abs(slope - 1 / 6) > 1e-6 or middle != 0.5:
        raise UnknownError("HardSigmoid of another slope than a sixth")
    yield "hard_sigmoid", {}, {}


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
        raise UnknownError(f"{op} with uneven pads, ceil_mode or dilations")
    return {
        "kernel_size": [int(size) for size in settings["kernel_shape"]],
        "stride": [int(step) for step in settings.get("strides", (1, 1))],
        "padding": [top, left],
    }


def _reduce_mean(settings: Mapping[str, Any], axes: Any = None) -> Iterator[Found]:
    axes = settings.get("axes", ()) if axes is None else axes
    if sorted(int(axis) % 4 for axis in axes) != [2, 3]:
        raise UnknownError("ReduceMean over other axes than a map's")
    yield "mean_map", {}, {}
    if not settings.get("keepdims", 1):
        yield "flatten", {}, {}


def _flatten(settings: Mapping[str, Any]) -> Iterator[Found]:
    if settings.get("axis", 1) != 1:
        raise UnknownError("Flatten of another axis than 1")
    yield "flatten", {}, {}


def _reshape(settings: Mapping[str, Any], shape: Any) -> Iterator[Found]:
    del settings
    if len(shape) != 2 or int(shape[0]) not in (-1, 0, 1):
        raise UnknownError(f"Reshape to {[int(size) for size in shape]}")
    yield "flatten", {}, {}


def _unit(settings: Mapping[str, Any]) -> Iterator[Found]:
    if settings.get("axis", -1) not in (1, -1) or settings.get("p", 2) != 2:
        raise UnknownError("LpNormalization of another kind than to length 1")
    yield "unit", {}, {}


READERS: Final[Mapping[str, Callable[..., Iterator[Found]]]] = MappingProxyType(
    {
        "AveragePool": _mean_pool,
        "BatchNormalization": _batch_norm,
        "Clip": _clip,
        "Conv": _convolution,
        "Flatten": _flatten,
        "Gemm": _gemm,
        "HardSigmoid": _hard_sigmoid,
        "LeakyRelu": _leaky_relu,
        "LpNormalization": _unit,
        "MatMul": _matmul,
        "MaxPool": _max_pool,
        "PRelu": _prelu,
        "ReduceMean": _reduce_mean,
        "Reshape": _reshape,
    }
)
"""Operations that take one value and constants: from settings and these to layers."""
