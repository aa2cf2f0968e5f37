"""One image file, whatever its format, becomes an upright 8-bit RGB tensor."""

import io
import threading
import warnings
from pathlib import Path
from typing import BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from lookmore.errors import UnreadableImageError

MAX_PIXELS = 64_000_000

ImageSource: TypeAlias = str | Path | bytes | Image.Image | npt.NDArray[np.uint8]

# Pillow's bomb check warns where we refuse, and filters belong to the whole process: one
# thread at a time may change them.
_FILTERS = threading.Lock()


def read_image(
    source: ImageSource,
    *,
    name: str = "",
    max_pixels: int = MAX_PIXELS,
    formats: tuple[str, ...] | None = None,
) -> Tensor:
    """Return an image as pixels, upright and in colour, whatever it was stored as.

    Turned as its EXIF says; grey repeated in three channels; transparency laid on white;
    16-bit grey divided by 257 and rounded (Pillow itself drops the low byte of 16-bit
    colour); CMYK converted without its colour profile; of an animation, the first frame.

    Args:
        source: A path, the bytes of a file, a Pillow image, or pixels: ``(H, W)`` grey or
            ``(H, W, 3)`` RGB, uint8.
        name: What to call the image in errors; empty: its path, or "the given image".
        max_pixels: Most pixels of an image file.
        formats: Of image files, as Pillow calls them (``"PNG"``); ``None`` = all it knows, of
            which some, such as ``"EPS"``, are read by other programs: not for strangers' files.

    Returns:
        ``(3, H, W)`` uint8 RGB.

    Raises:
        UnreadableImageError: If the file is missing, empty, damaged, not an image, without a
            stated range of values, or above ``max_pixels``, which its header tells before
            anything is decoded.
        ValueError: If an array is not ``(H, W)`` or ``(H, W, 3)`` uint8.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, Image.Image):
        return _decode(source, name=name or "the given image", most=max_pixels)
    if isinstance(source, bytes):
        name, size = name or "the given image", len(source)
        inside = io.BytesIO(source)
        return _from_stream(inside, size=size, name=name, most=max_pixels, formats=formats)
    path = Path(source)
    name = name or str(path)
    try:
        if not path.exists():
            raise UnreadableImageError(f"{name} cannot be read: there is no such file")
        if not path.is_file():  # opening a pipe would wait for ever
            raise UnreadableImageError(f"{name} cannot be read: it is not a file")
        with path.open("rb") as stream:
            size = path.stat().st_size
            return _from_stream(stream, size=size, name=name, most=max_pixels, formats=formats)
    except OSError as error:
        raise UnreadableImageError(f"{name} cannot be read: {_reason(error)}") from error


def _from_array(pixels: npt.NDArray[np.uint8]) -> Tensor:
    fits = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] == 3)
    if not fits or pixels.dtype != np.uint8 or pixels.size == 0:
        raise ValueError(
            "pixels must have shape (H, W) or (H, W, 3) and be uint8, "
            f"got {pixels.shape} {pixels.dtype}"
        )
    colour = pixels if pixels.ndim == 3 else np.stack([pixels] * 3, axis=2)
    return torch.from_numpy(np.array(colour.transpose(2, 0, 1), order="C"))


def _from_stream(
    stream: BinaryIO, *, size: int, name: str, most: int, formats: tuple[str, ...] | None
) -> Tensor:
    if size == 0:
        raise UnreadableImageError(f"{name} cannot be read: it is empty (0 bytes)")
    try:
        with _FILTERS, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(stream, formats=formats)
    except Image.DecompressionBombError as error:
        raise UnreadableImageError(f"{name} cannot be read: {_too_large(most)}") from error
    except UnidentifiedImageError as error:
        known = "an image of a known format" if formats is None else f"one of {', '.join(formats)}"
        raise UnreadableImageError(f"{name} cannot be read: it is not {known}") from error
    except Exception as error:  # damaged headers raise nearly anything in Pillow's plugins
        raise UnreadableImageError(f"{name} cannot be read: {_reason(error)}") from error
    with image:
        return _decode(image, name=name, most=most)


def _decode(image: Image.Image, *, name: str, most: int) -> Tensor:
    if image.width * image.height > most:
        raise UnreadableImageError(
            f"{name} cannot be read: {_too_large(most)}, it states {image.width} x {image.height}"
        )
    try:
        image.load()
        colour = np.array(_in_colour(_upright(image)))
    except Exception as error:  # damaged data raise nearly anything in Pillow's plugins
        raise UnreadableImageError(f"{name} cannot be read: {_reason(error)}") from error
    return _from_array(colour)


def _upright(image: Image.Image) -> Image.Image:
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged EXIF says nothing about the pixels
        return image
    return ImageOps.exif_transpose(image) if orientation in range(2, 9) else image


def _in_colour(image: Image.Image) -> Image.Image:
    """Return the image in mode RGB."""
    if image.mode == "F":
        raise ValueError("its values are floating-point, of unknown range; save it with 8 bits")
    if image.mode == "I" or image.mode.startswith("I;16"):
        deep = np.asarray(image).astype(np.int64)
        if deep.min() < 0 or deep.max() > 65535:
            raise ValueError("its values go beyond 16 bits; save it with 8 or 16 bits")
        image = Image.fromarray(((deep + 128) // 257).astype(np.uint8))
    elif image.has_transparency_data:
        paper = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(paper, image.convert("RGBA"))
    return image.convert("RGB")


def _too_large(most: int) -> str:
    return f"it has more than {most:,} pixels"


def _reason(error: Exception) -> str:
    """Return what went wrong in one line; an OSError's own words without its path."""
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(words.split()) or type(error).__name__
