"""Darkroom and Thumbnails: the student's own pixels, and no picture without a name for it."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import lookmore
from lookmore.data.images import read_image
from lookmore.errors import UnreadableImageError
from lookmore.serve.pictures import WIDEST, Darkroom, png, shrunk
from lookmore.serve.thumbnails import Thumbnails

Photo = Callable[..., bytes]


@pytest.fixture
def darkroom(world: Any) -> Darkroom:
    """Of the small student, for up to a million pixels."""
    return Darkroom(lookmore.load(world.run), max_pixels=1_000_000)


@pytest.mark.parametrize("side", [10, 16, 40, 90])
def test_the_student_is_shown_what_it_would_see_itself(
    darkroom: Darkroom, world: Any, photo: Photo, side: int
) -> None:
    data = photo(0, 0, side=side)
    probe = darkroom.develop(data, name="image")
    np.testing.assert_array_equal(probe.seen, lookmore.load(world.run).see(data).pixels)
    np.testing.assert_array_equal(probe.pixels, read_image(data).permute(1, 2, 0))
    assert (probe.side, probe.own_side) == (side, side)


def test_a_probe_has_the_side_asked_for_unless_the_image_has_less(
    darkroom: Darkroom, photo: Photo
) -> None:
    assert darkroom.develop(photo(0, 0), name="image", side=12).pixels.shape == (12, 12, 3)
    few = darkroom.develop(photo(0, 0), name="image", side=64)
    assert (few.side, few.own_side, len(few.pixels)) == (40, 40, 40)


def test_a_large_image_is_kept_small(darkroom: Darkroom) -> None:
    content = io.BytesIO()
    Image.effect_noise((1500, 600), 60).save(content, "JPEG")
    probe = darkroom.develop(content.getvalue(), name="image")
    assert (len(probe.pixels), probe.own_side) == (WIDEST, 600)


def test_more_pixels_than_allowed_are_refused_by_name(darkroom: Darkroom) -> None:
    content = io.BytesIO()
    Image.new("L", (1001, 1000)).save(content, "PNG")
    with pytest.raises(
        UnreadableImageError, match=r"^a cannot be read: it has more than 1,000,000"
    ):
        darkroom.develop(content.getvalue(), name="a")


def test_formats_that_need_other_programs_are_not_opened(darkroom: Darkroom) -> None:
    content = io.BytesIO()
    Image.new("L", (9, 9)).save(content, "EPS")
    with pytest.raises(UnreadableImageError, match="it is not one of JPEG"):
        darkroom.develop(content.getvalue(), name="a")


def test_mutilated_files_are_read_or_refused_and_nothing_else(
    darkroom: Darkroom, photo: Photo
) -> None:
    random = np.random.default_rng(0)
    refused = 0
    for kind in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM"):
        whole = photo(1, 1, kind=kind)
        for _ in range(30):
            data = bytearray(whole)
            for place in random.integers(0, len(data), size=random.integers(1, 20)):
                data[place] = random.integers(0, 256)
            end = len(data) if random.random() < 0.7 else random.integers(1, len(data))
            try:
                probe = darkroom.develop(bytes(data[:end]), name="a")
            except UnreadableImageError as error:
                refused += 1
                assert "\n" not in str(error)
            else:
                assert probe.seen.shape == (16, 16, 3)
    assert 30 < refused < 190


def test_shrinking_leaves_small_ones_alone() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(shrunk(pixels, 9), pixels)
    assert shrunk(pixels, 4).shape == (4, 4, 3)


@pytest.fixture
def thumbnails() -> Thumbnails:
    """Pictures that are the name of their file."""
    return Thumbnails(lambda path: path.name.encode())


def test_a_picture_is_had_by_the_name_that_was_given_out(
    thumbnails: Thumbnails, tmp_path: Path
) -> None:
    path = tmp_path / "ann.png"
    path.write_bytes(b"x")
    assert thumbnails.take(str(path)) is None
    name = thumbnails.issue("ann", str(path))
    assert name is not None and "ann" not in name
    assert name == thumbnails.issue("ann", str(path))
    assert thumbnails.take(name) == b"ann.png"
    assert thumbnails.owner(name) == "ann"


def test_names_of_one_server_mean_nothing_to_another(tmp_path: Path) -> None:
    path = tmp_path / "ann.png"
    path.write_bytes(b"x")
    first, second = (Thumbnails(lambda path: b"").issue("ann", str(path)) for _ in range(2))
    assert first != second


def test_an_id_without_a_file_has_no_picture(thumbnails: Thumbnails) -> None:
    assert thumbnails.issue("ann", "row 17 of a Parquet file") is None


def test_an_uploaded_picture_is_kept_until_its_person_is_forgotten(
    thumbnails: Thumbnails,
) -> None:
    thumbnails.keep("ann", "upload:1", b"first")
    thumbnails.keep("bob", "upload:2", b"second")
    names = [thumbnails.issue("ann", "upload:1"), thumbnails.issue("bob", "upload:2")]
    assert [thumbnails.take(name) for name in names if name] == [b"first", b"second"]
    thumbnails.forget("ann")
    assert [thumbnails.take(name) for name in names if name] == [None, b"second"]
    assert thumbnails.issue("ann", "upload:1") is None


def test_a_picture_that_can_no_longer_be_drawn_is_gone(tmp_path: Path) -> None:
    def draw(path: Path) -> bytes:
        raise UnreadableImageError("damaged")

    path = tmp_path / "ann.png"
    path.write_bytes(b"x")
    thumbnails = Thumbnails(draw)
    name = thumbnails.issue("ann", str(path))
    assert name is not None and thumbnails.take(name) is None


def test_a_png_changes_no_pixel() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, size=(5, 5, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read_image(png(pixels)).permute(1, 2, 0), pixels)
