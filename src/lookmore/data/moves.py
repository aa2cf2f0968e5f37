"""Moving pictures about: mirror, turn, enlarge and shift, all in one resampling."""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor


class Moves(NamedTuple):
    """What happens to each image of a batch, in this order, about its middle."""

    mirrored: np.ndarray
    """``(B,)`` bool: left and right change places."""

    turn: np.ndarray
    """``(B,)`` radians, counter-clockwise as seen."""

    zoom: np.ndarray
    """``(B,)`` factor, above 1 enlarges."""

    right: np.ndarray
    """``(B,)`` shift to the right, in fractions of the side."""

    down: np.ndarray
    """``(B,)`` shift downwards, in fractions of the side."""


def maps_back(moves: Moves) -> Tensor:
    """Return, for each image, the map from a place in the moved image to one in the original.

    Returns:
        ``(B, 2, 3)`` float32: (x, y, 1) to (x, y), both axes from -1 (left, top edge) to 1.
    """
    cos, sin = np.cos(moves.turn) / moves.zoom, np.sin(moves.turn) / moves.zoom
    x, y = 2 * moves.right, 2 * moves.down
    mirror = np.where(moves.mirrored, -1.0, 1.0)
    # y points down, so the way back of a counter-clockwise turn is the textbook's turn matrix.
    to_x = np.stack([mirror * cos, -mirror * sin, mirror * (sin * y - cos * x)], axis=1)
    to_y = np.stack([sin, cos, -sin * x - cos * y], axis=1)
    return torch.from_numpy(np.stack([to_x, to_y], axis=1)).float()


def moved(images: Tensor, maps: Tensor) -> Tensor:
    """Return the images after their moves; what comes into sight repeats the border.

    Args:
        images: ``(B, 3, S, S)`` float32.
        maps: ``(B, 2, 3)`` float32 from ``maps_back``, on the same device.

    Returns:
        ``(B, 3, S, S)`` float32, bilinear between pixels; each row depends on its own image
        and map only.
    """
    grids = _grids(maps, side=images.shape[-1])
    return F.grid_sample(images, grids, padding_mode="border", align_corners=False)


def _grids(maps: Tensor, *, side: int) -> Tensor:
    """Return ``(B, S, S, 2)`` sampling places of ``(B, 2, 3)`` maps.

    ``F.affine_grid`` means the same, but takes many times as long on the CPU.
    """
    centres = (torch.arange(side, device=maps.device) * 2 + 1) / side - 1
    grids = maps.new_empty(len(maps), side, side, 2)
    for axis in (0, 1):
        along_x = maps[:, axis, 0, None] * centres
        along_y = maps[:, axis, 1, None] * centres + maps[:, axis, 2, None]
        grids[..., axis] = along_y[:, :, None] + along_x[:, None, :]
    return grids
