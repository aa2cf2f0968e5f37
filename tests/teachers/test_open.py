"""open_teacher: each kind of name opens its own kind of teacher."""

from pathlib import Path

import numpy as np
import pytest

from lookmore.errors import ConfigError
from lookmore.teachers import TeacherConfig, open_teacher


def test_opens_a_network_of_timm() -> None:
    teacher = open_teacher(TeacherConfig(name="timm:test_resnet", weights="none"))
    assert teacher.name == "timm:test_resnet" and teacher.width > 0


def test_opens_a_file_of_embeddings(tmp_path: Path) -> None:
    np.save(tmp_path / "e.npy", np.ones((2, 3)))
    (tmp_path / "e.txt").write_text("a\nb\n")
    assert open_teacher(TeacherConfig(name=f"file:{tmp_path / 'e.npy'}")).width == 3


@pytest.mark.parametrize("name", ["dlib-face", "imagenet"])
def test_opens_the_teachers_of_the_extra_demo(name: str) -> None:
    pytest.importorskip(
        {"dlib-face": "face_recognition_models", "imagenet": "efficientnet_lite_pytorch"}[name],
        reason="comes with the extra demo, which is not installed",
    )
    assert open_teacher(TeacherConfig(name=name)).name == name


def test_a_teacher_still_to_be_trained_cannot_be_opened() -> None:
    with pytest.raises(ConfigError, match="train the recipe first"):
        open_teacher(TeacherConfig(name="trained"))


def test_passes_the_settings_on_to_onnx(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="must be stated for an ONNX teacher"):
        open_teacher(TeacherConfig(name=f"onnx:{tmp_path / 'a.onnx'}"))
