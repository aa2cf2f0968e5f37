"""A network from a list of layers in plain JSON: what an ONNX file becomes, to be trained on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lookmore.backbones.prelu import PReLU

INPUT: Final = "images"


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One step of a network."""

    kind: str
    """One of ``KINDS``."""

    inputs: tuple[str, ...]
    """Names of the values that it takes; ``images`` is what the network is handed."""

    output: str
    """Name of the value that it makes."""

    settings: Mapping[str, Any]
    """What the kind needs to be built: sizes, strides; plain JSON."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A network without its weights."""

    side: int
    """Height and width of the images it takes, in pixels."""

    layers: tuple[Layer, ...]
    """In the order in which they run; the output of the last is that of the network."""

    def plain(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        layers = [{**asdict(layer), "inputs": list(layer.inputs)} for layer in self.layers]
        return {"side": self.side, "layers": layers}


def graph_from(plain: Mapping[str, Any]) -> Graph:
    """Return the graph that ``Graph.plain`` described.

    Raises:
        ValueError: If it is not one, or names a kind of layer that there is not.
    """
    try:
        layers = tuple(
            Layer(
                kind=str(layer["kind"]),
                inputs=tuple(map(str, layer["inputs"])),
                output=str(layer["output"]),
                settings=dict(layer["settings"]),
            )
            for layer in plain["layers"]
        )
        graph = Graph(side=int(plain["side"]), layers=layers)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the graph of a network cannot be read: {error!r}") from error
    known = {INPUT}
    for layer in graph.layers:
        if layer.kind not in KINDS:
            raise ValueError(f"there is no layer {layer.kind!r}; there are {', '.join(KINDS)}")
        if len(layer.inputs) != KINDS[layer.kind].inputs or not known.issuperset(layer.inputs):
            raise ValueError(f"the layer of {layer.output!r} takes what is not there")
        known.add(layer.output)
    if not graph.layers:
        raise ValueError("the graph of a network has no layers")
    return graph


class LayerNetwork(nn.Module):
    """The network that a graph describes, with weights at random.

    Args:
        graph: Checked by ``graph_from`` or made by ``read_onnx``.

    Raises:
        ValueError: If a layer cannot be built from its settings.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        self.layers = nn.ModuleList(_built(layer) for layer in graph.layers)
        last = {name: at for at, layer in enumerate(graph.layers) for name in layer.inputs}
        self._done = [
            [name for name in dict.fromkeys(layer.inputs) if last[name] == at]
            for at, layer in enumerate(graph.layers)
        ]
        self.to(memory_format=torch.channels_last)  # in which a CPU convolves quicker

    def forward(self, images: Tensor) -> Tensor:
        """Return ``(B, D)`` for ``(B, 3, side, side)``."""
        values = {INPUT: images.contiguous(memory_format=torch.channels_last)}
        for layer, module, done in zip(self.graph.layers, self.layers, self._done, strict=True):
            found = module(*(values[name] for name in layer.inputs))
            for name in done:  # nobody needs it any more: it takes no room
                del values[name]
            values[layer.output] = found
        return values[self.graph.layers[-1].output].flatten(1)


def _built(layer: Layer) -> nn.Module:
    try:
        return KINDS[layer.kind].build(**layer.settings)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"the layer of {layer.output!r} cannot be built: {error}") from error


class _BatchNorm(nn.BatchNorm2d):
    """Of maps and of rows alike: ONNX has one kind for both."""

    def _check_input_dim(self, input: Tensor) -> None:
        del input


class _Constant(nn.Module):
    """Numbers that are part of the network and are not learnt."""

    value: Tensor

    def __init__(self, shape: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("value", torch.zeros(tuple(shape)))

    def forward(self) -> Tensor:
        return self.value


class _Function(nn.Module):
    """Something without weights."""

    def __init__(self, function: Callable[..., Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, *values: Tensor) -> Tensor:
        return self.function(*values)


class _Kind(NamedTuple):
    inputs: int
    build: Callable[..., nn.Module]


def _plain(function: Callable[..., Tensor]) -> Callable[[], nn.Module]:
    return lambda: _Function(function)


def _pool(pool: Callable[..., Tensor]) -> Callable[..., nn.Module]:
    return lambda **settings: _Function(lambda value: pool(value, **settings))


KINDS: Final[Mapping[str, _Kind]] = MappingProxyType(
    {
        "constant": _Kind(0, _Constant),
        "convolution": _Kind(1, nn.Conv2d),
        "linear": _Kind(1, nn.Linear),
        "batch_norm": _Kind(1, _BatchNorm),
        "prelu": _Kind(1, PReLU),
        "relu": _Kind(1, _plain(F.relu)),
        "leaky_relu": _Kind(1, nn.LeakyReLU),
        "clip": _Kind(1, nn.Hardtanh),
        "sigmoid": _Kind(1, _plain(torch.sigmoid)),
        "hard_sigmoid": _Kind(1, _plain(F.hardsigmoid)),
        "hard_swish": _Kind(1, _plain(F.hardswish)),
        "pad": _Kind(1, lambda padding: _Function(lambda value: F.pad(value, padding))),
        "max_pool": _Kind(1, _pool(F.max_pool2d)),
        "mean_pool": _Kind(1, _pool(F.avg_pool2d)),
        "mean_map": _Kind(1, _plain(lambda value: value.mean((2, 3), keepdim=True))),
        "flatten": _Kind(1, _plain(lambda value: value.flatten(1))),
        "unit": _Kind(1, _plain(F.normalize)),
        "add": _Kind(2, _plain(torch.add)),
        "subtract": _Kind(2, _plain(torch.sub)),
        "multiply": _Kind(2, _plain(torch.mul)),
        "divide": _Kind(2, _plain(torch.div)),
    }
)
"""The layers there are: how many values each takes, and what builds it."""


def fill(network: LayerNetwork, tensors: Mapping[str, Tensor]) -> None:
    """Give a network its weights.

    Args:
        network: Whose.
        tensors: Every tensor of its ``state_dict`` but counts of batches, by name.

    Raises:
        ValueError: If one is missing, unknown or of another shape.
    """
    counts = {name for name in network.state_dict() if name.endswith("num_batches_tracked")}
    try:
        found = network.load_state_dict(dict(tensors), strict=False)
    except RuntimeError as error:
        raise ValueError(f"weights do not fit the network: {error}") from error
    missing = sorted(set(cast(list[str], found.missing_keys)) - counts)
    if missing or found.unexpected_keys:
        raise ValueError(f"weights: missing {missing}, unknown {found.unexpected_keys}")
