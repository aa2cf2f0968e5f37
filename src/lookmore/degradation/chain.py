"""From sharp to low: blur, shrink, noise, mosaic, JPEG, in the order in which a camera does it."""

import numpy as np
import torch
from torch import Tensor

from lookmore.degradation.blur import blur_first
from lookmore.degradation.config import DegradationConfig
from lookmore.degradation.jpeg import through_jpeg
from lookmore.degradation.mosaic import through_mosaic
from lookmore.degradation.noise import add_noise
from lookmore.degradation.plan import Plan, draw_plan
from lookmore.degradation.quantise import to_eight_bits
from lookmore.degradation.resize import check_square, enlarge, resample, resize_matrix, shrink


def degrade(
    high: Tensor,
    *,
    config: DegradationConfig,
    keys: np.ndarray,
    views: np.ndarray,
    seed: int = 0,
) -> Tensor:
    """Return the images as a poor camera would give them.

    What is drawn for an image hangs on its key, the view number and the seed only, and each
    row is computed by itself: any view can be made again, in any order and batch.

    Args:
        high: ``(B, 3, S, S)`` float32 in [0, 1].
        config: What is done, and how strongly.
        keys: ``(B,)`` uint64 content keys of the images.
        views: ``(B,)`` int64 view numbers.
        seed: Of the run.

    Returns:
        ``(B, 3, config.side, config.side)`` float32 in [0, 1], rounded to 8 bits.

    Raises:
        ValueError: If a shape or type differs from these, or the images have fewer pixels than
            a side to shrink to.
    """
    check_square(high, name="high")
    if not len(high) == len(keys) == len(views):
        raise ValueError(
            f"keys and views must be one per image, got {len(keys)} and {len(views)} "
            f"for {len(high)} images"
        )
    largest = max((config.side, *config.mixed_sides))
    if high.shape[-1] < largest:
        raise ValueError(f"high must be {largest} pixels or more a side, got {high.shape[-1]}")
    plan = draw_plan(config, keys=keys, views=views, seed=seed)
    low = high.new_empty(len(high), 3, config.side, config.side, dtype=torch.float32)
    for side in np.unique(plan.sides).tolist():
        (places,) = np.nonzero(plan.sides == side)
        rows = torch.from_numpy(places)
        part = Plan(*(values[places] for values in plan))
        some = _shrunk(high if len(rows) == len(high) else high[rows], part, config)
        if part.stds.any():
            some = add_noise(
                some, stds=part.stds, keys=keys[places], views=views[places], seed=seed
            )
        some = through_mosaic(some, corners=part.corners)
        some = to_eight_bits(through_jpeg(some, qualities=part.qualities))
        low[rows] = some if side == config.side else to_eight_bits(_at(config.side, some))
    return low


def _shrunk(high: Tensor, plan: Plan, config: DegradationConfig) -> Tensor:
    """Return ``(B, 3, s, s)`` in [0, 1] of images that are shrunk to one side, blurred before."""
    old, new = high.shape[-1], int(plan.sides[0])
    kernels = torch.stack([resize_matrix(old, new, kernel=name) for name in config.kernels])
    matrices = kernels[torch.from_numpy(plan.kernels)]
    return resample(high, blur_first(matrices, sigmas=plan.sigmas * old / new))


def _at(side: int, low: Tensor) -> Tensor:
    """Return the images with another number of pixels, bicubic."""
    if side < low.shape[-1]:
        return shrink(low, side=side, kernel="bicubic")
    return enlarge(low, side=side)
