"""FileSource: its fingerprint follows names, sizes and times, and opens no file."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lookmore.data.files import FileSource
from lookmore.errors import UnreadableImageError


def source_of(root: Path, *ids: str) -> FileSource:
    return FileSource.of(root=root, ids=ids, classes=[""] * len(ids), splits=[""] * len(ids))


def test_fingerprint_is_the_same_on_every_opening(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    assert source_of(tmp_path, "a").fingerprint() == source_of(tmp_path, "a").fingerprint()


def grow(path: Path) -> None:
    path.write_bytes(b"22")
    os.utime(path, ns=(5, 5))


@pytest.mark.parametrize(
    "change",
    [grow, Path.unlink, lambda path: os.utime(path, ns=(5, 6))],
    ids=["grown", "removed", "touched"],
)
def test_fingerprint_notices_a_changed_file(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1")
    os.utime(path, ns=(5, 5))
    before = source_of(tmp_path, "a").fingerprint()
    change(path)
    assert source_of(tmp_path, "a").fingerprint() != before


def test_fingerprint_notices_names_and_their_order(tmp_path: Path) -> None:
    prints = {
        source_of(tmp_path, *ids).fingerprint() for ids in [("a",), ("b",), ("a", "b"), ("b", "a")]
    }
    assert len(prints) == 4


def test_names_that_are_not_unicode_are_names_too(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    assert source_of(tmp_path, name).fingerprint() != source_of(tmp_path, "x").fingerprint()


def test_a_missing_file_is_an_unreadable_image(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImageError, match=r"gone.png cannot be read: there is no such"):
        source_of(tmp_path, "gone.png").read(0)
