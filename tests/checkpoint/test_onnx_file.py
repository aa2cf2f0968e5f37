"""Opening an exported file: its own words must fit its graph; strangers and damage are refused."""

import json
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import lookmore
from lookmore.checkpoint.sheet import SHEET_KEY
from lookmore.checkpoint.thresholds import Threshold
from lookmore.errors import CheckpointError, MissingExtraError

SHEET = {
    "format": 3,
    "side": 4,
    "width": 3,
    "fit": "squash",
    "class_names": [],
    "guide_mean": [0.0, 0.0, 0.0],
    "guide_whitening": "",
    "thresholds": {"fields": [field.name for field in fields(Threshold)], "rows": []},
    "facts": {"weights_sha256": "ab"},
}


def write(path: Path, sheet: object, *, kind: int = TensorProto.UINT8) -> Path:
    """A graph that answers with the mean colour, made without the exporter."""
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats", "axes"], ["embeddings"], keepdims=0),
    ]
    shape = ["batch", "height", "width", 3]
    graph = helper.make_graph(
        nodes,
        "mean",
        [helper.make_tensor_value_info("images", kind, shape)],
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["batch", 3])],
        [helper.make_tensor("axes", TensorProto.INT64, [2], [1, 2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    if sheet is not None:
        entry = model.metadata_props.add()
        entry.key, entry.value = SHEET_KEY, json.dumps(sheet)
    onnx.save(model, path)
    return path


def test_a_file_that_anyone_wrote_to_the_format_is_used(tmp_path: Path) -> None:
    student = lookmore.load(write(tmp_path / "mean.ONNX", SHEET))
    red = np.zeros((9, 5, 3), np.uint8)
    red[..., 0] = 250
    np.testing.assert_allclose(student.embed([red]), [[250, 0, 0]], atol=1e-4)
    assert (student.side, student.artefact.fit) == (4, "squash")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"width": 5}, r"is damaged: it must take images \(uint8\) and give \{'embeddings': 5\}"),
        ({"class_names": ["a", "b"]}, r"is damaged: .*'logits': 2"),
    ],
)
def test_words_that_do_not_fit_the_graph_are_refused(
    tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    with pytest.raises(CheckpointError, match=message):
        lookmore.load(write(tmp_path / "x.onnx", {**SHEET, **changed}))


def test_a_graph_that_takes_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"takes \{'images': 'tensor\(float\)'\}"):
        lookmore.load(write(tmp_path / "x.onnx", SHEET, kind=TensorProto.FLOAT))


def test_somebody_elses_network_is_sent_to_where_it_fits(tmp_path: Path) -> None:
    path = write(tmp_path / "x.onnx", None)
    with pytest.raises(CheckpointError, match=r"not written by lookmore export.*--teacher onnx:"):
        lookmore.load(path)


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_damage_is_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = write(tmp_path / "x.onnx", SHEET)
    path.write_bytes(path.read_bytes()[:-40] if content is None else content)
    with pytest.raises(CheckpointError, match=r"x\.onnx") as found:
        lookmore.load(path)
    assert "\n" not in str(found.value)


def test_a_file_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"cannot read .*x\.onnx: No such file"):
        lookmore.load(tmp_path / "x.onnx")


def test_weights_beside_the_file_are_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "x.onnx", SHEET)
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    (tmp_path / "beside.bin").write_bytes(np.array([1, 2], np.int64).tobytes())
    tensor.ClearField("int64_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "beside.bin"), ("offset", "0"), ("length", "16")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    path.write_bytes(model.SerializeToString())
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match="cannot be run"):
        lookmore.load(path)


def test_words_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "x.onnx", SHEET)
    path.write_bytes(path.read_bytes().replace(b'"width"', b'"\xff\xfedth"'))
    with pytest.raises(CheckpointError, match="cannot be run: 'utf-8' codec"):
        lookmore.load(path)


def test_without_onnxruntime_the_way_out_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "x.onnx", SHEET)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match=r"'onnxruntime'.*pip install 'lookmore\[export\]'"):
        lookmore.load(path)
