"""How a probe loses its detail; fixed here, so that reports of two runs can be compared."""

from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lookmore.data.pack import Pack
from lookmore.data.threads import in_threads
from lookmore.degradation import DegradationConfig, degrade
from lookmore.errors import ConfigError

_BATCH = 64
_PROBE_SEED = 20_001  # parameters of test degradations are drawn apart from those of training

# Ranges: sigma in low-resolution pixels, noise on the [0, 1] scale, JPEG quality 1 to 100.
_BLUR, _NOISE, _JPEG = (0.6, 1.0), (0.03, 0.06), (40, 70)
_SETTINGS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "bicubic": {},
        "area": {"kernels": ("area",)},
        "nearest": {"kernels": ("nearest",)},
        "blur": {"blur_sigma": _BLUR},
        "noise": {"noise_std": _NOISE},
        "jpeg": {"jpeg_quality": _JPEG},
        "degraded": {
            "kernels": ("bicubic", "area", "nearest", "bilinear"),
            "blur_sigma": _BLUR,
            "noise_std": _NOISE,
            "jpeg_quality": _JPEG,
        },
        "mosaic": {"mosaic_share": 1.0},
    }
)


def probe_degradation(name: str, *, side: int) -> DegradationConfig:
    """Return the settings of a named test degradation.

    Args:
        name: ``bicubic``, ``area``, ``nearest``, ``blur``, ``noise``, ``jpeg``, ``degraded`` or
            ``mosaic``.
        side: Of the probe, in pixels.

    Returns:
        The settings.

    Raises:
        ConfigError: If the name is unknown.
    """
    if name not in _SETTINGS:
        raise ConfigError(
            f"evaluate.degradations must be among {', '.join(_SETTINGS)}, got {name!r}"
        )
    return DegradationConfig(side=side, **_SETTINGS[name])


def make_probes(pack: Pack, rows: np.ndarray, *, side: int, degradation: str) -> Tensor:
    """Return the probes of some images.

    Args:
        pack: The sharp images.
        rows: ``(B,)`` pack rows.
        side: Of the probes, in pixels; the pack's own side or more = sharp, as they are.
        degradation: Name of the test degradation; not applied to sharp images.

    Returns:
        ``(B, 3, side, side)`` float32 in [0, 1], rounded to 8 bits.
    """
    high = pack.batch(rows).to(torch.float32) / 255
    if side >= high.shape[-1]:
        return high
    return degrade(
        high,
        config=probe_degradation(degradation, side=side),
        keys=pack.keys[rows],
        views=np.zeros(len(rows), dtype=np.int64),
        seed=_PROBE_SEED,
    )


def probe_batches(
    pack: Pack, rows: np.ndarray, *, side: int, degradation: str
) -> Iterator[tuple[np.ndarray, Tensor]]:
    """Return the probes of many images, a batch at a time: its rows, and as `make_probes`."""
    parts = [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
    make = partial(make_probes, pack, side=side, degradation=degradation)
    return zip(parts, in_threads(make, parts), strict=True)
