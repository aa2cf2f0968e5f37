"""onnx:PATH as a backbone: what onnxruntime says, layer by layer, and then it learns."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from lookmore.backbones import onnx_backbone
from lookmore.backbones.layers import KINDS, LayerNetwork, fill, graph_from
from lookmore.backbones.onnx_graph import read_onnx
from lookmore.backbones.table import build_backbone
from lookmore.errors import CheckpointError, ConfigError
from lookmore.streams.build import build_stream, stream_from_description
from lookmore.streams.config import StreamConfig

if importlib.util.find_spec("onnx") is None or importlib.util.find_spec("onnxruntime") is None:
    pytest.skip("onnx and onnxruntime come with the extra export", allow_module_level=True)

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

Node = tuple[str, list[str], str, dict[str, Any]]
SIDE = 16
DRAW = np.random.default_rng(0)


def numbers(*shape: int, low: float = -1.0) -> NDArray[np.float32]:
    return DRAW.uniform(low, 1, shape).astype(np.float32)


# One of each operation, and of each way of it that exporters write.
WEIGHTS = {
    "mean": numbers(1, 3, 1, 1),
    "scale": numbers(3, 1, 1, low=0.5),
    "stem": numbers(6, 3, 3, 3),
    "stem bias": numbers(6),
    "depthwise": numbers(6, 1, 3, 3),
    "pointwise": numbers(6, 6, 1, 1),
    "gain": numbers(6, low=0.5),
    "shift": numbers(6),
    "running mean": numbers(6),
    "running variance": numbers(6, low=0.5),
    "slope": numbers(6, 1, 1),
    "one slope": numbers(1),
    "half": np.array(0.5, np.float32),
    "low": np.array(-0.7, np.float32),
    "high": np.array(0.9, np.float32),
    "rows": np.array([-1, 24], np.int64),
    "wide": numbers(24, 10),
    "wide bias": numbers(10),
    "row gain": numbers(10, low=0.5),
    "row shift": numbers(10),
    "row mean": numbers(10),
    "row variance": numbers(10, low=0.5),
    "narrow": numbers(10, 5),
}
NODES: list[Node] = [
    ("Sub", ["images", "mean"], "centred", {}),
    ("Mul", ["centred", "scale"], "scaled", {}),
    ("Conv", ["scaled", "stem", "stem bias"], "c1", {"pads": [0, 0, 1, 1], "strides": [2, 2]}),
    ("BatchNormalization",
     ["c1", "gain", "shift", "running mean", "running variance"], "n1", {"epsilon": 1e-3}),
    ("PRelu", ["n1", "slope"], "a1", {}),
    ("Conv", ["a1", "depthwise"], "c2", {"pads": [1, 1, 1, 1], "group": 6}),
    ("HardSwish", ["c2"], "h2", {}),
    ("Identity", ["pointwise"], "shared", {}),
    ("Conv", ["h2", "shared"], "c3", {"dilations": [1, 1]}),
    ("Add", ["a1", "c3"], "sum", {}),
    ("PRelu", ["sum", "one slope"], "a2", {}),
    ("MaxPool", ["a2"], "m1", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    ("GlobalAveragePool", ["m1"], "squeezed", {}),
    ("Sigmoid", ["squeezed"], "gate", {}),
    ("Mul", ["m1", "gate"], "gated", {}),
    ("LeakyRelu", ["gated"], "leaky", {"alpha": 0.2}),
    ("AveragePool", ["leaky"], "p1",
     {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1], "count_include_pad": 1}),
    ("Clip", ["p1", "low", "high"], "clipped", {}),
    ("Dropout", ["clipped"], "dropped", {}),
    ("HardSigmoid", ["dropped"], "kept", {"alpha": 1 / 6, "beta": 0.5}),
    ("Div", ["kept", "half"], "doubled", {}),
    ("Reshape", ["doubled", "rows"], "row", {}),
    ("Gemm", ["row", "wide", "wide bias"], "g1", {}),
    ("BatchNormalization",
     ["g1", "row gain", "row shift", "row mean", "row variance"], "n2", {}),
    ("Relu", ["n2"], "r1", {}),
    ("MatMul", ["r1", "narrow"], "embeddings", {}),
]  # fmt: skip


def save(
    path: Path,
    nodes: list[Node] = NODES,
    *,
    weights: dict[str, NDArray[Any]] = WEIGHTS,
    shape: tuple[int | str, ...] = ("B", 3, SIDE, SIDE),
    outputs: tuple[str, ...] = ("embeddings",),
) -> Path:
    """Write a network."""
    made = [helper.make_node(op, ins, out.split(), **settings) for op, ins, out, settings in nodes]
    used = {name for _, ins, _, _ in nodes for name in ins}
    graph = helper.make_graph(
        made,
        "network",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(w, name) for name, w in weights.items() if name in used],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
    return path


def said(path: Path, images: Tensor) -> Tensor:
    """What onnxruntime says."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"images": images.numpy()})[0])


def opened(path: Path) -> LayerNetwork:
    graph, tensors = read_onnx(path)
    network = LayerNetwork(graph)
    fill(network, tensors)
    return network.eval()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return save(tmp_path / "network.onnx")


def test_it_says_what_onnxruntime_says(path: Path) -> None:
    images = torch.randn(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    network = opened(path)
    torch.testing.assert_close(network(images), said(path, images), rtol=1e-5, atol=1e-5)
    read = {layer.kind for layer in network.graph.layers}
    assert read == set(KINDS) - {"unit"}


@pytest.mark.parametrize(
    "tail",
    [
        [("ReduceMean", ["x", "axes"], "m", {"keepdims": 0}), ("Relu", ["m"], "embeddings", {})],
        [("ReduceMean", ["x", "axes"], "m", {}), ("Flatten", ["m"], "embeddings", {})],
        [
            ("Flatten", ["x"], "f", {}),
            ("LpNormalization", ["f"], "embeddings", {"axis": 1, "p": 2}),
        ],
        [  # view(len(x), -1), as it is exported
            ("Shape", ["x"], "sizes", {}),
            ("Gather", ["sizes", "first"], "count", {"axis": 0}),
            ("Unsqueeze", ["count", "first axis"], "counts", {}),
            ("Concat", ["counts", "rest"], "shape", {"axis": 0}),
            ("Reshape", ["x", "shape"], "embeddings", {}),
        ],
    ],
)
def test_the_ways_to_end_a_network(tail: list[Node], tmp_path: Path) -> None:
    weights = {
        **WEIGHTS,
        "axes": np.array([2, 3]),
        "first": np.array(0),
        "first axis": np.array([0]),
        "rest": np.array([-1]),
    }
    head: Node = ("Conv", ["images", "stem", "stem bias"], "x", {"strides": [2, 2]})
    path = save(tmp_path / "network.onnx", [head, *tail], weights=weights)
    images = torch.randn(2, 3, SIDE, SIDE)
    torch.testing.assert_close(opened(path)(images), said(path, images), rtol=1e-5, atol=1e-5)


def test_weights_learn_by_the_slopes_that_torch_gives_the_formula(tmp_path: Path) -> None:
    nodes: list[Node] = [
        ("Conv", ["images", "stem", "stem bias"], "c", {"pads": [1, 1, 1, 1]}),
        ("PRelu", ["c", "slope"], "a", {}),
        ("GlobalAveragePool", ["a"], "embeddings", {}),
    ]
    network = opened(save(tmp_path / "network.onnx", nodes)).double()
    images = torch.randn(2, 3, SIDE, SIDE).double()
    found = network(images)
    found.square().sum().backward()
    stem, bias, slope = (
        torch.from_numpy(WEIGHTS[name]).double().requires_grad_()
        for name in ("stem", "stem bias", "slope")
    )
    maps = F.conv2d(images, stem, bias, padding=1)
    expected = torch.where(maps > 0, maps, maps * slope).mean((2, 3))
    torch.testing.assert_close(found, expected)
    expected.square().sum().backward()
    slopes = [parameter.grad for parameter in network.parameters()]
    torch.testing.assert_close(slopes[0], stem.grad)
    torch.testing.assert_close(slopes[1], bias.grad)
    torch.testing.assert_close(slopes[2], slope.grad.flatten() if slope.grad is not None else None)


def test_it_begins_as_the_file_with_its_probes_scaled_up(path: Path) -> None:
    backbone = build_backbone(f"onnx:{path}", side=8, pretrained=True).eval()
    images = torch.randn(2, 3, 8, 8)
    larger = F.interpolate(images, size=(SIDE, SIDE), mode="bicubic")
    torch.testing.assert_close(backbone(images), said(path, larger), rtol=1e-4, atol=1e-5)
    assert backbone.features_width == 5
    drawn = build_backbone(f"onnx:{path}", side=8)
    assert not torch.allclose(drawn.eval()(images), backbone(images))


def test_a_stream_comes_back_where_the_file_is_not(path: Path) -> None:
    config = StreamConfig(
        backbone=f"onnx:{path}", pretrained=True, mean=(0.5,) * 3, std=(0.5,) * 3, order="bgr"
    )
    stream = build_stream(config, side=8, width=4, classes=0)
    images = torch.rand(4, 3, 8, 8)
    stream(images).embeddings[:, 0].sum().backward()
    still = [name for name, p in stream.named_parameters() if p.grad is None or not p.grad.any()]
    # before batch statistics a shift changes nothing
    assert all(name.endswith("bias") for name in still), still
    path.unlink()
    again = stream_from_description(stream.describe())
    again.load_state_dict(stream.state_dict())
    torch.testing.assert_close(again.eval().embed(images), stream.eval().embed(images))


def test_mean_and_std_must_be_stated(path: Path) -> None:
    with pytest.raises(ConfigError, match=r"stream.mean and stream.std must be stated for onnx:"):
        build_stream(StreamConfig(backbone=f"onnx:{path}"), side=8, width=4, classes=0)


def unknown_layer(plain: dict[str, Any]) -> None:
    plain["layers"][0]["kind"] = "exec"


def missing_value(plain: dict[str, Any]) -> None:
    layer = plain["layers"][-1]
    layer["inputs"] = ["from nowhere"] * len(layer["inputs"])


def missing_input(plain: dict[str, Any]) -> None:
    plain["layers"][-1]["inputs"] = []


def no_layers(plain: dict[str, Any]) -> None:
    plain["layers"] = []


def not_a_layer(plain: dict[str, Any]) -> None:
    plain["layers"] = ["relu"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (unknown_layer, "there is no layer 'exec'"),
        (missing_value, "takes what is not there"),
        (missing_input, "takes what is not there"),
        (no_layers, "has no layers"),
        (not_a_layer, "cannot be read"),
    ],
)
def test_a_description_that_is_none_is_refused(
    change: Callable[[dict[str, Any]], None], message: str, path: Path
) -> None:
    config = StreamConfig(backbone=f"onnx:{path}", mean=(0.5,) * 3, std=(0.5,) * 3)
    described = build_stream(config, side=8, width=4, classes=0).describe()
    change(described["graph"])
    with pytest.raises(CheckpointError, match=message):
        stream_from_description(described)


def test_a_description_without_layers_is_refused(path: Path) -> None:
    config = StreamConfig(backbone=f"onnx:{path}", mean=(0.5,) * 3, std=(0.5,) * 3)
    described = build_stream(config, side=8, width=4, classes=0).describe()
    del described["graph"]
    with pytest.raises(CheckpointError, match="does not hold the layers of 'onnx:"):
        stream_from_description(described)


def test_settings_that_build_no_layer_are_refused(path: Path) -> None:
    plain = read_onnx(path)[0].plain()
    layer = next(layer for layer in plain["layers"] if layer["kind"] == "batch_norm")
    layer["settings"] = {"in_channels": 3}
    with pytest.raises(ValueError, match="the layer of 'n1' cannot be built"):
        LayerNetwork(graph_from(plain))


def test_weights_of_another_network_are_refused(path: Path) -> None:
    graph, tensors = read_onnx(path)
    name, *rest = tensors
    with pytest.raises(ValueError, match=f"missing {[name]!r}".replace("[", r"\[")):
        fill(LayerNetwork(graph), {name: tensors[name] for name in rest})
    with pytest.raises(ValueError, match="weights do not fit the network"):
        fill(LayerNetwork(graph), {**tensors, name: torch.zeros(7)})


def test_a_network_read_wrongly_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(path: Path) -> Any:
        graph, tensors = read_onnx(path)
        return graph, {name: tensor * 1.01 for name, tensor in tensors.items()}

    monkeypatch.setattr(onnx_backbone, "read_onnx", wrong)
    with pytest.raises(ConfigError, match="it says other things than in onnxruntime"):
        build_backbone(f"onnx:{path}", side=8, pretrained=True)


def test_everything_that_is_not_known_is_named_at_once(tmp_path: Path) -> None:
    nodes: list[Node] = [
        ("Split", ["images"], "some others", {"num_outputs": 2}),
        ("Relu", ["others"], "r", {}),
        ("Conv", ["r", "stem"], "c", {"auto_pad": "SAME_UPPER"}),
        ("Transpose", ["c"], "embeddings", {"perm": [0, 2, 3, 1]}),
    ]
    path = save(tmp_path / "network.onnx", nodes)
    with pytest.raises(
        ConfigError, match=r"from .*: Split, Conv with auto_pad, Transpose is not known here"
    ):
        read_onnx(path)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (("Reshape", ["images", "cube"], "embeddings", {}), r"Reshape to \[-1, 3, 4\]"),
        (("Flatten", ["images"], "embeddings", {"axis": 2}), "Flatten of another axis"),
        (("HardSigmoid", ["images"], "embeddings", {}), "HardSigmoid of another slope"),
        (("Conv", ["images"], "embeddings", {}), "Conv as it stands there"),
        (("Gemm", ["images", "wide"], "embeddings", {"alpha": 2.0}), "Gemm with alpha"),
        (("ReduceMean", ["images", "axis"], "embeddings", {}), "ReduceMean over other axes"),
        (("Clip", ["images", "low"], "embeddings", {}), "Clip without both ends"),
        (("PRelu", ["images", "each"], "embeddings", {}), "PRelu with a slope for each place"),
        (("MatMul", ["images", "images"], "embeddings", {}), "MatMul with weights that are com"),
        (
            ("MaxPool", ["images"], "embeddings", {"kernel_shape": [2, 2], "ceil_mode": 1}),
            "MaxPool with uneven pads, ceil_mode",
        ),
    ],
)
def test_ways_that_are_not_known_are_named(node: Node, message: str, tmp_path: Path) -> None:
    weights = {
        **WEIGHTS,
        "cube": np.array([-1, 3, 4]),
        "axis": np.array([1]),
        "each": numbers(3, SIDE, SIDE),
    }
    path = save(tmp_path / "network.onnx", [node], weights=weights)
    with pytest.raises(ConfigError, match=message):
        read_onnx(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": ("B", 3, "H", "W")}, r"declared as \(B, 3, S, S\) .*, got \[0, 3, 0, 0\]"),
        ({"shape": ("B", 3, 16, 24)}, r"got \[0, 3, 16, 24\]"),
        ({"shape": ("B", 16, 16, 3)}, r"got \[0, 16, 16, 3\]"),
        ({"outputs": ("embeddings", "r1")}, r"must have one output, got \['embeddings', 'r1'\]"),
        ({"outputs": ("r1",)}, "the last operation of .* must make its output 'r1'"),
    ],
)
def test_files_of_another_shape_are_refused(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=message):
        read_onnx(save(tmp_path / "network.onnx", **options))


def test_what_is_no_onnx_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "network.onnx").write_bytes(b"not a network")
    with pytest.raises(ConfigError, match=r"cannot read .* as ONNX"):
        build_backbone(f"onnx:{tmp_path / 'network.onnx'}", side=8)
    with pytest.raises(ConfigError, match=r"onnx:PATH, got 'onnx:'"):
        build_backbone("onnx:", side=8)


@pytest.mark.parametrize("side", [7, 17])
def test_sides_that_do_not_suit_it_are_refused(side: int, path: Path) -> None:
    with pytest.raises(ConfigError, match=f"must be 8 to 16 pixels, .*, got {side}"):
        build_backbone(f"onnx:{path}", side=side)
