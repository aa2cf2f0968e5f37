"""Stream settings: what cannot be is refused by name."""

from typing import Any

import pytest

from lookmore.errors import ConfigError
from lookmore.streams.config import StreamConfig


def test_the_defaults_are_valid() -> None:
    assert StreamConfig().backbone == "small"


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"side": -1}, "stream.side must be 0 or more, got -1"),
        ({"width": -3}, "stream.width must be 0 or more, got -3"),
        ({"dropout": 1.0}, r"stream.dropout must be in \[0, 1\), got 1.0"),
        ({"order": "grb"}, "stream.order must be rgb or bgr, got 'grb'"),
        ({"mean": (0.5,)}, r"stream.mean must be three numbers, got \(0.5,\)"),
        ({"std": (0.5, 0.0, 0.5)}, "stream.std must be above 0"),
    ],
)
def test_refuses_what_cannot_be(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        StreamConfig(**settings)
