"""shrink and enlarge: what Pillow, loops and hand calculation give, row by row."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from lookmore.degradation.resize import KERNELS, enlarge, resample, resize_matrix, shrink

FILTERS = {
    "bicubic": Image.Resampling.BICUBIC,
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
    "nearest": Image.Resampling.NEAREST,
}


def by_pillow(images: Tensor, *, side: int, kernel: str) -> Tensor:
    """Another library's resizing, one colour plane at a time."""
    planes = [
        np.asarray(Image.fromarray(plane.numpy()).resize((side, side), FILTERS[kernel]))
        for plane in images.flatten(0, 1)
    ]
    result = torch.from_numpy(np.stack(planes)).unflatten(0, images.shape[:2])
    return result.clamp(0, 1)


def area_by_loops(line: list[float], new: int) -> list[float]:
    """The mean over each new pixel's stretch of the line, thousand samples per old pixel."""
    fine = [value for value in line for _ in range(1000)]
    step = len(fine) // new
    return [sum(fine[i * step : (i + 1) * step]) / step for i in range(new)]


@pytest.fixture
def high() -> Tensor:
    return torch.rand(3, 3, 40, 40, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("side", [20, 8, 4])
def test_shrinks_as_pillow_does(high: Tensor, kernel: str, side: int) -> None:
    expected = by_pillow(high, side=side, kernel=kernel)
    torch.testing.assert_close(shrink(high, side=side, kernel=kernel), expected, atol=2e-6, rtol=0)


@pytest.mark.parametrize("kernel", ["bicubic", "bilinear"])
@pytest.mark.parametrize("side", [39, 17, 7])
def test_shrinks_by_broken_factors_as_pillow_does(high: Tensor, kernel: str, side: int) -> None:
    expected = by_pillow(high, side=side, kernel=kernel)
    torch.testing.assert_close(shrink(high, side=side, kernel=kernel), expected, atol=2e-6, rtol=0)


def test_area_is_the_exact_mean_for_broken_factors() -> None:
    line = [0.3, 0.9, 0.1, 0.7, 0.2]
    high = torch.tensor(line).expand(1, 3, 5, 5)
    result = shrink(high, side=4, kernel="area")
    torch.testing.assert_close(result[0, 0, 0], torch.tensor(area_by_loops(line, 4)))
    torch.testing.assert_close(result, result[:1, :1, :1].expand(1, 3, 4, 4))


def test_nearest_takes_the_pixel_under_the_centre() -> None:
    high = torch.arange(81.0).view(1, 1, 9, 9).expand(1, 3, 9, 9) / 81
    expected = high[..., 1::3, 1::3]
    assert torch.equal(shrink(high, side=3, kernel="nearest"), expected)


def test_a_worked_bicubic_row() -> None:
    # Halving with Keys' cubic (a = -0.5), twice as wide: distances 1/4, 3/4, 5/4 and 7/4 of new
    # pixels weigh 111, 29, -9 and -3 of 256 on either side; at the border what is there counts.
    weights = torch.tensor([111.0, 29.0, -9.0, -3.0])
    line = resize_matrix(16, 8, kernel="bicubic")[4]
    both_sides = torch.cat([weights.flip(0), weights]) / 256
    torch.testing.assert_close(line[5:13], both_sides)
    assert line[:5].abs().max() < 1e-7 and line[13:].abs().max() < 1e-7


@pytest.mark.parametrize("side", [41, 64, 112])
def test_enlarges_as_pillow_does(high: Tensor, side: int) -> None:
    expected = by_pillow(high, side=side, kernel="bicubic")
    torch.testing.assert_close(enlarge(high, side=side), expected, atol=2e-6, rtol=0)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_same_side_changes_nothing(high: Tensor, kernel: str) -> None:
    assert torch.equal(shrink(high, side=40, kernel=kernel), high)
    assert torch.equal(resize_matrix(40, 40, kernel=kernel), torch.eye(40))
    assert torch.equal(enlarge(high, side=40), high)


@pytest.mark.parametrize("kernel", KERNELS)
def test_an_even_image_stays_even(kernel: str) -> None:
    high = torch.full((2, 3, 29, 29), 0.3)
    torch.testing.assert_close(shrink(high, side=7, kernel=kernel), torch.full((2, 3, 7, 7), 0.3))
    torch.testing.assert_close(enlarge(high, side=50), torch.full((2, 3, 50, 50), 0.3))


def test_overshoot_is_cut_off() -> None:
    high = torch.zeros(1, 3, 32, 32)
    high[..., 16:] = 1
    plain = resize_matrix(32, 16, kernel="bicubic") @ high[0, 0, 0]
    assert plain.min() < -0.01 and plain.max() > 1.01
    for result in (shrink(high, side=16, kernel="bicubic"), enlarge(high, side=64)):
        assert result.min() == 0 and result.max() == 1


@pytest.mark.parametrize("old_new", [(40, 16), (39, 7), (7, 39)])
def test_each_row_is_resized_by_itself(old_new: tuple[int, int]) -> None:
    old, new = old_new
    images = torch.rand(33, 3, old, old, generator=torch.Generator().manual_seed(1))
    matrices = resize_matrix(old, new, kernel="bicubic").expand(33, -1, -1)
    together = resample(images, matrices)
    for rows in ([4], [30, 2, 17], list(range(10, 29))):
        assert torch.equal(resample(images[rows], matrices[rows]), together[rows])


def test_autocast_does_not_touch_it(high: Tensor) -> None:
    expected = shrink(high, side=16, kernel="bicubic")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(shrink(high, side=16, kernel="bicubic"), expected)


@pytest.mark.gpu
def test_the_gpu_gives_the_same_under_tf32(high: Tensor) -> None:
    torch.set_float32_matmul_precision("medium")
    try:
        result = shrink(high.cuda(), side=16, kernel="bicubic")
    finally:
        torch.set_float32_matmul_precision("highest")
    assert result.device.type == "cuda"
    expected = shrink(high, side=16, kernel="bicubic")
    torch.testing.assert_close(result.cpu(), expected, atol=1e-6, rtol=0)


def test_no_images_are_no_images() -> None:
    assert shrink(torch.zeros(0, 3, 8, 8), side=4, kernel="area").shape == (0, 3, 4, 4)


@pytest.mark.parametrize(
    ("shape", "side", "kernel", "message"),
    [
        ((3, 8, 8), 4, "bicubic", r"high must be \(B, 3, S, S\), got \(3, 8, 8\)"),
        ((2, 1, 8, 8), 4, "bicubic", r"high must be \(B, 3, S, S\)"),
        ((2, 3, 8, 6), 4, "bicubic", r"high must be \(B, 3, S, S\)"),
        ((2, 3, 8, 8), 9, "bicubic", "side must be 1 to 8 like the images, got 9"),
        ((2, 3, 8, 8), 0, "bicubic", "side must be 1 to 8 like the images, got 0"),
        ((2, 3, 8, 8), 4, "cubic", "kernel must be one of bicubic, .* got 'cubic'"),
    ],
)
def test_refuses_what_cannot_shrink(
    shape: tuple[int, ...], side: int, kernel: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        shrink(torch.zeros(shape), side=side, kernel=kernel)


def test_refuses_whole_numbers_and_sides_that_do_not_enlarge() -> None:
    with pytest.raises(ValueError, match=r"high must be floating point in \[0, 1\], got .*uint8"):
        shrink(torch.zeros(1, 3, 8, 8, dtype=torch.uint8), side=4, kernel="area")
    with pytest.raises(ValueError, match="side must be 8 like the images or more, got 4"):
        enlarge(torch.zeros(1, 3, 8, 8), side=4)
