"""Pictures to try shrinking on: the same each time, squares, and none too small."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookmore.data.config import DataConfig
from lookmore.doctor.pictures import drawn_picture, given_pictures, pictures_of
from lookmore.errors import DataError


def test_the_drawn_picture_is_the_same_each_time_and_uses_the_whole_range() -> None:
    first = drawn_picture()
    assert first.shape == (112, 112, 3) and first.dtype == np.uint8
    assert np.array_equal(first, drawn_picture())
    assert first.min() < 20 and first.max() > 235


def test_a_drawn_picture_can_be_shrunk_to_any_side() -> None:
    assert [len(drawn_picture(side=side)) for side in (16, 111, 112, 150)] == [112, 112, 448, 600]


def test_of_a_given_picture_the_centre_square_is_taken(tmp_path: Path) -> None:
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, 10:30] = 200
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    (found,) = given_pictures([tmp_path / "wide.png"], side=16)
    assert found.shape == (20, 20, 3)
    assert (found == 200).all()


def test_a_picture_that_cannot_be_shrunk_is_refused_by_name(tmp_path: Path) -> None:
    Image.new("RGB", (16, 40)).save(tmp_path / "small.png")
    with pytest.raises(DataError, match=r"small\.png cannot be shrunk to 16 px: .* has 16; give"):
        given_pictures([tmp_path / "small.png"], side=16)


def test_a_runs_images_are_taken_from_all_over_and_damaged_ones_passed_over(
    tmp_path: Path,
) -> None:
    for number in range(130):
        colour = (number, number, number)
        Image.new("RGB", (12, 12), colour).save(tmp_path / f"{number:03}.png")
    (tmp_path / "129.png").write_bytes(b"")
    found, why = pictures_of(DataConfig(root=str(tmp_path), side=8))
    assert (len(found), why) == (63, "")
    assert found[0].max() == 0 and found[-1].min() > 120


def test_images_that_have_moved_are_said_to_be_missing(tmp_path: Path) -> None:
    found, why = pictures_of(DataConfig(root=str(tmp_path / "gone")))
    assert found == []
    assert "does not exist" in why
