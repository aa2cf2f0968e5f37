"""Images of any shape are brought to one square size."""

import torch
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as transforms


def to_square(image: Tensor, *, side: int, fit: str) -> Tensor:
    """Return an image as a square of a given side.

    Args:
        image: ``(3, H, W)`` uint8.
        side: Height and width of the result, in pixels.
        fit: ``crop`` keeps the centre square, ``squash`` changes the aspect, ``pad`` keeps the
            whole image and repeats its edges on both sides.

    Returns:
        ``(3, side, side)`` uint8; the very same pixels if ``image`` has that size, otherwise
        resampled by antialiased bicubic interpolation.

    Raises:
        ValueError: If ``image`` is not ``(3, H, W)`` uint8, or ``fit`` is another word.

    Example:
        >>> to_square(torch.zeros(3, 20, 30, dtype=torch.uint8), side=10, fit="pad").shape
        torch.Size([3, 10, 10])
    """
    if image.ndim != 3 or image.shape[0] != 3 or image.dtype != torch.uint8:
        raise ValueError(
            f"image must have shape (3, H, W) and be uint8, got {tuple(image.shape)} {image.dtype}"
        )
    if fit == "crop":
        return _resized(_centre(image), side, side)
    if fit == "squash":
        return _resized(image, side, side)
    if fit == "pad":
        return _padded(image, side)
    raise ValueError(f"fit must be crop, squash or pad, got {fit!r}")


def _centre(image: Tensor) -> Tensor:
    height, width = image.shape[1:]
    shorter = min(height, width)
    top, left = (height - shorter) // 2, (width - shorter) // 2
    return image[:, top : top + shorter, left : left + shorter]


def _padded(image: Tensor, side: int) -> Tensor:
    # Shrunk before it is padded: a strip of 60,000 x 1 would otherwise become 60,000 x 60,000.
    height, width = image.shape[1:]
    longer = max(height, width)
    inner_height = max(1, round(side * height / longer))
    inner_width = max(1, round(side * width / longer))
    inner = _resized(image, inner_height, inner_width)
    rows = torch.arange(side) - (side - inner_height) // 2
    columns = torch.arange(side) - (side - inner_width) // 2
    repeated = inner[:, rows.clamp(0, inner_height - 1)]
    return repeated[:, :, columns.clamp(0, inner_width - 1)]


def _resized(image: Tensor, height: int, width: int) -> Tensor:
    if image.shape[1:] == (height, width):
        return image.contiguous()
    resized: Tensor = transforms.resize(
        image, [height, width], interpolation=InterpolationMode.BICUBIC, antialias=True
    )
    return resized
