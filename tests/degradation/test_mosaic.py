"""One colour in each pixel: a slow float64 loop, OpenCV's own, and what must stay as it is."""

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor

from lookmore.degradation.mosaic import through_mosaic

COLOUR = ((0, 1), (1, 2))  # red, green / green, blue


def images(side: int, count: int = 4) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(side))


def colour_at(y: int, x: int, corner: int) -> int:
    return COLOUR[(y + corner // 2) % 2][(x + corner % 2) % 2]


def slowly(image: np.ndarray, corner: int) -> np.ndarray:
    """Fill in each colour with the mean of the nearest pixels that hold it, in float64."""
    side = image.shape[-1]
    found = np.empty_like(image, dtype=np.float64)
    for colour in range(3):
        for y in range(side):
            for x in range(side):
                held: dict[int, list[float]] = {}
                for v in range(max(0, y - 1), min(side, y + 2)):
                    for u in range(max(0, x - 1), min(side, x + 2)):
                        if colour_at(v, u, corner) == colour:
                            steps = abs(v - y) + abs(u - x)
                            held.setdefault(steps, []).append(float(image[colour, v, u]))
                found[colour, y, x] = image[colour, y, x] if 0 in held else np.mean(held[min(held)])
    return found


@pytest.mark.parametrize("side", [4, 7, 16])
@pytest.mark.parametrize("corner", range(4))
def test_each_colour_is_the_mean_of_the_nearest_pixels_that_hold_it(side: int, corner: int) -> None:
    low = images(side)
    found = through_mosaic(low, corners=np.full(4, corner)).double().numpy()
    for image, one in zip(low.numpy(), found, strict=True):
        np.testing.assert_allclose(one, slowly(image, corner), atol=1e-6)


def test_inside_it_is_opencvs() -> None:
    levels = (images(16) * 255).round()
    found = through_mosaic(levels / 255, corners=np.zeros(4, dtype=np.int64)) * 255
    for image, one in zip(levels.numpy(), found.numpy(), strict=True):
        raw = np.array(
            [[image[colour_at(y, x, 0), y, x] for x in range(16)] for y in range(16)],
            dtype=np.uint8,
        )
        theirs = cv2.cvtColor(raw, cv2.COLOR_BayerRGGB2RGB).transpose(2, 0, 1)
        np.testing.assert_allclose(one[:, 1:-1, 1:-1], theirs[:, 1:-1, 1:-1], atol=0.51)


def test_each_row_begins_where_it_is_told_or_stays() -> None:
    low = images(9)
    found = through_mosaic(low, corners=np.array([3, -1, 0, -1]))
    assert torch.equal(found[[1, 3]], low[[1, 3]])
    for row, corner in ((0, 3), (2, 0)):
        alone = through_mosaic(low[row : row + 1], corners=np.array([corner]))
        assert torch.equal(found[row], alone[0])
    assert torch.equal(through_mosaic(low, corners=np.full(4, -1)), low)


def test_grey_edges_get_coloured_fringes_and_even_images_stay() -> None:
    edge = torch.zeros(1, 3, 8, 8)
    edge[..., 4:] = 1
    seen = through_mosaic(edge, corners=np.array([0]))
    assert (seen.amax(dim=1) - seen.amin(dim=1)).max() > 0.4
    assert seen.min() >= 0 and seen.max() <= 1
    even = torch.full((1, 3, 8, 8), 0.3)
    assert torch.allclose(through_mosaic(even, corners=np.array([1])), even, atol=1e-7)
