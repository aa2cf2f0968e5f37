"""moved: mirrored, turned, enlarged and shifted images are where geometry puts them."""

import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates
from torch import Tensor

from lookmore.data.moves import Moves, maps_back, moved


def moves_of(
    count: int = 1,
    *,
    mirrored: bool = False,
    turn: float = 0.0,
    zoom: float = 1.0,
    right: float = 0.0,
    down: float = 0.0,
) -> Moves:
    """The same moves for every image."""
    numbers = (np.full(count, number) for number in (turn, zoom, right, down))
    return Moves(np.full(count, mirrored), *numbers)


def moved_by_pixels(image: np.ndarray, moves: Moves, row: int) -> np.ndarray:
    """Undo each move, last first, for one new pixel after the other."""
    side = image.shape[-1]
    middle = (side - 1) / 2
    places = np.empty((2, side, side))
    for y in range(side):
        for x in range(side):
            place = complex(x - middle, -(y - middle))  # imaginary axis up, as on paper
            place -= complex(moves.right[row] * side, -moves.down[row] * side)
            place /= moves.zoom[row] * np.exp(1j * moves.turn[row])
            if moves.mirrored[row]:
                place = complex(-place.real, place.imag)
            places[:, y, x] = middle - place.imag, middle + place.real
    return np.stack([map_coordinates(c, places, order=1, mode="nearest") for c in image])


@pytest.fixture
def images() -> Tensor:
    return torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))


def test_equals_moving_pixel_by_pixel(images: Tensor) -> None:
    draw = np.random.default_rng(0)
    moves = Moves(
        mirrored=np.array([False, True, False, True]),
        turn=draw.uniform(-1, 1, 4),
        zoom=draw.uniform(0.7, 1.4, 4),
        right=draw.uniform(-0.2, 0.2, 4),
        down=draw.uniform(-0.2, 0.2, 4),
    )
    result = moved(images, maps_back(moves)).numpy()
    for row in range(4):
        expected = moved_by_pixels(images[row].numpy(), moves, row)
        np.testing.assert_allclose(result[row], expected, atol=1e-5)


def test_no_move_leaves_the_image_as_it_is(images: Tensor) -> None:
    torch.testing.assert_close(moved(images, maps_back(moves_of(4))), images)


def test_mirrored_is_flipped_left_to_right(images: Tensor) -> None:
    torch.testing.assert_close(moved(images, maps_back(moves_of(4, mirrored=True))), images.flip(3))


def test_a_quarter_turn_is_counter_clockwise(images: Tensor) -> None:
    result = moved(images, maps_back(moves_of(4, turn=np.pi / 2)))
    torch.testing.assert_close(result, torch.rot90(images, 1, (2, 3)))


def test_a_shift_repeats_the_border(images: Tensor) -> None:
    result = moved(images, maps_back(moves_of(4, right=1 / 8, down=-1 / 8)))
    torch.testing.assert_close(result[..., :-1, 1:], images[..., 1:, :-1])
    torch.testing.assert_close(result[..., :-1, 0], images[..., 1:, 0])


def test_each_row_is_moved_by_itself(images: Tensor) -> None:
    maps = maps_back(moves_of(4, turn=0.3, zoom=1.1))
    assert torch.equal(moved(images, maps)[2:3], moved(images[2:3], maps[2:3]))
