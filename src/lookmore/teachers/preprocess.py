"""From a sharp image in [0, 1] to what one teacher wants to see: box, side, colours, scale."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

import torch.nn.functional as F
from torch import Tensor

from lookmore.errors import ConfigError

Box = tuple[float, float, float, float]
Triple = tuple[float, float, float]

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

# dlib's 150 px chip inside a 112 px ArcFace-aligned face. Both templates are upright, so a scale
# and a shift map one onto the other: ArcFace's eyes have the mid-point (55.9, 51.6) and the
# distance 35.2 in 112 px, dlib's (74.0, 47.1) and 52.6 in 150 px. The box ends 8 px below the
# image.
_ARCFACE_PER_DLIB = 35.2 / 52.6
ARCFACE_TO_DLIB_BOX: Box = (
    (55.9 - 74.0 * _ARCFACE_PER_DLIB) / 112,
    (51.6 - 47.1 * _ARCFACE_PER_DLIB) / 112,
    (55.9 + (150 - 74.0) * _ARCFACE_PER_DLIB) / 112,
    (51.6 + (150 - 47.1) * _ARCFACE_PER_DLIB) / 112,
)


@dataclass(frozen=True, kw_only=True)
class Preprocess:
    """What happens to an image before a teacher's network sees it.

    Call it with ``(B, 3, S, S)`` floating point RGB in [0, 1]; it returns
    ``(B, 3, side, side)`` of the same type. The box is cut out first, on whole pixels: its
    corner and its extent are rounded, so that a square box stays square. Where it leaves the
    image, the nearest edge pixel is repeated. Then antialiased bicubic resizing, if the size
    differs, back into [0, 1]; the colour order; ``(x - mean) / std``.

    Raises:
        ConfigError: On creation, for values that cannot be.
        ValueError: When called with something that is not such a batch of images.

    Example:
        >>> import torch
        >>> centre = Preprocess(side=1, box=(0.25, 0.25, 0.75, 0.75), mean=(0.5, 0.5, 0.5))
        >>> images = torch.zeros(1, 3, 4, 4)
        >>> images[..., 1:3, 1:3] = 1.0
        >>> centre(images).flatten()
        tensor([0.5000, 0.5000, 0.5000])
    """

    side: int
    """Height and width of the network's input, in pixels."""

    box: Box = WHOLE
    """Left, top, right, bottom, in fractions of the image's side; may reach beyond the image."""

    mean: Triple = (0.0, 0.0, 0.0)
    """Subtracted from each channel on the [0, 1] scale, in the network's colour order."""

    std: Triple = (1.0, 1.0, 1.0)
    """Each channel is then divided by this, on the [0, 1] scale, in the network's order."""

    order: Literal["rgb", "bgr"] = "rgb"
    """The network's colour order."""

    def __post_init__(self) -> None:
        if self.side < 1:
            raise ConfigError(f"a teacher's side must be at least 1 pixel, got {self.side}")
        check_box(self.box)
        check_triple("mean", self.mean)
        check_triple("std", self.std)
        check_order(self.order)

    def __call__(self, images: Tensor) -> Tensor:
        """Return ``(B, 3, side, side)`` for ``(B, 3, S, S)`` RGB in [0, 1]."""
        if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
            raise ValueError(
                f"images must be floating point of shape (B, 3, S, S), got {images.dtype} "
                f"{tuple(images.shape)}"
            )
        cut = _cut(images, self.box)
        if cut.shape[-2:] != (self.side, self.side):
            size = (self.side, self.side)
            cut = F.interpolate(cut, size, mode="bicubic", antialias=True).clamp(0.0, 1.0)
        if self.order == "bgr":
            cut = cut.flip(1)
        mean, std = (cut.new_tensor(values).view(3, 1, 1) for values in (self.mean, self.std))
        return (cut - mean) / std

    def as_dict(self) -> dict[str, Any]:
        """Return plain values that JSON can hold; ``from_dict`` takes them back."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make the preprocessing that ``as_dict`` described."""
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
        }
        return cls(**plain)


def _cut(images: Tensor, box: Box) -> Tensor:
    """Return the box of every image, edges repeated where it reaches outside."""
    height, width = images.shape[-2:]
    left, top = round(box[0] * width), round(box[1] * height)
    right = left + max(1, round((box[2] - box[0]) * width))
    bottom = top + max(1, round((box[3] - box[1]) * height))
    outside = (max(0, -left), max(0, right - width), max(0, -top), max(0, bottom - height))
    if any(outside):
        images = F.pad(images, outside, mode="replicate")
    left, top = left + outside[0], top + outside[2]
    return images[..., top : bottom + outside[2], left : right + outside[0]]


def check_box(box: Box) -> None:
    """Refuse a box that is empty, endless, or shows nothing of the image."""
    if len(box) != 4 or not all(math.isfinite(edge) and -1 <= edge <= 2 for edge in box):
        raise ConfigError(
            "teacher.box must be left, top, right, bottom in fractions of the side, each between "
            f"-1 and 2, got {box}"
        )
    left, top, right, bottom = box
    if not (left < right and top < bottom and left < 1 and top < 1 and right > 0 and bottom > 0):
        raise ConfigError(
            f"teacher.box must show a part of the image (left < right, top < bottom), got {box}"
        )


def check_triple(name: str, values: Triple) -> None:
    """Refuse a mean or std that is not three usable numbers."""
    if len(values) != 3 or not all(math.isfinite(value) for value in values):
        raise ConfigError(f"teacher.{name} must be three finite numbers, got {values}")
    if name == "std" and min(values) <= 0:
        raise ConfigError(f"teacher.std must be above 0 in every channel, got {values}")


def check_order(order: str) -> None:
    """Refuse a colour order that does not exist."""
    if order not in ("rgb", "bgr"):
        raise ConfigError(f"teacher.order must be 'rgb' or 'bgr', got {order!r}")
