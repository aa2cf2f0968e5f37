"""onnx:PATH: any layout and batch, the stated preprocessing, nothing guessed."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from lookmore.errors import ConfigError, TeacherError
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.onnx_model import open_onnx

if importlib.util.find_spec("onnx") is None or importlib.util.find_spec("onnxruntime") is None:
    pytest.skip("onnx and onnxruntime come with the extra export", allow_module_level=True)

import onnx
from onnx import TensorProto, helper, numpy_helper

Size = int | str
WEIGHTS = np.arange(15, dtype=np.float32).reshape(3, 5) / 7


def save(
    path: Path,
    *,
    batch: Size = "B",
    side: Size = 8,
    columns: Size | None = None,
    channels_last: bool = False,
    beside: bool = False,
    outputs: int = 1,
    kind: int = TensorProto.FLOAT,
) -> Path:
    """Write a network whose embedding is (mean red, mean green, mean blue) @ WEIGHTS."""
    sides = [side, side if columns is None else columns]
    shape = [batch, *sides, 3] if channels_last else [batch, 3, *sides]
    axes = [1, 2] if channels_last else [2, 3]
    nodes = [
        helper.make_node("Cast", ["images"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float", "axes"], ["means"], keepdims=0),
        helper.make_node("MatMul", ["means", "weights"], ["embeddings"]),
    ]
    results = [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, [batch, 5])]
    if outputs == 2:
        results.append(helper.make_tensor_value_info("means", TensorProto.FLOAT, [batch, 3]))
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("images", kind, shape)],
        results,
        [
            numpy_helper.from_array(np.array(axes), "axes"),
            numpy_helper.from_array(WEIGHTS, "weights"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    options = {"save_as_external_data": True, "location": "weights.bin", "size_threshold": 64}
    onnx.save(model, path, **(options if beside else {}))
    return path


def config(path: Path, **settings: object) -> TeacherConfig:
    stated: dict[str, object] = {"mean": (0.5, 0.25, 0.0), "std": (0.5, 1.0, 2.0), **settings}
    return TeacherConfig(name=f"onnx:{path}", **stated)  # type: ignore[arg-type]


def expected(images: Tensor, *, order: str = "rgb") -> Tensor:
    means = images.mean(dim=(2, 3)) if order == "rgb" else images.mean(dim=(2, 3))[:, [2, 1, 0]]
    means = (means - torch.tensor([0.5, 0.25, 0.0])) / torch.tensor([0.5, 1.0, 2.0])
    return means @ torch.from_numpy(WEIGHTS)


@pytest.fixture
def images() -> Tensor:
    return torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("batch", ["B", 1, 2])
@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_finds_layout_and_batch_in_the_file(
    tmp_path: Path, images: Tensor, channels_last: bool, batch: Size, order: str
) -> None:
    path = save(tmp_path / "network.onnx", batch=batch, channels_last=channels_last)
    teacher = open_onnx(config(path, order=order))
    assert teacher.width == 5
    torch.testing.assert_close(teacher.embed(images), expected(images, order=order))


def test_resizes_to_the_side_of_the_file(tmp_path: Path) -> None:
    teacher = open_onnx(config(save(tmp_path / "network.onnx")))
    assert teacher.preprocess.side == 8
    flat = torch.full((2, 3, 20, 20), 0.75)
    torch.testing.assert_close(teacher.embed(flat), expected(flat))


def test_a_network_of_any_side_needs_one_stated(tmp_path: Path, images: Tensor) -> None:
    path = save(tmp_path / "network.onnx", side="S")
    with pytest.raises(ConfigError, match=r"teacher\.side must be stated for .*any size"):
        open_onnx(config(path))
    torch.testing.assert_close(open_onnx(config(path, side=8)).embed(images), expected(images))


def test_refuses_another_side_than_the_files(tmp_path: Path) -> None:
    path = save(tmp_path / "network.onnx")
    with pytest.raises(ConfigError, match=r"teacher\.side must be 8 for .*, got 9"):
        open_onnx(config(path, side=9))


@pytest.mark.parametrize("missing", ["mean", "std"])
def test_never_guesses_the_normalisation(tmp_path: Path, missing: str) -> None:
    path = save(tmp_path / "network.onnx")
    with pytest.raises(ConfigError, match=r"teacher\.mean and teacher\.std must be stated"):
        open_onnx(config(path, **{missing: None}))


def test_the_fingerprint_sees_weights_inside_and_beside_the_file(tmp_path: Path) -> None:
    inside = open_onnx(config(save(tmp_path / "inside.onnx")))
    again = open_onnx(config(save(tmp_path / "again.onnx")))
    assert inside.fingerprint == again.fingerprint
    path = save(tmp_path / "beside.onnx", beside=True)
    before = open_onnx(config(path)).fingerprint
    data = bytearray((tmp_path / "weights.bin").read_bytes())
    data[-1] ^= 1
    (tmp_path / "weights.bin").write_bytes(data)
    assert open_onnx(config(path)).fingerprint != before


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        ({"outputs": 2}, r"one input and one output, got \['images'\] and \['embeddings', 'means'"),
        ({"kind": TensorProto.UINT8}, r"must be float32, got tensor\(uint8\)"),
        ({"columns": 9}, r"must be square, got \['B', 3, 8, 9\]"),
    ],
)
def test_refuses_networks_of_another_kind(
    tmp_path: Path, faults: dict[str, int], message: str
) -> None:
    path = save(tmp_path / "network.onnx", **faults)  # type: ignore[arg-type]
    with pytest.raises(TeacherError, match=message):
        open_onnx(config(path))


def test_refuses_what_is_not_onnx(tmp_path: Path) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"not a network")
    with pytest.raises(TeacherError, match=r"cannot read .*broken\.onnx as ONNX"):
        open_onnx(config(broken))
    with pytest.raises(TeacherError, match=r"cannot read .*gone\.onnx as ONNX"):
        open_onnx(config(tmp_path / "gone.onnx"))
