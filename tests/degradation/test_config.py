"""DegradationConfig: settings that cannot be are refused by name."""

import pytest

from lookmore.degradation import DegradationConfig
from lookmore.errors import ConfigError


def test_as_it_stands_it_is_plain_bicubic_shrinking_to_16_pixels() -> None:
    config = DegradationConfig()
    assert (config.side, config.mixed_sides, config.kernels) == (16, (), ("bicubic",))
    assert config.blur_sigma == config.noise_std == (0, 0)
    assert config.jpeg_quality == (100, 100)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"side": 3}, "degradation.side must be at least 4 pixels, got 3"),
        ({"mixed_sides": (8, 2)}, r"mixed_sides must be at least 4 pixels each, got \[8, 2\]"),
        ({"kernels": ()}, r"degradation.kernels must be one or more of bicubic, .* got \[\]"),
        ({"kernels": ("cubic",)}, r"degradation.kernels must be .* got \['cubic'\]"),
        ({"blur_sigma": (1.0, 0.5)}, r"degradation.blur_sigma must be two numbers, smaller first"),
        ({"blur_sigma": (-1.0, 0.5)}, r"degradation.blur_sigma must be .* each 0 or more"),
        ({"noise_std": (0.0, 1.5)}, r"degradation.noise_std must be .* each 0 to 1, got"),
        ({"noise_std": (0.1,)}, r"degradation.noise_std must be two numbers"),
        ({"jpeg_quality": (0, 90)}, r"degradation.jpeg_quality must be .* 1 to 100, got \[0, 90\]"),
        ({"jpeg_quality": (50, 101)}, r"degradation.jpeg_quality must be .* each 1 to 100"),
        ({"chain_share": 1.1}, r"degradation.chain_share must be in \[0, 1\], got 1.1"),
        ({"mosaic_share": -0.1}, r"degradation.mosaic_share must be in \[0, 1\], got -0.1"),
    ],
)
def test_refuses_settings_that_cannot_be(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DegradationConfig(**settings)
