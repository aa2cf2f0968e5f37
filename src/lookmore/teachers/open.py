"""From a name in the settings to a teacher that answers."""

from collections.abc import Callable

import torch

from lookmore.errors import ConfigError
from lookmore.teachers.base import CPU, ImageTeacher, Teacher
from lookmore.teachers.config import TeacherConfig
from lookmore.teachers.dlib_face import open_dlib_face
from lookmore.teachers.embedding_file import open_embedding_file
from lookmore.teachers.imagenet import open_imagenet
from lookmore.teachers.onnx_model import open_onnx
from lookmore.teachers.timm_model import open_timm


def open_teacher(config: TeacherConfig, *, device: torch.device = CPU) -> Teacher:
    """Open the teacher that the settings name.

    Args:
        config: Its name, and what it is shown.
        device: Where it computes, if torch computes it; onnxruntime stays on the CPU.

    Raises:
        ConfigError: If this teacher needs a setting that is not stated, or is still to be trained.
        MissingExtraError: If it lives in a package that is not installed.
        TeacherError: If it cannot be opened or is not what it claims to be.
    """
    openers: dict[str, Callable[[TeacherConfig], Teacher]] = {
        "dlib-face": open_dlib_face,
        "imagenet": open_imagenet,
        "timm": open_timm,
        "onnx": open_onnx,
        "file": open_embedding_file,
    }
    if config.name == "trained":
        raise ConfigError("teacher.name: trained is no ready-made teacher; train the recipe first")
    teacher = openers[config.name.partition(":")[0]](config)
    return teacher.on(device) if isinstance(teacher, ImageTeacher) else teacher
