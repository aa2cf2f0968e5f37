"""twins: finds one picture on both sides of a split, whatever was done to it, and no others."""

import io

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from lookmore.data import leakage
from lookmore.data.leakage import SAME, twins
from lookmore.data.pack import Pack

SIDE = 48


def photograph(number: int) -> Image.Image:
    """A picture with structure at every scale, like those of cameras."""
    random = np.random.default_rng(number)
    pixels = np.zeros((SIDE, SIDE, 3))
    for cells in (2, 3, 6, 12, 24):
        noise = random.normal(0, 90 / cells**0.5, size=(cells, cells, 1))
        noise = noise + random.normal(0, 15 / cells**0.5, size=(cells, cells, 3))
        pixels += np.kron(noise, np.ones((SIDE // cells, SIDE // cells, 1)))
    return Image.fromarray((pixels + 120).clip(0, 255).astype(np.uint8))


def pack_of(pictures: list[Image.Image], splits: list[str], keys: list[int] | None = None) -> Pack:
    """Images named 0, 1, ..."""
    images = np.stack([np.asarray(picture).transpose(2, 0, 1) for picture in pictures])
    hashes = [hash(image.tobytes()) % 2**64 for image in images]
    return Pack(
        images=images,
        keys=np.array(keys or hashes, dtype=np.uint64),
        sizes=np.full((len(pictures), 2), 112),
        ids=tuple(str(row) for row in range(len(pictures))),
        labels=np.full(len(pictures), -1),
        class_names=(),
        splits=np.array(splits),
        unreadable=(),
    )


def compressed(picture: Image.Image) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return Image.open(file).convert("RGB")


CHANGES = {
    "equal": lambda picture: picture,
    "compressed": compressed,
    "mirrored": lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "darker": lambda picture: ImageEnhance.Brightness(picture).enhance(0.7),
    "fainter": lambda picture: ImageEnhance.Contrast(picture).enhance(0.6),
    "grey": lambda picture: picture.convert("L").convert("RGB"),
    "shrunk": lambda picture: picture.resize((36, 36)).resize((SIDE, SIDE)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_finds_one_picture_whatever_was_done_to_it(change: str) -> None:
    pictures = [photograph(number) for number in range(30)]
    pictures.append(CHANGES[change](pictures[7]))
    pack = pack_of(pictures, ["train"] * 30 + ["test"])
    found, compared = twins(pack, pack.rows("train"), pack.rows("test"))
    assert [(twin.train, twin.tried) for twin in found] == [(7, 30)]
    assert SAME <= found[0].likeness <= 1
    assert found[0].is_mirrored == (change == "mirrored")
    assert compared == 1


def test_other_pictures_are_no_twins() -> None:
    pack = pack_of([photograph(number) for number in range(60)], ["train"] * 40 + ["test"] * 20)
    assert twins(pack, pack.rows("train"), pack.rows("test")) == ([], 20)


def test_pictures_without_contrast_are_twins_only_where_they_are_equal() -> None:
    flat = [Image.new("RGB", (SIDE, SIDE), colour) for colour in ("red", "blue", "red")]
    pack = pack_of(flat, ["train", "train", "test"])
    assert [twin[:3] for twin in twins(pack, pack.rows("train"), pack.rows("test"))[0]] == [
        (0, 2, 1.0)
    ]


def test_equal_keys_of_different_pictures_do_not_count() -> None:
    flat = [Image.new("RGB", (SIDE, SIDE), colour) for colour in ("red", "blue")]
    pack = pack_of(flat, ["train", "test"], keys=[1, 1])
    assert twins(pack, pack.rows("train"), pack.rows("test"))[0] == []


def test_every_copy_is_named_most_alike_first() -> None:
    picture = photograph(0)
    pictures = [compressed(picture), picture, photograph(1), picture]
    pack = pack_of(pictures, ["train", "train", "train", "test"])
    found = twins(pack, pack.rows("train"), pack.rows("test"))[0]
    assert [(twin.train, twin.tried) for twin in found] == [(1, 3), (0, 3)]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = [photograph(number) for number in range(12)]
    pack = pack_of([*pictures, *map(compressed, pictures)], ["train"] * 12 + ["test"] * 12)
    whole = twins(pack, pack.rows("train"), pack.rows("test"))
    monkeypatch.setattr(leakage, "_ENTRIES", 30)
    assert twins(pack, pack.rows("train"), pack.rows("test")) == whole
    assert len(whole[0]) == 12


def test_of_very_many_an_even_sample_is_compared_and_its_size_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pack = pack_of([photograph(number) for number in range(14)], ["train"] * 4 + ["test"] * 10)
    monkeypatch.setattr(leakage, "_MOST_COMPARED", 12)
    assert twins(pack, pack.rows("train"), pack.rows("test")) == ([], 3)


def test_nothing_on_one_side_is_no_leak() -> None:
    pack = pack_of([photograph(0)], ["train"])
    assert twins(pack, pack.rows("train"), pack.rows("test")) == ([], 0)
