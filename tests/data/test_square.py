"""to_square: keeps what fit promises, and touches nothing when the size is right."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from lookmore.data.square import to_square


@pytest.fixture
def noise() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (3, 40, 40), dtype=torch.uint8, generator=generator)


@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
def test_is_the_identity_at_the_right_size(noise: Tensor, fit: str) -> None:
    assert torch.equal(to_square(noise, side=40, fit=fit), noise)


def test_crop_keeps_the_centre() -> None:
    image = torch.arange(6, dtype=torch.uint8).expand(3, 2, 6)
    assert to_square(image, side=2, fit="crop")[0].tolist() == [[2, 3], [2, 3]]
    assert to_square(image.mT, side=2, fit="crop")[0].tolist() == [[2, 2], [3, 3]]


def test_pad_repeats_the_edges_on_both_sides() -> None:
    image = torch.tensor([[10, 20, 30, 40], [50, 60, 70, 80]], dtype=torch.uint8).expand(3, 2, 4)
    rows = [[10, 20, 30, 40], [10, 20, 30, 40], [50, 60, 70, 80], [50, 60, 70, 80]]
    assert to_square(image, side=4, fit="pad")[0].tolist() == rows


def test_squash_shows_the_whole_image() -> None:
    image = torch.zeros(3, 8, 16, dtype=torch.uint8)
    image[:, :, 8:] = 255
    squashed = to_square(image, side=8, fit="squash")[0].int()
    assert (squashed[:, :3] < 10).all() and (squashed[:, 5:] > 245).all()


@pytest.mark.parametrize("side", [13, 20, 64])
def test_resampling_is_the_antialiased_bicubic_of_pillow(noise: Tensor, side: int) -> None:
    ours = to_square(noise, side=side, fit="squash").permute(1, 2, 0).numpy().astype(int)
    pillow = Image.fromarray(noise.permute(1, 2, 0).numpy()).resize((side, side), Image.BICUBIC)
    assert np.abs(ours - np.asarray(pillow).astype(int)).max() <= 1


@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
def test_single_pixels_and_long_strips_are_fine(fit: str) -> None:
    for height, width in [(1, 1), (1, 50_000), (50_000, 1)]:
        image = torch.full((3, height, width), 77, dtype=torch.uint8)
        square = to_square(image, side=8, fit=fit)
        assert square.shape == (3, 8, 8) and (square == 77).all()


@pytest.mark.parametrize("shape", [(40, 40), (1, 40, 40), (3, 40, 40, 1)])
def test_refuses_what_is_not_an_image(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape \(3, H, W\) and be uint8, got"):
        to_square(torch.zeros(shape, dtype=torch.uint8), side=8, fit="crop")
    with pytest.raises(ValueError, match=r"be uint8, got \(3, 8, 8\) torch.float32"):
        to_square(torch.zeros(3, 8, 8), side=8, fit="crop")


def test_refuses_another_fit(noise: Tensor) -> None:
    with pytest.raises(ValueError, match="fit must be crop, squash or pad, got 'zoom'"):
        to_square(noise, side=8, fit="zoom")
