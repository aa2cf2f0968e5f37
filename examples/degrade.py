"""See what a student sees: one image at several sides, each degraded in several ways.

Type    python examples/degrade.py photo.jpg strip.png [--sides 8 16 32]
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from lookmore.data.images import read_image
from lookmore.data.pack import content_key
from lookmore.data.square import to_square
from lookmore.degradation import DegradationConfig, degrade

SHARP, TILE = 112, 112  # pixels: the sharp image, and each tile of the strip
WAYS = {
    "bicubic": {},
    "blur": {"blur_sigma": (0.8, 0.8)},
    "noise": {"noise_std": (0.05, 0.05)},
    "mosaic": {"mosaic_share": 1.0},
    "jpeg": {"jpeg_quality": (50, 50)},
}


def tile(pixels: torch.Tensor) -> np.ndarray:
    """Return ``(TILE, TILE, 3)`` uint8 with every pixel of ``(3, s, s)`` in [0, 1] as a block."""
    small = (pixels * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return np.asarray(Image.fromarray(small).resize((TILE, TILE), Image.Resampling.NEAREST))


def strip(path: Path, sides: list[int]) -> np.ndarray:
    """Return one row for each way to degrade: the sharp image, then each side."""
    square = to_square(read_image(path), side=SHARP, fit="crop")
    high = square[None].float() / 255
    keys = np.array([content_key(square)], dtype=np.uint64)
    rows = []
    for settings in WAYS.values():
        tiles = [tile(high[0])]
        for side in sides:
            config = DegradationConfig(side=side, **settings)
            tiles.append(tile(degrade(high, config=config, keys=keys, views=np.array([0]))[0]))
        rows.append(np.concatenate(tiles, axis=1))
    return np.concatenate(rows)


def main() -> None:
    """Write the strip and say what is in it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("out", type=Path, help="PNG to write")
    parser.add_argument("--sides", type=int, nargs="+", default=[8, 12, 16, 24, 32])
    args = parser.parse_args()
    Image.fromarray(strip(args.image, args.sides)).save(args.out)
    print(f"{args.out}: columns sharp, {', '.join(f'{side} px' for side in args.sides)};")
    print(f"rows {', '.join(WAYS)}")


if __name__ == "__main__":
    main()
