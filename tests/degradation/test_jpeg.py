"""through_jpeg: what the JPEG standard does to grey blocks, half the detail in colour."""

import numpy as np
import torch
from scipy.fft import dctn, idctn
from torch import Tensor

from lookmore.degradation.jpeg import through_jpeg

# Luminance steps of quality 50: ITU-T recommendation T.81 (1992), annex K, table K.1.
STEPS = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ]
)


def grey_by_the_standard(plane: np.ndarray, quality: int) -> np.ndarray:
    """Cosine transform, division, rounding and back, one 8 x 8 block after the other.

    The steps for other qualities follow libjpeg's rule: 5000 / q % below 50, 200 - 2 q % above.
    """
    percent = 5000 // quality if quality < 50 else 200 - 2 * quality
    steps = np.clip((STEPS * percent + 50) // 100, 1, 255)
    result = np.empty_like(plane)
    for y in range(0, len(plane), 8):
        for x in range(0, len(plane), 8):
            block = dctn(plane[y : y + 8, x : x + 8] - 128, norm="ortho")
            result[y : y + 8, x : x + 8] = idctn(np.round(block / steps) * steps, norm="ortho")
    return np.clip(np.round(result + 128), 0, 255)


def grey(count: int, *, side: int = 16) -> Tensor:
    """Whole grey levels with soft structure, as photographs have."""
    rough = torch.rand(count, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    pixels = torch.nn.functional.interpolate(rough, size=(side, side), mode="bilinear")
    return ((pixels * 255).round() / 255).expand(-1, 3, -1, -1)


def test_grey_images_come_out_as_the_standard_says() -> None:
    low, qualities = grey(6), np.array([3, 10, 30, 60, 90, 99])
    result = through_jpeg(low, qualities=qualities) * 255
    for row, quality in enumerate(qualities.tolist()):
        expected = grey_by_the_standard(low[row, 0].double().numpy() * 255, quality)
        for plane in result[row].numpy():
            # libjpeg's transform has whole numbers, so that a half may be rounded otherwise.
            assert np.abs(plane - expected).max() < 3.5
            assert np.abs(plane - expected).mean() < 0.6
        assert quality > 60 or np.abs(expected - low[row, 0].numpy() * 255).max() > 2


def test_colour_is_kept_at_half_the_resolution() -> None:
    # Red and cyan of one brightness: alternating columns blur into grey, broad ones stay.
    red, cyan = torch.tensor([200, 80, 80]) / 255, torch.tensor([0, 131, 131]) / 255
    broad, fine = (torch.arange(16) // width % 2 == 0 for width in (8, 1))
    columns = torch.stack([torch.where(c, red[:, None], cyan[:, None]) for c in (broad, fine)])
    low = columns[:, :, None, :].expand(2, 3, 16, 16).contiguous()
    result = through_jpeg(low, qualities=np.array([95, 95]))
    contrast = (result[:, 0] - result[:, 1]).std((1, 2)) / (low[:, 0] - low[:, 1]).std((1, 2))
    assert contrast[0] > 0.8 and contrast[1] < 0.1


def test_worse_quality_is_further_from_the_image() -> None:
    low = grey(1).expand(3, -1, -1, -1)
    errors = (through_jpeg(low, qualities=np.array([5, 40, 95])) - low).square().mean((1, 2, 3))
    assert errors[0] > 2 * errors[1] > 4 * errors[2] > 0


def test_quality_100_is_left_alone_among_others() -> None:
    low = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    before = low.clone()
    result = through_jpeg(low, qualities=np.array([100, 20, 100]))
    assert torch.equal(result[::2], before[::2]) and not torch.equal(result[1], before[1])
    assert torch.equal(low, before)


def test_colours_keep_their_order() -> None:
    low = torch.tensor([0.8, 0.2, 0.5])[None, :, None, None].expand(1, 3, 12, 12).contiguous()
    result = through_jpeg(low, qualities=np.array([95]))
    torch.testing.assert_close(result, low, atol=3 / 255, rtol=0)


def test_results_are_8_bit_levels() -> None:
    levels = through_jpeg(grey(2), qualities=np.array([30, 30])) * 255
    assert (levels - levels.round()).abs().max() < 1e-4
    assert levels.min() >= 0 and levels.max() <= 255
