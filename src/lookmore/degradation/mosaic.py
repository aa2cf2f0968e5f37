"""One colour in each pixel, the others filled in: what a camera's sensor makes of few pixels."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

CORNERS = 4
"""Pixels of the pattern, red, green / green, blue, that an image may begin with."""

NO_MOSAIC = -1


def through_mosaic(low: Tensor, *, corners: np.ndarray) -> Tensor:
    """Return the images as a sensor with Bayer's pattern of colours sees them.

    Each pixel keeps one colour; the two others become the mean of the nearest pixels that hold
    them, within the image. A crop of a few pixels keeps the coloured fringes that this gives to
    every edge; a large crop that is shrunk has lost them.

    Args:
        low: ``(B, 3, s, s)`` float32 in [0, 1].
        corners: ``(B,)`` integers, 0 to 3: which pixel of the pattern (red, green, green, blue) an
            image begins with; at -1 a row is returned as it is.

    Returns:
        ``(B, 3, s, s)`` float32 in [0, 1].

    Source:
        Bayer, *Color imaging array*, US patent 3,971,065, 1976; filled in by bilinear
        interpolation, the plainest of the ways that cameras use.

    Example:
        >>> even = torch.full((1, 3, 4, 4), 0.5)
        >>> bool((through_mosaic(even, corners=np.array([2])) == even).all())
        True
    """
    (places,) = np.nonzero(corners != NO_MOSAIC)
    if not len(places):
        return low
    rows = torch.from_numpy(places)
    held = _patterns(low.shape[-1], like=low)[torch.from_numpy(corners[places])]
    result = low.clone()
    filled = _spread(low[rows] * held) / _spread(held)
    result[rows] = torch.where(held > 0, low[rows], filled)
    return result


def _patterns(side: int, *, like: Tensor) -> Tensor:
    """Return ``(4, 3, side, side)``: 1 where a colour is held, for each corner to begin with."""
    pattern = torch.zeros(3, side + 1, side + 1, dtype=like.dtype, device=like.device)
    pattern[0, 0::2, 0::2] = 1
    pattern[1, 0::2, 1::2] = pattern[1, 1::2, 0::2] = 1
    pattern[2, 1::2, 1::2] = 1
    return torch.stack([pattern[:, y : y + side, x : x + side] for y in (0, 1) for x in (0, 1)])


def _spread(values: Tensor) -> Tensor:
    """Return each pixel with half of its neighbours on every side, and a quarter of those across.

    Sums of shifted images, not a convolution: those hang on the batch in the last bit.
    """
    wide = F.pad(values, (1, 1, 0, 0))
    values = values + (wide[..., :-2] + wide[..., 2:]) / 2
    tall = F.pad(values, (0, 0, 1, 1))
    return values + (tall[..., :-2, :] + tall[..., 2:, :]) / 2
