"""What image files are, told by their headers, before any pixel is decoded."""

import warnings
from pathlib import Path
from typing import NamedTuple

from PIL import ExifTags, Image

_DEEP = ("I", "F")


class Header(NamedTuple):
    """What one image file says of itself."""

    kind: str
    """Such as ``JPEG`` or ``PNG``."""

    colours: str
    """``colour``, ``grey``, ``palette``, ``CMYK``, ``16 bits`` or ``transparent``."""

    is_turned: bool
    """Whether its EXIF asks for turning or mirroring."""

    is_animated: bool
    """Whether it has several frames."""


def read_header(path: Path) -> Header | None:
    """Return what an image file says of itself; ``None`` where that cannot be told.

    Args:
        path: Of the file; may be damaged, or no image at all.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # read_image refuses what Pillow warns about
            with Image.open(path) as image:
                turned = image.getexif().get(ExifTags.Base.Orientation, 1) in range(2, 9)
                animated = bool(getattr(image, "is_animated", False))
                return Header(image.format or "?", _colours(image), turned, animated)
    except Exception:  # damaged headers raise nearly anything in Pillow's plugins
        return None


def _colours(image: Image.Image) -> str:
    if image.mode == "CMYK":
        return "CMYK"
    if image.mode.split(";")[0] in _DEEP:
        return "16 bits"
    if image.has_transparency_data:
        return "transparent"
    return {"1": "grey", "L": "grey", "P": "palette"}.get(image.mode, "colour")
