"""Preprocess: shows the stated part of an image, at the stated side, colours and scale."""

import pytest
import torch
from torch import Tensor

from lookmore.errors import ConfigError
from lookmore.teachers.preprocess import ARCFACE_TO_DLIB_BOX, Preprocess


@pytest.fixture
def images() -> Tensor:
    return torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def test_the_plain_setting_is_the_identity(images: Tensor) -> None:
    assert torch.equal(Preprocess(side=16)(images), images)


def test_cuts_out_the_box(images: Tensor) -> None:
    seen = Preprocess(side=4, box=(0.25, 0.5, 0.5, 0.75))(images)
    assert torch.equal(seen, images[..., 8:12, 4:8])


def test_repeats_the_edge_where_the_box_leaves_the_image(images: Tensor) -> None:
    seen = Preprocess(side=32, box=(-0.5, -0.25, 1.5, 1.75))(images)
    assert torch.equal(seen[..., 4:20, 8:24], images)
    assert torch.equal(seen[:, :, 0, 0], images[:, :, 0, 0])
    assert torch.equal(seen[:, :, 10, 31], images[:, :, 6, 15])
    assert torch.equal(seen[:, :, 31, 12], images[:, :, 15, 4])


def test_a_square_box_stays_square_on_whole_pixels() -> None:
    ramp = torch.arange(10.0).div(10).expand(1, 3, 10, 10)
    # 0.26 .. 0.74 rounds to corner 3 and extent 5: columns 3 to 7, without any resizing.
    seen = Preprocess(side=5, box=(0.26, 0.26, 0.74, 0.74))(ramp)
    assert torch.equal(seen[0, 0, 0], torch.tensor([0.3, 0.4, 0.5, 0.6, 0.7]))


def test_shrinks_with_antialias() -> None:
    # One bright column in eight: the mean is 1/8, and bicubic alone looks between the bright ones.
    stripes = (torch.arange(32) % 8 == 0).float().expand(1, 3, 32, 32)
    seen = Preprocess(side=4)(stripes)
    torch.testing.assert_close(seen, torch.full((1, 3, 4, 4), 1 / 8), atol=0.05, rtol=0)


def test_resizing_stays_within_the_range_of_an_image() -> None:
    edge = torch.zeros(1, 3, 8, 8)
    edge[..., 4:] = 1.0
    seen = Preprocess(side=32)(edge)
    assert seen.min() == 0.0 and seen.max() == 1.0


def test_normalises_each_channel_in_the_order_of_the_network() -> None:
    red, green, blue = 0.2, 0.4, 0.8
    images = torch.tensor([red, green, blue]).view(1, 3, 1, 1).expand(1, 3, 2, 2)
    seen = Preprocess(side=2, mean=(0.1, 0.2, 0.3), std=(0.5, 1.0, 2.0), order="bgr")(images)
    expected = torch.tensor([(blue - 0.1) / 0.5, (green - 0.2) / 1.0, (red - 0.3) / 2.0])
    torch.testing.assert_close(seen[0, :, 0, 0], expected)


def test_the_arcface_box_puts_the_eyes_where_dlib_has_them() -> None:
    left, top, right, bottom = ARCFACE_TO_DLIB_BOX
    scale = 150 / (112 * (right - left))
    assert (right - left) == pytest.approx(bottom - top)
    assert 35.2 * scale == pytest.approx(52.6)
    assert (55.9 - 112 * left) * scale == pytest.approx(74.0)
    assert (51.6 - 112 * top) * scale == pytest.approx(47.1)


def test_comes_back_from_plain_values() -> None:
    stated = Preprocess(side=7, box=(0.1, 0.2, 0.8, 0.9), std=(0.5, 0.5, 0.25), order="bgr")
    assert Preprocess.from_dict(stated.as_dict()) == stated


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"side": 0}, "side must be at least 1 pixel, got 0"),
        ({"box": (0.5, 0.0, 0.5, 1.0)}, "must show a part of the image"),
        ({"box": (1.1, 0.0, 1.5, 1.0)}, "must show a part of the image"),
        ({"box": (0.0, 0.0, 5.0, 1.0)}, "between -1 and 2"),
        ({"box": (0.0, 0.0, 1.0)}, "left, top, right, bottom"),
        ({"mean": (0.5, 0.5)}, "mean must be three finite numbers"),
        ({"std": (0.5, 0.0, 0.5)}, "std must be above 0"),
        ({"order": "grb"}, "order must be 'rgb' or 'bgr', got 'grb'"),
    ],
)
def test_refuses_what_cannot_be(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Preprocess(**{"side": 8, **settings})


@pytest.mark.parametrize(
    "wrong",
    [torch.zeros(3, 8, 8), torch.zeros(1, 1, 8, 8), torch.zeros(1, 3, 8, 8, dtype=torch.uint8)],
)
def test_refuses_what_is_not_a_batch_of_images(wrong: Tensor) -> None:
    with pytest.raises(ValueError, match=r"floating point of shape \(B, 3, S, S\)"):
        Preprocess(side=8)(wrong)
