"""Fewer pixels, or more: every way of resizing as one small matrix, used on rows and columns."""

import torch
import torch.nn.functional as F
from torch import Tensor

KERNELS = ("bicubic", "bilinear", "area", "nearest")


def shrink(high: Tensor, *, side: int, kernel: str) -> Tensor:
    """Return the images with fewer pixels.

    Args:
        high: ``(B, 3, S, S)`` float32 in [0, 1].
        side: Of the result, in pixels, at most ``S``; ``S`` itself changes nothing.
        kernel: ``"bicubic"`` and ``"bilinear"`` widen with the factor (no aliasing), ``"area"``
            is the mean over the square that a new pixel covers, ``"nearest"`` takes the pixel
            under its centre.

    Returns:
        ``(B, 3, side, side)`` float32 in [0, 1] (bicubic overshoot is cut off).

    Raises:
        ValueError: If ``high`` has another shape or is smaller than ``side``, or the kernel is
            unknown.
    """
    check_square(high, name="high")
    if not 0 < side <= high.shape[-1]:
        raise ValueError(f"side must be 1 to {high.shape[-1]} like the images, got {side}")
    if side == high.shape[-1]:
        return high.clamp(0, 1)
    matrix = resize_matrix(high.shape[-1], side, kernel=kernel)
    return resample(high, matrix.expand(len(high), -1, -1))


def enlarge(low: Tensor, *, side: int) -> Tensor:
    """Return the images with more pixels, bicubic between them.

    Args:
        low: ``(B, 3, s, s)`` float32 in [0, 1].
        side: Of the result, in pixels, at least ``s``; ``s`` itself changes nothing.

    Returns:
        ``(B, 3, side, side)`` float32 in [0, 1] (overshoot is cut off).

    Raises:
        ValueError: If ``low`` has another shape or is larger than ``side``.
    """
    check_square(low, name="low")
    if side < low.shape[-1]:
        raise ValueError(f"side must be {low.shape[-1]} like the images or more, got {side}")
    if side == low.shape[-1]:
        return low.clamp(0, 1)
    matrix = resize_matrix(low.shape[-1], side, kernel="bicubic")
    return resample(low, matrix.expand(len(low), -1, -1))


def check_square(images: Tensor, *, name: str) -> None:
    """Raise ValueError if the images are not ``(B, 3, S, S)`` floating point."""
    if images.ndim != 4 or images.shape[1] != 3 or images.shape[2] != images.shape[3]:
        raise ValueError(f"{name} must be (B, 3, S, S), got {tuple(images.shape)}")
    if not images.is_floating_point():
        raise ValueError(f"{name} must be floating point in [0, 1], got {images.dtype}")


def resize_matrix(old: int, new: int, *, kernel: str) -> Tensor:
    """Return the weights of ``old`` pixels in a line for each of ``new`` pixels.

    Returns:
        ``(new, old)`` float32, every row sums to 1.

    Raises:
        ValueError: If the kernel is unknown.

    Example:
        >>> resize_matrix(3, 2, kernel="area")
        tensor([[0.6667, 0.3333, 0.0000],
                [0.0000, 0.3333, 0.6667]])
    """
    if kernel == "nearest":
        under = ((torch.arange(new, dtype=torch.float64) + 0.5) * old / new).long()
        return F.one_hot(under, old).float()
    if kernel == "area":
        edges = torch.arange(new + 1, dtype=torch.float64)[:, None] * old / new
        # How much of each old pixel lies to the left of an edge; the rest is subtraction.
        left = (edges - torch.arange(old)).clamp(0, 1)
        return ((left[1:] - left[:-1]) * new / old).float()
    if kernel not in ("bicubic", "bilinear"):
        raise ValueError(f"kernel must be one of {', '.join(KERNELS)}, got {kernel!r}")
    # A line of old pixels, one of them lit: resizing all such lines shows every weight.
    lines = torch.eye(old, dtype=torch.float64)[None, None]
    return F.interpolate(lines, size=(new, old), mode=kernel, antialias=True)[0, 0].float()


def resample(images: Tensor, matrices: Tensor) -> Tensor:
    """Return each image with its matrix applied down the columns and along the rows.

    Args:
        images: ``(B, 3, S, S)`` floating point.
        matrices: ``(B, s, S)`` float32.

    Returns:
        ``(B, 3, s, s)`` float32 clamped to [0, 1], on the device of ``images``.
    """
    matrices = matrices.to(images.device)
    with torch.autocast(images.device.type, enabled=False):
        if images.device.type != "cpu":
            # In float64, because float32 products may be set to 10-bit TF32 there.
            wide = matrices.double()[:, None]
            return (wide @ images.double() @ wide.mT).float().clamp_(0, 1)
        # One image at a time: a product of the whole batch sums in an order that depends on
        # its size (seen with 96 -> 7 pixels), and a last bit can tip the rounding to 8 bits.
        side = matrices.shape[1]
        low = torch.empty(len(images), 3 * side, side)
        for row, image, matrix in zip(low, images.float(), matrices, strict=True):
            torch.mm((matrix @ image).flatten(0, 1), matrix.T, out=row)
        return low.clamp_(0, 1).view(len(images), 3, side, side)
