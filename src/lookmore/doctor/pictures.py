"""The pictures that shrinking is tried on: a run's own, the user's, or a drawn one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lookmore.data.config import DataConfig
from lookmore.data.images import read_image
from lookmore.data.sources import open_source
from lookmore.data.square import to_square
from lookmore.errors import DataError, LookmoreError, UnreadableImageError

_SIDE = 112
_MOST = 64


def drawn_picture(*, side: int = 16) -> npt.NDArray[np.uint8]:
    """Return a picture with all that shrinking can go wrong on.

    Rings that grow finer from the middle outwards, a slope of colours, a disc and a bar with
    sharp edges. Finer detail than photographs mostly have, so differences are larger on it.

    Args:
        side: To which it will be shrunk, in pixels.

    Returns:
        ``(S, S, 3)`` uint8 RGB, the same every time: 112 pixels a side, four times ``side`` where
        112 could not be shrunk to it.
    """
    own = _SIDE if side < _SIDE else 4 * side
    down, along = np.mgrid[0:own, 0:own] / (own - 1)
    radius = np.hypot(down - 0.5, along - 0.5)
    rings = 0.5 + 0.5 * np.cos(110 * radius**2)
    red, green, blue = 0.2 + 0.6 * along, 0.2 + 0.6 * down, 0.8 - 0.5 * along
    shade = 0.4 + 0.6 * rings
    colours = np.stack([red * shade, green * shade, blue * shade], axis=2)
    colours[np.hypot(down - 0.25, along - 0.25) < 0.12] = (0.95, 0.9, 0.2)
    colours[(np.abs(along - 0.78) < 0.04) & (down > 0.55)] = (0.05, 0.05, 0.1)
    return np.round(255 * colours).astype(np.uint8)


def given_pictures(paths: Sequence[Path], *, side: int) -> list[npt.NDArray[np.uint8]]:
    """Return pictures of the user's, the centre square of each.

    Args:
        paths: Image files.
        side: To which they will be shrunk, in pixels.

    Returns:
        ``(S, S, 3)`` uint8 each, ``S`` above ``side``.

    Raises:
        UnreadableImageError: Naming the first that cannot be read.
        DataError: Naming the first that is too small to be shrunk.
    """
    found = []
    for path in paths:
        image = read_image(path)
        shorter = min(image.shape[1:])
        if shorter <= side:
            raise DataError(
                f"{path} cannot be shrunk to {side} px: its shorter side has {shorter}; give a "
                "larger picture"
            )
        square = to_square(image, side=shorter, fit="crop")
        found.append(np.ascontiguousarray(square.permute(1, 2, 0).numpy()))
    return found


def pictures_of(config: DataConfig) -> tuple[list[npt.NDArray[np.uint8]], str]:
    """Return some of a run's images, at the side it trained with, spread over all of them.

    Args:
        config: The run's ``data``.

    Returns:
        At most 64, ``(S, S, 3)`` uint8 each; and why there are none, empty where there are some.
    """
    try:
        source = open_source(config)
    except LookmoreError as error:
        return [], str(error)
    found = []
    for row in np.unique(np.linspace(0, len(source.ids) - 1, _MOST).round().astype(int)):
        try:
            square = to_square(source.read(int(row)), side=config.side, fit=config.fit)
        except UnreadableImageError:
            continue  # data check lists these
        found.append(np.ascontiguousarray(square.permute(1, 2, 0).numpy()))
    return found, "" if found else "none of the run's images can be read"
