"""Pictures that are in two splits, written where people can look at them."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from lookmore.checkpoint.checkpoint import make_folder, write_whole
from lookmore.checkpoint.lists import write_list
from lookmore.data.leakage import Twin
from lookmore.data.pack import Pack

_SHOWN, _ACROSS, _GAP = 60, 10, 4


def write_twins(folder: Path, pack: Pack, found: Sequence[Twin]) -> None:
    """Write ``twins.csv``, one pair a line, and ``twins.png``, the first pairs one above the other.

    Args:
        folder: Where; made if missing.
        pack: The images.
        found: The pairs; where there are none, the list is empty and there is no picture.
    """
    make_folder(folder)
    heading = ("train", "split", "other", "other_split", "likeness", "mirrored")
    rows = [
        (
            pack.ids[twin.train],
            pack.splits[twin.train],
            pack.ids[twin.tried],
            pack.splits[twin.tried],
            f"{twin.likeness:.4f}",
            "yes" if twin.is_mirrored else "no",
        )
        for twin in found
    ]
    write_list(folder / "twins.csv", heading, rows)
    picture = folder / "twins.png"
    picture.unlink(missing_ok=True)
    if found:
        data = io.BytesIO()
        _sheet(pack, found[:_SHOWN]).save(data, "PNG")
        write_whole(picture, data.getvalue())


def _sheet(pack: Pack, found: Sequence[Twin]) -> Image.Image:
    side = pack.images.shape[-1]
    wide, tall = side + _GAP, 2 * side + 3 * _GAP
    across = min(len(found), _ACROSS)
    sheet = Image.new("RGB", (across * wide, -(-len(found) // _ACROSS) * tall), "white")
    for place, twin in enumerate(found):
        left, top = place % _ACROSS * wide, place // _ACROSS * tall
        for row, down in ((twin.train, 0), (twin.tried, side + _GAP)):
            pixels = np.ascontiguousarray(pack.images[row].transpose(1, 2, 0))
            sheet.paste(Image.fromarray(pixels), (left, top + down))
    return sheet
