"""What a file says of itself: bit for bit there and back; what cannot be is not believed."""

import json

import numpy as np
import pytest
import torch

from lookmore.checkpoint.artefact import Artefact
from lookmore.checkpoint.sheet import MOST_CHARACTERS, read_sheet, write_sheet
from lookmore.checkpoint.thresholds import Threshold
from lookmore.errors import CheckpointError
from lookmore.teachers.space import GuideSpace

ONE = Threshold(
    far=1e-3, probe_side=8, gallery="teacher", threshold=0.41, low=0.38, high=0.45,
    realised_far=9.8e-4, impostor_pairs=20_000, genuine_pairs=300, tar=0.8,
    degradation="bicubic", selected_on="validation",
)  # fmt: skip


def artefact(**changed: object) -> Artefact:
    random = np.random.default_rng(0)
    mean = random.normal(size=50) * 10.0 ** random.integers(-30, 30, 50)
    values = {
        "side": 16,
        "width": 50,
        "fit": "crop",
        "class_names": ("a", "\N{SNOWMAN}"),
        "guide_space": GuideSpace(
            mean=torch.tensor(mean.astype("f4")), whitening=torch.randn(3, 50).half().float()
        ),
        "thresholds": (ONE,),
        "facts": {"weights_sha256": "ab", "teacher": {"name": "dlib-face"}},
        **changed,
    }
    return Artefact(**values)


def test_comes_back_bit_for_bit() -> None:
    given = artefact()
    found = read_sheet(write_sheet(given), name="x.onnx")
    assert found.guide_space.mean.dtype == torch.float32
    assert torch.equal(found.guide_space.mean, given.guide_space.mean)
    assert torch.equal(found.guide_space.whitening, given.guide_space.whitening)
    assert (found.side, found.width, found.fit) == (16, 50, "crop")
    assert (found.class_names, found.thresholds) == (given.class_names, given.thresholds)
    assert found.facts == given.facts


@pytest.mark.parametrize(
    ("entry", "value", "message"),
    [
        ("format", 1, "has format 1, this lookmore reads format 3"),
        ("side", "16", "side must be 4 to 2048 pixels, got '16'"),
        ("side", 100_000, "side must be 4 to 2048 pixels, got 100000"),
        ("width", 0, "width must be 1 or more, got 0"),
        ("fit", "stretch", "fit must be one of crop, squash, pad, got 'stretch'"),
        ("class_names", "ab", "class names must be a list of texts"),
        ("class_names", [1], "class names must be a list of texts"),
        ("guide_mean", [], "guide mean must be a list of finite numbers"),
        ("guide_mean", ["1"], "guide mean must be a list of finite numbers"),
        ("guide_mean", [True], "guide mean must be a list of finite numbers"),
        ("guide_whitening", None, "guide whitening must be rows of 16-bit numbers"),
        ("guide_whitening", "AAA=", "guide whitening must be rows of 16-bit numbers"),
        ("guide_whitening", "fHx8", "guide whitening must be rows of 16-bit numbers"),
        ("facts", {}, "facts must name the sha256"),
        ("thresholds", [], "thresholds must be rows of far, probe_side"),
        ("thresholds", {"fields": ["far"], "rows": []}, "thresholds must be rows of far"),
    ],
)
def test_what_cannot_be_is_refused(entry: str, value: object, message: str) -> None:
    text = json.dumps({**json.loads(write_sheet(artefact())), entry: value})
    with pytest.raises(CheckpointError, match=rf"x\.onnx .*{message}"):
        read_sheet(text, name="x.onnx")


@pytest.mark.parametrize(
    ("entry", "value"),
    [("threshold", "0.4"), ("threshold", float("nan")), ("gallery", 3), ("similarity", True)],
)
def test_a_threshold_of_another_kind_is_refused(entry: str, value: object) -> None:
    found = json.loads(write_sheet(artefact()))
    place = found["thresholds"]["fields"].index(entry)
    found["thresholds"]["rows"][0][place] = value
    with pytest.raises(CheckpointError, match=f"the {entry} of a threshold cannot be"):
        read_sheet(json.dumps(found), name="x.onnx")


def test_a_threshold_of_an_unknown_similarity_is_refused() -> None:
    found = json.loads(write_sheet(artefact()))
    found["thresholds"]["rows"][0][-2] = "distance"
    with pytest.raises(CheckpointError, match="cannot be of the similarity 'distance'"):
        read_sheet(json.dumps(found), name="x.onnx")


@pytest.mark.parametrize("row", [{}, [], [1e-3, 8]])
def test_a_threshold_of_too_few_values_is_refused(row: object) -> None:
    found = json.loads(write_sheet(artefact()))
    found["thresholds"]["rows"].append(row)
    with pytest.raises(CheckpointError, match="a threshold must have 14 values"):
        read_sheet(json.dumps(found), name="x.onnx")


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "[" * 100_000])
def test_what_is_no_description_is_refused(text: str) -> None:
    with pytest.raises(CheckpointError):
        read_sheet(text, name="x.onnx")


def test_its_length_is_bounded_both_ways() -> None:
    with pytest.raises(CheckpointError, match=r"shorten the 1 class names"):
        write_sheet(artefact(class_names=("a" * MOST_CHARACTERS,)))
    with pytest.raises(CheckpointError, match="at most 8,000,000 fit"):
        read_sheet(" " * (MOST_CHARACTERS + 1), name="x.onnx")
