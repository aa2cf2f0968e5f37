"""draw_plan: every value within its range, evenly, and the shares as asked."""

import numpy as np

from lookmore.degradation import DegradationConfig
from lookmore.degradation.plan import Plan, draw_plan

KEYS = np.random.default_rng(0).integers(0, 2**64, 2000, dtype=np.uint64)
ALL = DegradationConfig(
    side=16,
    mixed_sides=(8, 24),
    kernels=("bicubic", "area"),
    blur_sigma=(0.5, 1.5),
    noise_std=(0.02, 0.06),
    jpeg_quality=(40, 43),
    mosaic_share=0.4,
    chain_share=0.75,
)


def plan(config: DegradationConfig, *, view: int = 0, seed: int = 0) -> Plan:
    return draw_plan(config, keys=KEYS, views=np.full(len(KEYS), view), seed=seed)


def test_the_default_is_the_same_for_every_image() -> None:
    drawn = plan(DegradationConfig(side=12))
    assert set(drawn.sides) == {12} and set(drawn.kernels) == {0}
    assert not drawn.sigmas.any() and not drawn.stds.any()
    assert set(drawn.qualities) == {100} and set(drawn.corners) == {-1}


def test_values_fill_their_ranges() -> None:
    drawn = plan(ALL)
    chained = drawn.sigmas > 0
    assert 0.5 <= drawn.sigmas[chained].min() < 0.52 and 1.48 < drawn.sigmas.max() <= 1.5
    assert 0.02 <= drawn.stds[chained].min() < 0.021 and 0.059 < drawn.stds.max() <= 0.06
    counts = {quality: int((drawn.qualities == quality).sum()) for quality in range(40, 44)}
    assert all(375 - 80 < count < 375 + 80 for count in counts.values())
    assert sum(counts.values()) == chained.sum()


def test_a_share_of_the_poor_views_has_a_mosaic_that_begins_anywhere() -> None:
    drawn = plan(ALL)
    seen = drawn.corners >= 0
    assert not seen[drawn.sigmas == 0].any()
    assert 0.37 < seen[drawn.sigmas > 0].mean() < 0.43
    assert np.bincount(drawn.corners[seen], minlength=4).min() > 110  # of 600, 150 each


def test_sides_and_kernels_are_equally_likely() -> None:
    drawn = plan(ALL)
    sides, counts = np.unique(drawn.sides, return_counts=True)
    assert sides.tolist() == [8, 16, 24] and counts.min() > 560  # of 2000, 667 each
    assert np.bincount(drawn.kernels).min() > 900


def test_a_share_of_the_views_is_plainly_shrunk() -> None:
    drawn = plan(ALL)
    plain = drawn.sigmas == 0
    np.testing.assert_array_equal(plain, drawn.stds == 0)
    np.testing.assert_array_equal(plain, drawn.qualities == 100)
    assert 420 < plain.sum() < 580  # of 2000, a quarter
    assert len(set(drawn.sides[plain])) == 3 and len(set(drawn.kernels[plain])) == 2


def test_views_and_seeds_draw_their_own() -> None:
    for other in (plan(ALL, view=1), plan(ALL, seed=1)):
        for one, two in zip(plan(ALL), other, strict=True):
            assert (one != two).mean() > 0.3
