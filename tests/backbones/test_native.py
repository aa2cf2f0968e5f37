"""Native backbones: one row of features per image, at every side they declare."""

import pytest
import torch

from lookmore.backbones.native import NativeBackbone, PositionPooling, ResidualBlock, stem_strides
from lookmore.errors import ConfigError


def tiny(side: int) -> NativeBackbone:
    return NativeBackbone(widths=(4, 6, 8), depths=(1, 1, 1), side=side)


@pytest.mark.parametrize("side", [8, 9, 16, 24, 25, 47, 48, 49, 64, 112, 224])
def test_gives_features_of_the_declared_width_at_every_side(side: int) -> None:
    features = tiny(side)(torch.rand(2, 3, side, side))
    assert features.shape == (2, 8) and features.isfinite().all()


def test_gives_a_gradient_to_every_parameter() -> None:
    backbone = tiny(16)
    images = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    backbone(images).pow(3).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in backbone.parameters())


def test_keeps_every_pixel_of_a_small_image_and_a_quarter_of_the_side_of_a_large_one() -> None:
    assert [stem_strides(side) for side in (8, 24, 25, 48, 49)] == [
        (1,),
        (1,),
        (2,),
        (2,),
        (2, 2),
    ]


def test_a_coarse_stem_halves_the_side_once_more_at_every_side() -> None:
    for side in (8, 24, 25, 48, 49, 112):
        assert stem_strides(side, coarse=True) == (*stem_strides(side), 2)
    coarse = NativeBackbone(widths=(4, 6, 8), depths=(1, 1, 1), side=16, coarse=True)
    assert coarse.pooling.weight.shape == (8, 2, 2)
    assert tiny(16).pooling.weight.shape == (8, 4, 4)


def test_position_pooling_starts_as_the_average() -> None:
    maps = torch.rand(3, 5, 4, 4, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(PositionPooling(5, side=4)(maps), maps.mean((2, 3)))


def test_position_pooling_can_pick_one_place() -> None:
    pooling = PositionPooling(1, side=2)
    with torch.no_grad():
        pooling.weight.copy_(torch.tensor([[[0.0, 0.0], [3.0, 0.0]]]))
    assert pooling(torch.tensor([[[[1.0, 2.0], [5.0, 7.0]]]])).item() == 15.0


def test_a_block_whose_convolutions_are_zero_hands_its_input_on() -> None:
    block = ResidualBlock(4, 4, stride=1).eval()
    with torch.no_grad():
        block.second[0].weight.zero_()
    maps = torch.rand(2, 4, 5, 5)
    torch.testing.assert_close(block(maps), maps)


@pytest.mark.parametrize("side", [7, 225])
def test_refuses_sides_it_was_not_made_for(side: int) -> None:
    with pytest.raises(ConfigError, match=f"must be 8 to 224 pixels, got {side}"):
        tiny(side)


def test_refuses_images_of_another_side() -> None:
    with pytest.raises(ValueError, match=r"shape \(B, 3, 16, 16\), got \(2, 3, 17, 16\)"):
        tiny(16)(torch.rand(2, 3, 17, 16))


@pytest.mark.parametrize("widths, depths", [((), ()), ((4, 8), (1,)), ((4, 8), (1, 0))])
def test_refuses_stages_that_do_not_fit(widths: tuple[int, ...], depths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="equally many positive numbers"):
        NativeBackbone(widths=widths, depths=depths, side=16)
