"""Rounding to the 256 levels that an image file or a camera has."""

from torch import Tensor


def to_eight_bits(images: Tensor) -> Tensor:
    """Return the images with every value at the nearest of 0, 1/255, ..., 1.

    Args:
        images: Any shape, floating point in [0, 1].

    Returns:
        Same shape and type; exactly ``level / 255``.

    Example:
        >>> import torch
        >>> (to_eight_bits(torch.tensor([0.0, 0.5, 1.0])) * 255).tolist()
        [0.0, 128.0, 255.0]
    """
    return (images * 255).round_().div_(255)
