"""read_image: any format becomes upright 8-bit RGB; what is broken is refused by name."""

import io
import os
import struct
import threading
import time
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lookmore.data.images import MAX_PIXELS, read_image
from lookmore.errors import UnreadableImageError


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def hand_made_png(*, width: int, height: int, depth: int, colour: int, rows: bytes) -> bytes:
    """A PNG by its specification (ISO/IEC 15948), for what Pillow itself would not write."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + png_chunk(b"IEND", b"")


@pytest.fixture
def colours() -> np.ndarray:
    """Two rows of three known colours."""
    return np.array(
        [[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[9, 8, 7], [255, 255, 255], [0, 0, 0]]],
        dtype=np.uint8,
    )


def test_reads_path_string_bytes_image_and_array_alike(tmp_path: Path, colours: np.ndarray) -> None:
    expected = torch.tensor(colours.tolist(), dtype=torch.uint8).permute(2, 0, 1)
    path = tmp_path / "colours.png"
    Image.fromarray(colours).save(path)
    for source in (path, str(path), path.read_bytes(), Image.fromarray(colours), colours):
        torch.testing.assert_close(read_image(source), expected, rtol=0, atol=0)


def test_result_is_contiguous_and_owns_its_pixels(colours: np.ndarray) -> None:
    for pixels in (colours, np.ascontiguousarray(colours.transpose(2, 0, 1)).transpose(1, 2, 0)):
        image = read_image(pixels)
        image.zero_()
        assert image.is_contiguous() and pixels.sum() > 0


def test_grey_becomes_three_equal_channels() -> None:
    grey = np.array([[0, 100], [200, 255]], dtype=np.uint8)
    for source in (grey, encoded(Image.fromarray(grey), "PNG")):
        assert read_image(source).tolist() == [grey.tolist()] * 3


def test_one_bit_images_become_black_and_white() -> None:
    image = Image.fromarray(np.array([[0, 255]], dtype=np.uint8)).convert("1")
    assert read_image(encoded(image, "PNG"))[0].tolist() == [[0, 255]]


def test_sixteen_bit_grey_is_divided_by_257_and_rounded() -> None:
    # 257 * 7 is exactly level 7; 128 more is just below 7.5, 129 more just above.
    levels = [0, 257 * 7, 257 * 7 + 128, 257 * 7 + 129, 65535]
    rows = b"\0" + struct.pack(">5H", *levels)
    data = hand_made_png(width=5, height=1, depth=16, colour=0, rows=rows)
    assert read_image(data)[0].tolist() == [[0, 7, 7, 8, 255]]


def test_sixteen_bit_colour_keeps_its_high_byte() -> None:
    rows = b"\0" + struct.pack(">3H", 0x12FF, 0xFF00, 0x0001)
    data = hand_made_png(width=1, height=1, depth=16, colour=2, rows=rows)
    assert read_image(data).flatten().tolist() == [0x12, 0xFF, 0x00]


def test_sixteen_bit_pgm_and_tiff_are_scaled_too() -> None:
    pgm = b"P5 2 1 65535\n" + struct.pack(">2H", 257 * 40, 65535)
    deep = Image.fromarray(np.array([[257 * 40, 65535]], dtype=np.uint16))
    for data in (pgm, encoded(deep, "TIFF")):
        assert read_image(data)[0].tolist() == [[40, 255]]


def test_cmyk_jpeg_becomes_rgb() -> None:
    # No ink is white; full cyan ink takes all red.
    image = Image.new("CMYK", (32, 16), (0, 0, 0, 0))
    image.paste((255, 0, 0, 0), (0, 0, 16, 16))
    pixels = read_image(encoded(image, "JPEG", quality=100)).int()
    expected = torch.tensor([[0, 255], [255, 255], [255, 255]])
    assert (pixels[:, 8, [4, 28]] - expected).abs().max() <= 3


def test_palette_transparency_is_laid_on_white() -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([200, 0, 0, 0, 100, 0, 0, 0, 50])
    image.putdata([0, 1, 2])
    data = encoded(image, "PNG", transparency=bytes([255, 0, 128]))
    pixels = read_image(data)[:, 0].T.tolist()
    assert pixels[:2] == [[200, 0, 0], [255, 255, 255]]
    half = [255 * 127 / 255, 255 * 127 / 255, 50 * 128 / 255 + 255 * 127 / 255]
    assert pixels[2] == pytest.approx(half, abs=1)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_laid_on_white(mode: str) -> None:
    image = Image.new(mode, (1, 1), (0, 0, 0, 51) if mode == "RGBA" else (0, 51))
    assert read_image(encoded(image, "PNG"))[:, 0, 0].tolist() == [204] * 3  # 255 - 51


@pytest.mark.parametrize(
    ("orientation", "expected"),
    # EXIF 2.32, tag 0x0112: where the stored first row and first column belong.
    [
        (1, [[1, 2, 3], [4, 5, 6]]),
        (2, [[3, 2, 1], [6, 5, 4]]),
        (3, [[6, 5, 4], [3, 2, 1]]),
        (4, [[4, 5, 6], [1, 2, 3]]),
        (5, [[1, 4], [2, 5], [3, 6]]),
        (6, [[4, 1], [5, 2], [6, 3]]),
        (7, [[6, 3], [5, 2], [4, 1]]),
        (8, [[3, 6], [2, 5], [1, 4]]),
    ],
)
def test_is_turned_upright_as_exif_says(orientation: int, expected: list[list[int]]) -> None:
    stored = Image.fromarray(np.array([[1, 2, 3], [4, 5, 6]], dtype=np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert read_image(encoded(stored, "PNG", exif=exif))[0].tolist() == expected


def test_a_phone_jpeg_lying_on_its_side_stands_up(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "phone.jpg"
    Image.new("RGB", (40, 20)).save(path, exif=exif)
    assert read_image(path).shape == (3, 40, 20)


def test_damaged_exif_does_not_cost_the_image() -> None:
    data = encoded(Image.new("RGB", (8, 8), (10, 20, 30)), "PNG", exif=b"Exif\0\0MM nonsense")
    assert read_image(data)[:, 0, 0].tolist() == [10, 20, 30]


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    for kind in ("GIF", "WEBP", "PNG"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
        assert read_image(data)[:, 0, 0].tolist() == [255, 0, 0], kind


def test_a_truncated_jpeg_is_refused_by_name(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    path = tmp_path / "half.jpg"
    data = encoded(Image.fromarray(noise), "JPEG")
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadableImageError, match=r"half\.jpg cannot be read: .*truncated"):
        read_image(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty \\(0 bytes\\)"),
        (b"not a picture at all\n", "it is not an image of a known format"),
        (b"\xff\xd8\xff", "."),
        (b"\x89PNG\r\n\x1a\n", "."),
        (b"P5 9 9 255\nabc", "."),
    ],
)
def test_a_file_that_is_no_image_is_refused_by_name(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "text.jpg"
    path.write_bytes(content)
    with pytest.raises(UnreadableImageError, match=rf"text\.jpg cannot be read: {reason}"):
        read_image(path)
    with pytest.raises(UnreadableImageError, match=f"the given image cannot be read: {reason}"):
        read_image(content)
    with pytest.raises(UnreadableImageError, match=f"train/7 cannot be read: {reason}"):
        read_image(content, name="train/7")


def test_every_cut_of_a_file_is_read_or_refused_but_never_another_error() -> None:
    image = Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))
    for kind in ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"):
        data = encoded(image, kind)
        for end in range(0, len(data), 7):
            try:
                assert read_image(data[:end]).shape == (3, 8, 8)
            except UnreadableImageError as error:
                assert "\n" not in str(error)


# 81 megapixels pass Pillow's own check, at 100 it warns, at 2,500 it raises.
@pytest.mark.parametrize("side", [9_000, 10_000, 50_000])
def test_a_bomb_is_refused_from_its_header_without_a_warning(tmp_path: Path, side: int) -> None:
    rows = b"\0" * 1000  # far fewer than promised: decoding would end in another error
    path = tmp_path / "bomb.png"
    path.write_bytes(hand_made_png(width=side, height=side, depth=8, colour=2, rows=rows))
    assert path.stat().st_size < 200
    with (
        warnings.catch_warnings(record=True) as leaked,
        pytest.raises(UnreadableImageError, match=rf"bomb\.png .* more than {MAX_PIXELS:,} pixels"),
    ):
        warnings.simplefilter("always")
        read_image(path)
    assert leaked == []


def test_filters_of_the_caller_survive_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(Image.new("RGB", (4, 4)), "PNG")
    opened, inside, overlaps = Image.open, [], []

    def slow_open(stream: io.BytesIO, formats: object) -> Image.Image:
        inside.append(stream)
        time.sleep(0.002)
        overlaps.append(len(inside))
        inside.remove(stream)
        return opened(stream, formats=formats)

    monkeypatch.setattr(Image, "open", slow_open)
    before = list(warnings.filters)
    threads = [threading.Thread(target=read_image, args=(data,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overlaps == [1] * 8 and list(warnings.filters) == before


def test_a_caller_may_allow_fewer_pixels_and_formats() -> None:
    data = encoded(Image.new("RGB", (9, 5)), "PNG")
    assert read_image(data, max_pixels=45, formats=("PNG",)).shape == (3, 5, 9)
    with pytest.raises(UnreadableImageError, match="more than 44 pixels, it states 9 x 5"):
        read_image(data, max_pixels=44)
    with pytest.raises(UnreadableImageError, match="it is not one of JPEG, WEBP"):
        read_image(data, formats=("JPEG", "WEBP"))


def test_missing_files_folders_and_pipes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImageError, match=r"gone\.jpg cannot be read: there is no such"):
        read_image(tmp_path / "gone.jpg")
    with pytest.raises(UnreadableImageError, match="cannot be read: it is not a file"):
        read_image(tmp_path)
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnreadableImageError, match=r"pipe\.jpg cannot be read: it is not a file"):
        read_image(tmp_path / "pipe.jpg")


def test_a_file_that_may_not_be_opened_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret.jpg"
    path.write_bytes(b"x")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableImageError, match=r"secret\.jpg cannot be read: Permission"):
        read_image(path)


def test_values_of_unknown_range_are_refused() -> None:
    with pytest.raises(UnreadableImageError, match="floating-point, of unknown range"):
        read_image(Image.fromarray(np.zeros((2, 2), dtype=np.float32)))
    with pytest.raises(UnreadableImageError, match="beyond 16 bits"):
        read_image(Image.fromarray(np.full((2, 2), 70_000, dtype=np.int32)))


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((2, 2, 4), dtype=np.uint8),
        np.zeros((3, 2, 2), dtype=np.uint8),
        np.zeros((2, 2, 3), dtype=np.float32),
        np.zeros((0, 2), dtype=np.uint8),
    ],
)
def test_arrays_of_another_shape_or_type_are_refused(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"shape \(H, W\) or \(H, W, 3\) and be uint8, got"):
        read_image(pixels)
