"""make_views: any view can be made again, in any batch, and shows what its settings allow."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from lookmore.data.views import ViewConfig, blend_partners, make_views, view_fingerprint
from lookmore.errors import ConfigError

STILL = ViewConfig(count=2, flip=False)
BUSY = ViewConfig(
    count=4,
    blends=2,
    rotate_degrees=15,
    zoom=0.1,
    shift=0.05,
    brightness=0.3,
    contrast=0.3,
    swap_colours=0.5,
)
IMAGES = 64
KEYS = np.random.default_rng(0).integers(0, 2**64, 64, dtype=np.uint64)


def pixels(count: int, *, seed: int = 0, side: int = 9) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8, generator=generator)


def every(view: int, count: int = 64) -> np.ndarray:
    return np.full(count, view, dtype=np.int64)


def test_view_0_is_exactly_the_image() -> None:
    images = pixels(64)
    result = make_views(images, keys=KEYS, views=every(0), config=BUSY)
    assert result.dtype == torch.float32
    assert torch.equal(result, images / 255)


def test_view_0_is_exact_among_other_views() -> None:
    images = pixels(64)
    result = make_views(images, keys=KEYS, views=np.arange(64) % 4, config=BUSY)
    assert torch.equal(result[::4], images[::4] / 255)
    assert (result[1::4] != images[1::4] / 255).any()


def test_any_view_can_be_made_again_in_any_order_and_batch() -> None:
    images, partners, views = pixels(64), pixels(64, seed=1), np.arange(64) % BUSY.total
    together = make_views(images, keys=KEYS, views=views, config=BUSY, partners=partners)
    for rows in ([5], [63, 0, 17, 2], list(range(30, 60))):
        again = make_views(
            images[rows], keys=KEYS[rows], views=views[rows], config=BUSY, partners=partners[rows]
        )
        assert torch.equal(again, together[rows])


def test_another_seed_view_or_key_looks_different() -> None:
    images = pixels(1).expand(64, -1, -1, -1)
    one = make_views(images, keys=KEYS, views=every(1), config=BUSY)
    assert len(torch.unique(one, dim=0)) == 64
    assert (make_views(images, keys=KEYS, views=every(2), config=BUSY) != one).any(3).any(2).all()
    other_seed = make_views(images, keys=KEYS, views=every(1), config=BUSY, seed=1)
    assert (other_seed != one).any(3).any(2).all()


def test_flipping_alone_mirrors_about_half_of_the_views_exactly() -> None:
    images = pixels(64)
    result = make_views(images, keys=KEYS, views=every(1), config=ViewConfig(count=2))
    mirrored = (result == images.flip(3) / 255).flatten(1).all(1)
    kept = (result == images / 255).flatten(1).all(1)
    assert (mirrored ^ kept).all()
    assert 16 < mirrored.sum() < 48  # 64 coins: 32 and four standard deviations of 4


def test_nothing_asked_for_is_nothing_done() -> None:
    images = pixels(64)
    result = make_views(images, keys=KEYS, views=every(1), config=STILL)
    assert torch.equal(result, images / 255)


def test_brightness_scales_the_whole_image() -> None:
    images = torch.full((64, 3, 4, 4), 100, dtype=torch.uint8)
    images[:, :, 0] = 50
    config = replace(STILL, brightness=0.5)
    result = make_views(images, keys=KEYS, views=every(1), config=config)
    torch.testing.assert_close(result[:, :, 0] * 2, result[:, :, 1])
    factors = result[:, 0, 1, 1] * 255 / 100
    assert 0.5 <= factors.min() < 0.6 and 1.4 < factors.max() <= 1.5


def test_contrast_keeps_the_mean() -> None:
    images = (pixels(64) // 4) + 96  # far from black and white, where nothing is cut off
    config = replace(STILL, contrast=0.5)
    result = make_views(images, keys=KEYS, views=every(1), config=config)
    sharp = images / 255
    torch.testing.assert_close(result.mean((1, 2, 3)), sharp.mean((1, 2, 3)))
    slopes = result.std((1, 2, 3)) / sharp.std((1, 2, 3))
    assert 0.5 <= slopes.min() < 0.6 and 1.4 < slopes.max() <= 1.5


@pytest.mark.parametrize("setting", ["rotate_degrees", "zoom", "shift"])
def test_each_move_moves(setting: str) -> None:
    # A lone bright pixel right of the middle: each move takes it elsewhere, less than half away.
    images = torch.zeros(64, 3, 33, 33, dtype=torch.uint8)
    images[:, :, 15:18, 23:26] = 255
    reach = {"rotate_degrees": 30.0, "zoom": 0.3, "shift": 0.1}[setting]
    config = replace(STILL, **{setting: reach})
    result = make_views(images, keys=KEYS, views=every(1), config=config)[:, 0]
    places = torch.arange(33.0) - 16
    x = (result.sum(1) * places).sum(1) / result.sum((1, 2))
    y = (result.sum(2) * places).sum(1) / result.sum((1, 2))
    angles, radii = torch.rad2deg(torch.atan2(y, x)), torch.hypot(x, y)
    if setting == "rotate_degrees":
        torch.testing.assert_close(radii, torch.full((64,), 8.0), atol=0.1, rtol=0)
        assert -30.5 < angles.min() < -20 and 20 < angles.max() < 30.5
    elif setting == "zoom":
        torch.testing.assert_close(y, torch.zeros(64), atol=1e-3, rtol=0)
        assert 5.5 < x.min() < 6.4 and 9.6 < x.max() < 10.5
    else:
        assert 4.6 < x.min() < 5.7 and 10.3 < x.max() < 11.4
        assert -3.4 < y.min() < -2.3 and 2.3 < y.max() < 3.4


def test_results_stay_between_0_and_1() -> None:
    config = replace(BUSY, brightness=0.9, contrast=0.9)
    result = make_views(pixels(64), keys=KEYS, views=every(1), config=config)
    assert result.min() == 0 and result.max() == 1


def test_a_blend_is_a_weighted_mean_of_both_images() -> None:
    white = torch.full((64, 3, 4, 4), 255, dtype=torch.uint8)
    config = ViewConfig(count=1, blends=1, blend_low=0.3)
    weights = make_views(
        white, keys=KEYS, views=every(1), config=config, partners=torch.zeros_like(white)
    )[:, 0, 0, 0]
    assert 0.3 <= weights.min() < 0.35 and 0.65 < weights.max() <= 0.7
    images, partners = pixels(64), pixels(64, seed=1)
    config = replace(config, flip=False)
    result = make_views(images, keys=KEYS, views=every(1), config=config, partners=partners)
    a, b, w = images / 255, partners / 255, weights[:, None, None, None]
    torch.testing.assert_close(result, w * a + (1 - w) * b)


def test_both_images_of_a_blend_are_seen_anew_and_apart() -> None:
    images = pixels(1).expand(64, -1, -1, -1)
    config = ViewConfig(count=1, blends=1)
    result = make_views(images, keys=KEYS, views=every(1), config=config, partners=images)
    unblended = (result - images / 255).abs().flatten(1).amax(1) < 1e-6
    mirrored = (result - images.flip(3) / 255).abs().flatten(1).amax(1) < 1e-6
    # Both kept, both mirrored, and (half of the time) one of each.
    assert 4 < unblended.sum() < 32 and 4 < mirrored.sum() < 32
    assert 16 < (~unblended & ~mirrored).sum() < 48


def test_partners_are_other_candidates_drawn_evenly() -> None:
    rows, candidates = np.repeat(np.arange(4), 16), np.array([0, 1, 2, 3])
    config = ViewConfig(blends=8)
    found = [
        blend_partners(
            rows, every(view), KEYS, candidates=candidates, images=IMAGES, config=config, seed=0
        )
        for view in range(1, 9)
    ]
    for partners in found:
        assert (partners != rows).all()
    assert np.bincount(np.concatenate(found), minlength=4).min() > 80  # of 512, 128 each


def test_partners_are_the_images_themselves_where_nothing_is_blended() -> None:
    rows = np.arange(64)
    config = ViewConfig(count=2, blends=1)
    views = np.arange(64) % 3
    partners = blend_partners(
        rows, views, KEYS, candidates=rows, images=IMAGES, config=config, seed=0
    )
    np.testing.assert_array_equal(partners == rows, views < 2)


def test_a_lone_candidate_is_its_own_partner() -> None:
    rows = np.array([7])
    config = ViewConfig(blends=1)
    partners = blend_partners(
        rows, every(1, 1), KEYS[:1], candidates=rows, images=IMAGES, config=config, seed=0
    )
    assert partners.tolist() == [7]


def test_the_fingerprint_changes_with_every_setting_and_the_seed() -> None:
    configs = [
        ViewConfig(),
        ViewConfig(count=2),
        ViewConfig(blends=1),
        ViewConfig(flip=False),
        ViewConfig(rotate_degrees=1.0),
        ViewConfig(zoom=0.1),
        ViewConfig(shift=0.1),
        ViewConfig(brightness=0.1),
        ViewConfig(contrast=0.1),
        ViewConfig(blend_low=0.4),
        ViewConfig(swap_colours=0.1),
    ]
    prints = {view_fingerprint(config, seed) for config in configs for seed in (0, 1)}
    assert len(prints) == 22
    assert view_fingerprint(ViewConfig(), 0) == view_fingerprint(ViewConfig(), 0)


def test_colours_are_dealt_anew_in_their_share_of_views_and_no_pixel_moves() -> None:
    images = pixels(1).expand(64, -1, -1, -1)
    for share in (0.0, 0.5, 1.0):
        config = ViewConfig(count=40, flip=False, swap_colours=share)
        seen = torch.cat(
            [make_views(images, keys=KEYS, views=every(v), config=config) for v in range(1, 40)]
        )
        sorted_colours = (images[:1] / 255).sort(dim=1).values
        assert torch.equal(seen.sort(dim=1).values, sorted_colours.expand_as(seen))
        ways, counts = torch.unique(seen, dim=0, return_counts=True)
        assert len(ways) == (6 if share else 1)
        # one deal of six leaves colours where they are
        kept = (seen == images[:1] / 255).flatten(1).all(1).float().mean()
        assert kept == pytest.approx(1 - share * 5 / 6, abs=0.03)
        assert share < 1 or counts.min() > 0.8 * counts.max()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 0}, "views.count must be at least 1, got 0"),
        ({"blends": -1}, "views.blends must be at least 0, got -1"),
        ({"rotate_degrees": 181}, r"views.rotate_degrees must be in \[0, 180\], got 181"),
        ({"zoom": 1.0}, r"views.zoom must be in \[0, 1\), got 1.0"),
        ({"shift": -0.1}, r"views.shift must be in \[0, 1\), got -0.1"),
        ({"brightness": float("nan")}, r"views.brightness must be in \[0, 1\), got nan"),
        ({"contrast": 2.0}, r"views.contrast must be in \[0, 1\), got 2.0"),
        ({"swap_colours": 1.5}, r"views.swap_colours must be in \[0, 1\], got 1.5"),
        ({"blend_low": 0.6}, r"views.blend_low must be in \[0, 0.5\], got 0.6"),
    ],
)
def test_refuses_settings_that_cannot_be(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ViewConfig(**settings)


@pytest.mark.parametrize(
    ("images", "views", "partners", "message"),
    [
        (pixels(2) / 255, every(1, 2), None, "images must be uint8, got torch.float32"),
        (pixels(2)[:, :1], every(1, 2), None, r"images must be \(B, 3, S, S\)"),
        (pixels(2)[..., :5], every(1, 2), None, r"images must be \(B, 3, S, S\)"),
        (pixels(2), every(1, 3), None, r"views must be \(2,\) like images"),
        (pixels(2), every(6, 2), None, "views must be in 0 .. 5, got 6 to 6"),
        (pixels(2), every(-1, 2), None, "views must be in 0 .. 5, got -1 to -1"),
        (pixels(2), every(4, 2), None, "blended views need partners .* got none"),
        (pixels(2), every(4, 2), pixels(1), "blended views need partners"),
    ],
)
def test_refuses_what_cannot_be_seen(
    images: Tensor, views: np.ndarray, partners: Tensor | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make_views(images, keys=KEYS[:2], views=views, config=BUSY, partners=partners)
