"""Sensor noise: Gaussian, independent in every pixel and colour."""

import numpy as np
import torch
from torch import Tensor

from lookmore.data.draws import noise


def add_noise(
    low: Tensor, *, stds: np.ndarray, keys: np.ndarray, views: np.ndarray, seed: int
) -> Tensor:
    """Return the images with noise, clamped to [0, 1].

    Args:
        low: ``(B, 3, s, s)`` float32 in [0, 1].
        stds: ``(B,)`` standard deviations on the same scale.
        keys: ``(B,)`` uint64 content keys.
        views: ``(B,)`` int64 view numbers.
        seed: Of the run.

    Returns:
        ``(B, 3, s, s)`` float32 in [0, 1]; the same noise for the same key, view and seed.
    """
    grain = noise(keys, views, shape=tuple(low.shape[1:]), name="degradation/noise", seed=seed)
    grain.mul_(torch.from_numpy(stds).float()[:, None, None, None])
    return grain.to(low.device).add_(low).clamp_(0, 1)
