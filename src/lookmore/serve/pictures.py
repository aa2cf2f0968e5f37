"""What a client sent becomes a square of few pixels, and a picture to show."""

import base64
import io
import threading
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from lookmore.checkpoint.recogniser import Recogniser
from lookmore.data.images import read_image
from lookmore.data.square import to_square
from lookmore.degradation.quantise import to_eight_bits
from lookmore.degradation.resize import shrink

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""Pillow decodes these by itself; others, such as EPS, it hands to programs."""

WIDEST = 512
"""Pixels a side of what is kept of an image."""

_AT_ONCE = 4  # images of many pixels that are held in memory, decoded, at one time

Pixels = NDArray[np.uint8]


class Probe(NamedTuple):
    """An image as it is asked about: a square of pixels, and what the student makes of it."""

    pixels: Pixels
    """``(side, side, 3)`` uint8 RGB: what the teacher is shown, scaled up; 512 a side at most."""

    seen: Pixels
    """The same as the student's network sees it."""

    side: int
    """Of the probe, in pixels."""

    own_side: int
    """Of the square that was cut out of the image, before it was shrunk, in pixels."""


class Darkroom:
    """Decodes what strangers send, few at a time.

    Args:
        student: Knows how an image becomes square, and what its network is shown.
        max_pixels: Of one image; its header is asked before anything is decoded.
    """

    def __init__(self, student: Recogniser, *, max_pixels: int) -> None:
        self._student, self._max_pixels = student, max_pixels
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def develop(self, data: bytes, *, name: str, side: int | None = None) -> Probe:
        """Return an image as a probe.

        Args:
            data: Content of an image file.
            name: What to call it in errors.
            side: Of the probe, in pixels: shrunk as probes are in reports (antialiased bicubic,
                rounded to 8 bits), where the image has more; ``None`` = all its pixels.

        Raises:
            UnreadableImageError: If it is no image of a known format, damaged, or too large.
        """
        with self._places:
            pixels = read_image(data, name=name, max_pixels=self._max_pixels, formats=FORMATS)
            fit = self._student.artefact.fit
            height, width = pixels.shape[1:]
            own = min(height, width) if fit == "crop" else max(height, width)
            square = to_square(pixels, side=min(own, WIDEST), fit=fit)
            if side is not None and side < own:
                probe = shrunk(as_pixels(square), side)
                return Probe(probe, self._student.see(probe).pixels, side, own)
            seen = self._student.see(as_pixels(pixels)).pixels
            return Probe(as_pixels(square), seen, own, own)

    def thumbnail(self, path: Path, *, side: int) -> bytes:
        """Return an image of the gallery as a small PNG file.

        Args:
            path: As the gallery names it; never a client's word.
            side: Most pixels a side.

        Raises:
            UnreadableImageError: If it is no longer there, or damaged.
        """
        with self._places:
            pixels = read_image(path, max_pixels=self._max_pixels, formats=FORMATS)
            own = min(pixels.shape[1:])
            square = to_square(pixels, side=min(own, side), fit=self._student.artefact.fit)
            return png(as_pixels(square))


def shrunk(pixels: Pixels, side: int) -> Pixels:
    """Return ``(S, S, 3)`` pixels with ``side`` a side, as probes are made; fewer stay fewer."""
    if len(pixels) <= side:
        return pixels
    square = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    small = to_eight_bits(shrink(square, side=side, kernel="bicubic"))[0]
    return as_pixels((small * 255).round().to(torch.uint8))


def as_pixels(image: Tensor) -> Pixels:
    """Return ``(H, W, 3)`` uint8 of ``(3, H, W)`` uint8."""
    return np.ascontiguousarray(image.permute(1, 2, 0).numpy())


def png(pixels: Pixels) -> bytes:
    """Return pixels as a PNG file, which changes none of them."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def data_url(pixels: Pixels) -> str:
    """Return pixels as text that a page can show."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode("ascii")
