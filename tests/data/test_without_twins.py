"""without_twins: refuses, drops or allows one picture on both sides of a split; looks once."""

from pathlib import Path

import numpy as np
import pytest

from lookmore.data import without_twins as module
from lookmore.data.pack import Pack
from lookmore.data.without_twins import without_twins
from lookmore.errors import DataError

PICTURE, OTHER = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
DARKER = (0.8 * PICTURE).astype(np.uint8)


def pack_of(images: list[np.ndarray], splits: list[str]) -> Pack:
    """Images named 0, 1, ..."""
    count = len(images)
    return Pack(
        images=np.stack(images),
        keys=np.array([int(image.sum()) for image in images], dtype=np.uint64),
        sizes=np.full((count, 2), 32),
        ids=tuple(str(row) for row in range(count)),
        labels=np.full(count, -1),
        class_names=(),
        splits=np.array(splits),
        unreadable=(),
    )


@pytest.fixture
def leaking() -> Pack:
    return pack_of([PICTURE, OTHER, DARKER, DARKER], ["train", "train", "val", "test"])


def rows_of(pack: Pack) -> list[list[int]]:
    return [pack.rows(name).tolist() for name in ("train", "val", "test")]


def test_twins_are_refused_dropped_or_allowed(leaking: Pack, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nearly: 2 .*2 and 3, 100.*leaks=drop"):
        without_twins(leaking, policy="refuse", folder=tmp_path)
    assert rows_of(without_twins(leaking, policy="drop", folder=tmp_path)) == [[1], [], [3]]
    clean = pack_of([PICTURE, OTHER, DARKER], ["train", "test", "val"])
    assert without_twins(clean, policy="refuse", folder=tmp_path) is clean


def test_whoever_allows_them_compares_nothing(leaking: Pack, tmp_path: Path) -> None:
    assert without_twins(leaking, policy="allow", folder=tmp_path) is leaking
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("policy", ["drop", "refuse"])
def test_the_same_images_in_the_same_splits_are_compared_once(
    leaking: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policy: str
) -> None:
    def outcome() -> object:
        try:
            return rows_of(without_twins(leaking, policy=policy, folder=tmp_path))
        except DataError as error:
            return str(error)

    first = outcome()
    monkeypatch.setattr(module, "twins", lambda *_: pytest.fail("compared again"))
    assert outcome() == first


def test_other_splits_or_other_pixels_are_compared_anew(leaking: Pack, tmp_path: Path) -> None:
    without_twins(leaking, policy="drop", folder=tmp_path)
    other = pack_of([PICTURE, OTHER, DARKER, DARKER], ["test", "train", "val", "train"])
    assert rows_of(without_twins(other, policy="drop", folder=tmp_path)) == [[1], [], [0]]
    replaced = pack_of([OTHER, OTHER, DARKER, DARKER], ["train", "train", "val", "test"])
    assert rows_of(without_twins(replaced, policy="drop", folder=tmp_path)) == [[0, 1], [], [3]]


def test_the_same_images_in_other_rows_are_not_mistaken_for_them(
    leaking: Pack, tmp_path: Path
) -> None:
    without_twins(leaking, policy="drop", folder=tmp_path)
    images, splits = [*leaking.images, OTHER], ["train", "train", "val", "test", ""]
    behind, before = pack_of(images, splits), pack_of(images[-1:] + images[:-1], ["", *splits[:-1]])
    assert rows_of(without_twins(behind, policy="drop", folder=tmp_path)) == [[1], [], [3]]
    assert rows_of(without_twins(before, policy="drop", folder=tmp_path)) == [[2], [], [4]]


@pytest.mark.parametrize("text", ["[[0, 3]]", "not JSON", "7"])
def test_a_damaged_file_is_named_with_what_to_do(leaking: Pack, tmp_path: Path, text: str) -> None:
    without_twins(leaking, policy="drop", folder=tmp_path)
    (kept,) = tmp_path.glob("twins-*/*")
    kept.write_text(text)
    with pytest.raises(DataError, match="is damaged: delete that folder"):
        without_twins(leaking, policy="drop", folder=tmp_path)
