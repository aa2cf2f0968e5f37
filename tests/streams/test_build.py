"""Streams from settings: they are what was asked, and a description makes the same again."""

import json
from dataclasses import replace

import pytest
import torch

from lookmore.backbones.timm_backbone import TimmBackbone
from lookmore.errors import CheckpointError, ConfigError
from lookmore.streams.build import build_stream, stream_from_description
from lookmore.streams.config import StreamConfig
from lookmore.teachers import open_teacher
from lookmore.teachers.base import ImageTeacher
from lookmore.teachers.config import TeacherConfig

CONFIG = StreamConfig(
    backbone="nano", dropout=0.2, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), order="bgr"
)


def test_open_settings_are_filled_in() -> None:
    stream = build_stream(CONFIG, side=16, width=32, classes=4)
    assert (stream.side, stream.width, stream.classes) == (16, 32, 4)


def test_stated_settings_win() -> None:
    config = StreamConfig(backbone="nano", side=12, width=24)
    stream = build_stream(config, side=16, width=32, classes=0)
    assert (stream.side, stream.width) == (12, 24)


@pytest.mark.parametrize("backbone", ["nano", "timm:test_resnet"])
def test_description_and_weights_make_the_same_stream_again(backbone: str) -> None:
    config = StreamConfig(backbone=backbone, mean=CONFIG.mean, std=CONFIG.std, order="bgr")
    stream = build_stream(config, side=16, width=32, classes=4).eval()
    again = stream_from_description(json.loads(json.dumps(stream.describe()))).eval()
    again.load_state_dict(stream.state_dict())
    images = torch.rand(2, 3, 20, 20)
    assert torch.equal(again(images).raw, stream(images).raw)
    assert again.describe() == stream.describe()


@pytest.mark.parametrize("backbone", ["dlib-face", "imagenet"])
def test_published_weights_get_the_scale_that_they_want(backbone: str) -> None:
    """Which is the teacher's own, so that a student with its weights sees what it sees."""
    settings = StreamConfig(backbone=backbone, pretrained=True)
    teacher = open_teacher(TeacherConfig(name=backbone))
    assert isinstance(teacher, ImageTeacher)
    stream = build_stream(settings, side=16, width=32, classes=0)
    assert stream.mean.flatten().tolist() == pytest.approx(teacher.preprocess.mean, abs=1e-3)
    assert stream.std.flatten().tolist() == pytest.approx(teacher.preprocess.std, abs=1e-3)
    stated = replace(settings, mean=(0.1, 0.2, 0.3))
    assert build_stream(stated, side=16, width=32, classes=0).describe()["mean"] == [0.1, 0.2, 0.3]
    blank = build_stream(replace(settings, pretrained=False), side=16, width=32, classes=0)
    assert torch.equal(blank.std, stream.std)  # such a one may take over a teacher's weights
    native = build_stream(StreamConfig(backbone="nano"), side=16, width=32, classes=0)
    assert native.describe()["std"] == [0.25, 0.25, 0.25]


def test_weights_of_timm_get_the_scale_that_they_want() -> None:
    published = TimmBackbone("test_resnet", side=16).published_scale
    assert published == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def test_description_counts_the_parameters() -> None:
    stream = build_stream(CONFIG, side=16, width=32, classes=4)
    assert stream.describe()["parameters"] == sum(p.numel() for p in stream.parameters())
    assert stream.describe()["mean"] == [0.485, 0.456, 0.406]


def test_a_description_of_another_version_is_refused_by_name() -> None:
    description = build_stream(CONFIG, side=16, width=32, classes=4).describe()
    description["colour"] = description.pop("order")
    with pytest.raises(CheckpointError, match=r"unknown \['colour'\], missing \['order'\]"):
        stream_from_description(description)


def test_a_network_that_changed_meanwhile_is_refused() -> None:
    description = build_stream(CONFIG, side=16, width=32, classes=4).describe()
    description["parameters"] += 1
    with pytest.raises(CheckpointError, match="the description says"):
        stream_from_description(description)


def test_settings_that_would_be_ignored_are_refused() -> None:
    with pytest.raises(ConfigError, match="no pretrained weights"):
        build_stream(StreamConfig(pretrained=True), side=16, width=8, classes=0)
