"""JPEG artefacts, by writing real JPEG files and reading them back."""

import io

import numpy as np
import torch
from PIL import Image
from torch import Tensor


def through_jpeg(low: Tensor, *, qualities: np.ndarray) -> Tensor:
    """Return the images after a JPEG file of a quality each.

    The files are libjpeg's, colours at half resolution (4:2:0), as most files are.

    Args:
        low: ``(B, 3, s, s)`` float32 in [0, 1]; rounded to 8 bits, as a file needs it.
        qualities: ``(B,)`` integers, 1 (worst) to 99; at 100 a row is returned as it is.

    Returns:
        ``(B, 3, s, s)`` float32 in [0, 1].
    """
    (places,) = np.nonzero(qualities < 100)
    if not len(places):
        return low
    rows = torch.from_numpy(places)
    pixels = (low[rows] * 255).round_().to("cpu", torch.uint8).permute(0, 2, 3, 1).numpy()
    for image, quality in zip(pixels, qualities[places].tolist(), strict=True):
        image[:] = _read(_written(image, quality))
    result = low.clone()
    result[rows] = torch.from_numpy(pixels).permute(0, 3, 1, 2).to(low) / 255
    return result


def _written(pixels: np.ndarray, quality: int) -> io.BytesIO:
    """Return a JPEG file of ``(s, s, 3)`` uint8."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return file


def _read(file: io.BytesIO) -> np.ndarray:
    """Return the pixels of a file, ``(s, s, 3)`` uint8."""
    with Image.open(file) as image:
        return np.asarray(image)
