"""degrade: the operations in their order, the same again in any batch, 8 bits, any device."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from lookmore.degradation import DegradationConfig, degrade
from lookmore.degradation.jpeg import through_jpeg
from lookmore.degradation.mosaic import through_mosaic
from lookmore.degradation.noise import add_noise
from lookmore.degradation.plan import draw_plan
from lookmore.degradation.quantise import to_eight_bits
from lookmore.degradation.resize import enlarge, shrink

KEYS = np.random.default_rng(0).integers(0, 2**64, 48, dtype=np.uint64)
VIEWS = np.arange(48) % 5
ALL = DegradationConfig(
    side=7,
    mixed_sides=(5, 12),
    kernels=("bicubic", "area", "nearest", "bilinear"),
    blur_sigma=(0.0, 1.5),
    noise_std=(0.0, 0.1),
    jpeg_quality=(40, 100),
    mosaic_share=0.5,
    chain_share=0.8,
)


def images(*, side: int = 24) -> Tensor:
    return torch.rand(48, 3, side, side, generator=torch.Generator().manual_seed(0))


def degraded(config: DegradationConfig, high: Tensor | None = None, *, seed: int = 0) -> Tensor:
    high = images() if high is None else high
    return degrade(high, config=config, keys=KEYS, views=VIEWS, seed=seed)


def test_the_plain_setting_is_shrinking_and_rounding() -> None:
    high = images()
    expected = to_eight_bits(shrink(high, side=8, kernel="bicubic"))
    assert torch.equal(degraded(DegradationConfig(side=8), high), expected)


def test_the_identity_setting_is_the_identity() -> None:
    high = to_eight_bits(images(side=16))
    assert torch.equal(degraded(DegradationConfig(side=16), high), high)


def test_the_same_again_in_any_order_and_batch() -> None:
    high = images(side=23)
    together = degraded(ALL, high)
    for rows in ([5], [40, 3, 17, 0], list(range(20, 45))):
        again = degrade(high[rows], config=ALL, keys=KEYS[rows], views=VIEWS[rows])
        assert torch.equal(again, together[rows])


@pytest.mark.parametrize(
    "config",
    [
        DegradationConfig(side=8, blur_sigma=(0.2, 2.0)),
        DegradationConfig(side=8, noise_std=(0.1, 0.1)),
        DegradationConfig(side=8, jpeg_quality=(5, 60)),
        DegradationConfig(side=8, mosaic_share=0.5),
    ],
    ids=["blur", "noise", "jpeg", "mosaic"],
)
def test_another_seed_or_view_degrades_otherwise(config: DegradationConfig) -> None:
    one, high = degraded(config), images()
    other_seed = degraded(config, seed=1)
    other_view = degrade(high, config=config, keys=KEYS, views=VIEWS + 1)
    # Of a mosaic's five forms, four corners and none, two are the same in three of ten images.
    least = 0.5 if config.mosaic_share else 0.9
    for other in (other_seed, other_view):
        assert (one != other).flatten(1).any(1).float().mean() > least


def test_each_image_gets_its_kernel() -> None:
    config = replace(ALL, side=8, mixed_sides=(), chain_share=0.0)
    kernels = draw_plan(config, keys=KEYS, views=VIEWS, seed=0).kernels
    result, high = degraded(config), images()
    for row, kernel in enumerate(kernels):
        name = config.kernels[kernel]
        expected = to_eight_bits(shrink(high[row : row + 1], side=8, kernel=name))
        assert torch.equal(result[row : row + 1], expected)
    assert set(kernels) == {0, 1, 2, 3}


def test_blur_is_measured_in_low_resolution_pixels() -> None:
    # Structure in the middle only, so that the ways of treating the border cannot matter.
    high = torch.full((48, 3, 96, 96), 0.5)
    middle = torch.rand(48, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    high[..., 40:56, 40:56] = middle
    result = degraded(DegradationConfig(side=16, blur_sigma=(0.7, 0.7)), high)
    blurred = gaussian_filter(high.double().numpy(), (0, 0, 4.2, 4.2), truncate=8)  # 0.7 * 96 / 16
    expected = shrink(torch.from_numpy(blurred).float(), side=16, kernel="bicubic")
    assert (result - expected).abs().max() < 0.51 / 255


def test_noise_comes_after_shrinking() -> None:
    high = torch.full((48, 3, 64, 64), 0.5)
    result = degraded(DegradationConfig(side=16, noise_std=(0.05, 0.05)), high)
    # 36,864 pixels know their standard deviation to 0.4 %; rounding adds 0.3 %.
    assert (result - 0.5).std().item() == pytest.approx(0.05, rel=0.02)


def test_jpeg_comes_last() -> None:
    config = DegradationConfig(side=16, noise_std=(0.05, 0.05))
    before = degraded(config, images(side=32))
    after = degraded(replace(config, jpeg_quality=(30, 30)), images(side=32))
    assert torch.equal(after, to_eight_bits(through_jpeg(before, qualities=np.full(48, 30))))


def test_the_mosaic_comes_after_noise_and_before_jpeg() -> None:
    config = DegradationConfig(side=16, noise_std=(0.05, 0.05), jpeg_quality=(30, 30))
    config = replace(config, mosaic_share=1.0)
    noisy = shrink(images(side=32), side=16, kernel="bicubic")
    noisy = add_noise(noisy, stds=np.full(48, 0.05), keys=KEYS, views=VIEWS, seed=0)
    corners = draw_plan(config, keys=KEYS, views=VIEWS, seed=0).corners
    seen = through_jpeg(through_mosaic(noisy, corners=corners), qualities=np.full(48, 30))
    assert torch.equal(degraded(config, images(side=32)), to_eight_bits(seen))


def test_mixed_sides_are_shrunk_to_and_brought_to_the_common_side() -> None:
    config = DegradationConfig(side=8, mixed_sides=(6, 12))
    sides = draw_plan(config, keys=KEYS, views=VIEWS, seed=0).sides
    result, high = degraded(config), images()
    for row, side in enumerate(sides.tolist()):
        low = to_eight_bits(shrink(high[row : row + 1], side=side, kernel="bicubic"))
        if side < 8:
            low = enlarge(low, side=8)
        elif side > 8:
            low = shrink(low, side=8, kernel="bicubic")
        assert torch.equal(result[row : row + 1], to_eight_bits(low))
    assert set(sides) == {6, 8, 12}


def test_every_result_is_8_bits_within_range() -> None:
    levels = degraded(ALL) * 255
    assert levels.shape == (48, 3, 7, 7) and levels.dtype == torch.float32
    assert torch.equal(to_eight_bits(levels / 255), levels / 255)
    assert levels.min() >= 0 and levels.max() <= 255


def test_mean_intensity_is_kept() -> None:
    config = replace(ALL, kernels=("bicubic", "area", "bilinear"), noise_std=(0.0, 0.02))
    high = images(side=48)
    difference = degraded(config, high).mean((1, 2, 3)) - high.mean((1, 2, 3))
    assert difference.abs().max() < 0.02


def test_the_images_given_are_kept() -> None:
    high = images()
    before = high.clone()
    degraded(ALL, high)
    assert torch.equal(high, before)


def test_autocast_does_not_touch_it() -> None:
    expected = degraded(ALL)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(degraded(ALL), expected)


@pytest.mark.gpu
def test_the_gpu_gives_the_same() -> None:
    result = degraded(ALL, images().cuda())
    assert result.device.type == "cuda"
    steps = (result.cpu() - degraded(ALL)).abs() * 255
    assert (steps > 0.5).float().mean() < 1e-3  # a last bit may tip a rounding


@pytest.mark.parametrize(
    ("high", "keys", "message"),
    [
        (torch.zeros(48, 24, 24), KEYS, r"high must be \(B, 3, S, S\), got \(48, 24, 24\)"),
        (torch.zeros(48, 3, 24, 24, dtype=torch.uint8), KEYS, "high must be floating point"),
        (torch.zeros(47, 3, 24, 24), KEYS, "one per image, got 48 and 48 for 47 images"),
        (torch.zeros(48, 3, 11, 11), KEYS, "high must be 12 pixels or more a side, got 11"),
        (torch.zeros(48, 3, 24, 24), KEYS.astype(np.int64), "keys must be .* uint64"),
    ],
)
def test_refuses_what_cannot_be_degraded(high: Tensor, keys: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        degrade(high, config=ALL, keys=keys, views=VIEWS)
