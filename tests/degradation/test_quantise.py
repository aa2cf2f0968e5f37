"""to_eight_bits: the nearest of the 256 levels."""

import torch

from lookmore.degradation.quantise import to_eight_bits


def test_takes_the_nearest_level() -> None:
    images = torch.rand(1000, generator=torch.Generator().manual_seed(0))
    levels = torch.arange(256) / 255
    nearest = levels[(images[:, None] - levels).abs().argmin(1)]
    assert torch.equal(to_eight_bits(images), nearest)


def test_levels_stay_exactly_where_they_are() -> None:
    levels = torch.arange(256) / 255
    assert torch.equal(to_eight_bits(levels), levels)


def test_the_argument_is_kept() -> None:
    images = torch.tensor([0.3])
    to_eight_bits(images)
    assert images.item() == torch.tensor(0.3).item()
