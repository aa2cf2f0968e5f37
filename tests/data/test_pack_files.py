"""The files of a pack: whole or absent, opened as written, refused when damaged."""

import errno
import os
import time
from pathlib import Path

import numpy as np
import pytest

from lookmore.data.pack_files import (
    PackTable,
    fresh_folder,
    open_files,
    write_images,
    write_table,
)
from lookmore.errors import DataError


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 3, 4, 4), dtype=np.uint8)


@pytest.fixture
def table() -> PackTable:
    keys = np.array([0, 1, 2**53 + 1, 2**63, 2**64 - 1], dtype=np.uint64)
    sizes = np.arange(10).reshape(5, 2)
    unreadable = (("a\udce9", "empty"),)
    return PackTable(rows=np.arange(5), keys=keys, sizes=sizes, unreadable=unreadable)


def write(folder: Path, images: np.ndarray, table: PackTable) -> None:
    write_images(folder / "images.npy", iter(images), side=4)
    write_table(folder / "table.json", table)


def test_files_are_opened_as_they_were_written(
    tmp_path: Path, images: np.ndarray, table: PackTable
) -> None:
    write(tmp_path, images, table)
    found, known = open_files(tmp_path, side=4)
    assert np.array_equal(found, images) and np.array_equal(
        np.load(tmp_path / "images.npy"), images
    )
    assert known.keys.tolist() == table.keys.tolist() and known.rows.tolist() == [0, 1, 2, 3, 4]
    assert known.unreadable == table.unreadable
    assert known.sizes.tolist() == table.sizes.tolist()


def test_the_header_has_room_for_any_count(tmp_path: Path) -> None:
    # 10,001 needs more digits than the 0 that is written first.
    write_images(tmp_path / "images.npy", (np.zeros((3, 1, 1), np.uint8),) * 10_001, side=1)
    assert np.load(tmp_path / "images.npy").shape == (10_001, 3, 1, 1)


@pytest.mark.parametrize("name", ["images.npy", "table.json"])
@pytest.mark.parametrize("keep", [0, 60, -1])
def test_damaged_files_are_refused(
    tmp_path: Path, images: np.ndarray, table: PackTable, name: str, keep: int
) -> None:
    write(tmp_path, images, table)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[:keep])
    with pytest.raises(DataError, match="are damaged: delete that folder and run again"):
        open_files(tmp_path, side=4)


def test_files_of_another_size_are_refused(
    tmp_path: Path, images: np.ndarray, table: PackTable
) -> None:
    write(tmp_path, images, table)
    with pytest.raises(DataError, match="are damaged"):
        open_files(tmp_path, side=5)


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    with fresh_folder(tmp_path / "cache" / "pack") as partial:
        (partial / "file").touch()
        assert not (tmp_path / "cache" / "pack").exists()
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["pack"]
    assert (tmp_path / "cache" / "pack" / "file").exists()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_a_folder_that_failed_vanishes(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), fresh_folder(tmp_path / "pack"):
        raise error
    assert list(tmp_path.iterdir()) == []


def test_the_first_of_two_writers_wins(tmp_path: Path) -> None:
    with fresh_folder(tmp_path / "pack") as slow:
        (slow / "slow").touch()
        with fresh_folder(tmp_path / "pack") as fast:
            (fast / "fast").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]
    assert [path.name for path in (tmp_path / "pack").iterdir()] == ["fast"]


def test_only_what_was_abandoned_is_removed(tmp_path: Path) -> None:
    names = ("pack.partial-old", "pack.partial-busy", "pack.partial-new", "other.partial-old")
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "images.npy").touch()
    two_days_ago = time.time() - 2 * 24 * 3600
    for name in ("pack.partial-old", "pack.partial-old/images.npy", "pack.partial-busy"):
        os.utime(tmp_path / name, (two_days_ago, two_days_ago))
    with fresh_folder(tmp_path / "pack"):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"pack", *names[1:]}


def test_a_disk_that_is_full_says_so(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with (
        pytest.raises(DataError, match=r"the disk is full; free space, lower data\.side, or set"),
        fresh_folder(tmp_path / "pack") as partial,
    ):
        (partial / "images.npy").symlink_to("/dev/full")
        write_images(partial / "images.npy", [np.zeros((3, 4, 4), np.uint8)], side=4)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_only_when_flushed_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(DataError, match="the disk is full"), fresh_folder(tmp_path / "p") as part:
        write_images(part / "images.npy", [np.zeros((3, 4, 4), np.uint8)], side=4)
    assert list(tmp_path.iterdir()) == []


def test_a_cache_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with (
        pytest.raises(DataError, match=r"cannot be written below .*cache: .*File exists"),
        fresh_folder(tmp_path / "cache" / "pack"),
    ):
        pass
