"""What happens to each image: the settings' ranges become one value per view."""

from typing import NamedTuple

import numpy as np

from lookmore.data.draws import between, choice, uniform
from lookmore.degradation.config import DegradationConfig
from lookmore.degradation.mosaic import CORNERS, NO_MOSAIC


class Plan(NamedTuple):
    """One degradation for each image of a batch."""

    sides: np.ndarray
    """``(B,)`` int64: pixels to shrink to, before any resampling to the common side."""

    kernels: np.ndarray
    """``(B,)`` int64: index into ``config.kernels``."""

    sigmas: np.ndarray
    """``(B,)`` float64: blur before shrinking, in low-resolution pixels."""

    stds: np.ndarray
    """``(B,)`` float64: noise, on the [0, 1] scale."""

    corners: np.ndarray
    """``(B,)`` int64: pixel that the sensor's pattern of colours begins with, 0 to 3; -1 = none."""

    qualities: np.ndarray
    """``(B,)`` int64: of the JPEG file, 1 to 100; 100 is none."""


def draw_plan(config: DegradationConfig, *, keys: np.ndarray, views: np.ndarray, seed: int) -> Plan:
    """Return what the settings mean for each key and view; the same on every call."""

    def draw(what: str, pair: tuple[float, float]) -> np.ndarray:
        name = f"degradation/{what}"
        return between(keys, views, low=pair[0], high=pair[1], name=name, seed=seed)

    def pick(what: str, count: int) -> np.ndarray:
        return choice(keys, views, count=count, name=f"degradation/{what}", seed=seed)

    sides = np.array([config.side, *config.mixed_sides], dtype=np.int64)
    chained = uniform(keys, views, name="degradation/chained", seed=seed) < config.chain_share
    worst, best = config.jpeg_quality
    qualities = np.floor(draw("jpeg", (worst, best + 1))).astype(np.int64)
    mosaic = uniform(keys, views, name="degradation/mosaic", seed=seed) < config.mosaic_share
    return Plan(
        sides=sides[pick("side", len(sides))],
        kernels=pick("kernel", len(config.kernels)),
        sigmas=np.where(chained, draw("blur", config.blur_sigma), 0.0),
        stds=np.where(chained, draw("noise std", config.noise_std), 0.0),
        corners=np.where(chained & mosaic, pick("corner", CORNERS), NO_MOSAIC),
        qualities=np.where(chained, qualities, 100),
    )
