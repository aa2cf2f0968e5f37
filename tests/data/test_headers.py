"""read_header: what a file says of itself, whatever it is, without a pixel decoded."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookmore.data.headers import Header, read_header


@pytest.mark.parametrize(
    ("mode", "suffix", "expected"),
    [
        ("RGB", "jpg", ("JPEG", "colour")),
        ("L", "png", ("PNG", "grey")),
        ("1", "png", ("PNG", "grey")),
        ("P", "gif", ("GIF", "palette")),
        ("CMYK", "jpg", ("JPEG", "CMYK")),
        ("RGBA", "png", ("PNG", "transparent")),
        ("LA", "png", ("PNG", "transparent")),
    ],
)
def test_kind_and_colours_are_told(
    tmp_path: Path, mode: str, suffix: str, expected: tuple[str, str]
) -> None:
    Image.new(mode, (6, 4)).save(tmp_path / f"image.{suffix}")
    assert read_header(tmp_path / f"image.{suffix}") == Header(*expected, False, False)


def test_sixteen_bits_are_told(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(tmp_path / "deep.png")
    assert read_header(tmp_path / "deep.png") == Header("PNG", "16 bits", False, False)


def test_turning_and_frames_are_told(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (6, 4)).save(tmp_path / "turned.jpg", exif=exif)
    frames = [Image.new("L", (4, 4), value) for value in (0, 99, 200)]
    frames[0].save(tmp_path / "film.gif", save_all=True, append_images=frames[1:])
    turned, film = (read_header(tmp_path / name) for name in ("turned.jpg", "film.gif"))
    assert turned is not None and turned.is_turned and not turned.is_animated
    assert film is not None and film.is_animated and not film.is_turned


@pytest.mark.parametrize("content", [b"", b"a letter", b"\xff\xd8\xff\xe0 no more"])
def test_what_is_no_image_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file.jpg").write_bytes(content)
    assert read_header(tmp_path / "file.jpg") is None
    assert read_header(tmp_path / "gone.jpg") is None
