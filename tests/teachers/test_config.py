"""TeacherConfig: says which teacher, and refuses what a teacher would ignore."""

import pytest

from lookmore.errors import ConfigError
from lookmore.teachers.config import TeacherConfig


@pytest.mark.parametrize(
    "name", ["dlib-face", "imagenet", "trained", "timm:a", "onnx:a/b:c.onnx", "file:e.parquet"]
)
def test_takes_every_kind_of_teacher(name: str) -> None:
    assert TeacherConfig(name=name).name == name


@pytest.mark.parametrize("name", ["", "dlib", "timm", "timm:", "onnx:", "torch:x", "dlib-face:x"])
def test_refuses_an_unknown_name(name: str) -> None:
    with pytest.raises(ConfigError, match="timm:NAME, onnx:PATH, file:PATH or trained, got"):
        TeacherConfig(name=name)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": "a.safetensors"}, "weights is for timm:NAME only"),
        ({"side": -1}, "side must be 0 or more pixels, got -1"),
        ({"box": (0.0, 0.0, 0.0, 1.0)}, "teacher.box must show"),
        ({"mean": (0.0, 0.0)}, "teacher.mean must be three"),
        ({"std": (1.0, 1.0, -1.0)}, "teacher.std must be above 0"),
        ({"order": "gbr"}, "teacher.order must be"),
        ({"align": "dlib"}, "align must be 'none' or 'arcface', got 'dlib'"),
        ({"align": "arcface", "box": (0.0, 0.0, 1.0, 1.0)}, "without a teacher.box"),
        ({"name": "imagenet", "align": "arcface"}, "arcface is for dlib-face"),
        ({"name": "file:e.npy", "mean": (0.0, 0.0, 0.0)}, "leave them out"),
        ({"name": "file:e.npy", "side": 112}, "leave them out"),
        ({"name": "trained", "side": 112}, "leave them out"),
        ({"whiten": 1.0}, r"whiten must be in \[0, 1\), got 1.0"),
        ({"whiten": 0.3, "centre": False}, "whiten needs teacher.centre, got 0.3 without it"),
        ({"name": "trained", "whiten": 0.3}, "which those of trained are not here: set it to 0"),
    ],
)
def test_refuses_settings_that_cannot_be_or_would_be_ignored(
    settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        TeacherConfig(**{"name": "dlib-face", **settings})
