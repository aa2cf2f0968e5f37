"""The table of backbones: names build what they say, at the size they say, and no other."""

import pytest
import torch
from torch import nn

from lookmore.backbones.native import NativeBackbone
from lookmore.backbones.table import BACKBONES, build_backbone
from lookmore.backbones.timm_backbone import TimmBackbone
from lookmore.errors import ConfigError


def convolution_work(backbone: nn.Module, side: int) -> int:
    """Multiply-adds of the 3x3 and 1x1 convolutions, counted layer by layer by a forward pass."""
    total = 0

    def count(layer: nn.Module, _: object, maps: torch.Tensor) -> None:
        nonlocal total
        total += layer.weight.numel() * maps.shape[2] * maps.shape[3]

    for layer in backbone.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    backbone.eval()(torch.zeros(1, 3, side, side))
    return total


# The table states them with a head; here, in millions, without it and without additions elsewhere.
@pytest.mark.parametrize(
    "name, parameters, work",
    [
        ("pico", 0.036, 1.65),
        ("nano", 0.10, 5.4),
        ("lite", 0.40, 4.2),
        ("small", 0.70, 26.4),
        ("wide", 1.58, 16.6),
        ("base", 2.78, 105.3),
    ],
)
def test_sizes_are_those_the_table_states(name: str, parameters: float, work: float) -> None:
    backbone = build_backbone(name, side=16)
    assert isinstance(backbone, NativeBackbone)
    assert sum(p.numel() for p in backbone.parameters()) / 1e6 == pytest.approx(
        parameters, rel=0.02
    )
    assert convolution_work(backbone, 16) / 1e6 == pytest.approx(work, rel=0.02)


def test_every_name_builds() -> None:
    assert len(BACKBONES) >= 3
    for name, size in BACKBONES.items():
        assert build_backbone(name, side=8).features_width == size.widths[-1]


def test_timm_names_go_to_timm() -> None:
    assert isinstance(build_backbone("timm:test_resnet", side=32), TimmBackbone)


def test_an_unknown_name_is_told_the_known_ones() -> None:
    with pytest.raises(
        ConfigError,
        match="pico, nano, lite, small, wide, base, imagenet, dlib-face, timm:NAME or onnx:PATH, "
        "got 'tiny'",
    ):
        build_backbone("tiny", side=16)


def test_a_native_backbone_has_no_pretrained_weights() -> None:
    with pytest.raises(ConfigError, match="'small' has no pretrained weights; set pretrained"):
        build_backbone("small", side=16, pretrained=True)
