"""Gaussian blur, folded into the matrices that resize."""

import numpy as np
import torch
from torch import Tensor


def blur_first(matrices: Tensor, *, sigmas: np.ndarray) -> Tensor:
    """Return matrices that blur a line of pixels before they resize it.

    At the border the Gaussian is cut and its weights divided by what is left of them, so an
    even image stays even. Blurring the matrix costs far less than blurring the image.

    Args:
        matrices: ``(B, s, S)`` float32 on the CPU, from ``resize_matrix``.
        sigmas: ``(B,)`` standard deviations in pixels of the old line; 0 is no blur.

    Returns:
        ``(B, s, S)`` float32, row sums as before.

    Example:
        >>> blur_first(torch.eye(3)[None], sigmas=np.array([0.6]))
        tensor([[[0.7979, 0.1990, 0.0031],
                 [0.1664, 0.6672, 0.1664],
                 [0.0031, 0.1990, 0.7979]]])
    """
    side = matrices.shape[-1]
    (rows,) = np.nonzero(sigmas > 0)
    # 0.01 is no blur either (a neighbour's weight is exp(-5000)), and cannot overflow below.
    distances = np.arange(1 - side, side) / np.maximum(sigmas[rows, None], 0.01)
    weights = np.exp(-0.5 * distances**2)
    sums = np.cumsum(np.pad(weights, ((0, 0), (1, 0))), axis=1)
    left = torch.from_numpy(sums[:, side:] - sums[:, :side]).float()  # (R, S), within the border
    lines = torch.from_numpy(weights).float().unfold(1, side, 1)  # (R, S, S), from the last pixel
    blurring = matrices.clone()
    with torch.autocast("cpu", enabled=False):
        for place, row in enumerate(rows.tolist()):  # not at once: see resample
            blurring[row] = (matrices[row] / left[place]) @ lines[place].flip(0)
    return blurring
