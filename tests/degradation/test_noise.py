"""add_noise: as strong as asked, the same again, never out of range."""

import numpy as np
import pytest
import torch

from lookmore.degradation.noise import add_noise

KEYS = np.random.default_rng(0).integers(0, 2**64, 8, dtype=np.uint64)
VIEWS = np.ones(8, dtype=np.int64)


def noisy(value: float, std: float, *, seed: int = 0) -> torch.Tensor:
    low = torch.full((8, 3, 32, 32), value)
    return add_noise(low, stds=np.full(8, std), keys=KEYS, views=VIEWS, seed=seed)


def test_has_the_strength_asked_for_in_each_image() -> None:
    low = torch.full((8, 3, 32, 32), 0.5)
    stds = np.linspace(0.01, 0.08, 8)
    result = add_noise(low, stds=stds, keys=KEYS, views=VIEWS, seed=0)
    # 3072 pixels: a standard deviation is known to 1.3 %, four of which are 5 %.
    np.testing.assert_allclose(result.std((1, 2, 3)).numpy(), stds, rtol=0.06)
    np.testing.assert_allclose(result.mean((1, 2, 3)).numpy(), 0.5, atol=0.08 / 55 * 4)


def test_no_strength_is_no_change() -> None:
    assert torch.equal(noisy(0.5, 0.0), torch.full((8, 3, 32, 32), 0.5))


def test_the_same_again_and_another_for_another_seed() -> None:
    assert torch.equal(noisy(0.5, 0.1), noisy(0.5, 0.1))
    assert (noisy(0.5, 0.1) != noisy(0.5, 0.1, seed=1)).float().mean() > 0.99


def test_colours_and_images_differ() -> None:
    result = noisy(0.5, 0.1)
    assert (result[:, 0] != result[:, 1]).float().mean() > 0.99
    assert (result[0] != result[1]).float().mean() > 0.99


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_stays_within_range(value: float) -> None:
    result = noisy(value, 0.5)
    assert result.min() >= 0 and result.max() <= 1
    assert 0.4 < (result == value).float().mean() < 0.6
