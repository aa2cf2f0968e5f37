"""identical_across_splits: finds equal pictures in different splits, and no others."""

import numpy as np

from lookmore.data.leakage import identical_across_splits
from lookmore.data.pack import Pack


def pack_of(pictures: list[int], splits: list[str], keys: list[int] | None = None) -> Pack:
    """Images named 0, 1, ... with a single grey level each."""
    count = len(pictures)
    levels = np.array(pictures, dtype=np.uint8).reshape(-1, 1, 1, 1)
    return Pack(
        images=np.broadcast_to(levels, (count, 3, 4, 4)),
        keys=np.array(keys or pictures, dtype=np.uint64),
        sizes=np.full((len(pictures), 2), 112),
        ids=tuple(str(row) for row in range(count)),
        labels=np.full(count, -1),
        class_names=(),
        splits=np.array(splits),
        unreadable=(),
    )


def test_finds_the_same_picture_on_both_sides() -> None:
    pack = pack_of([7, 8, 7, 8], ["train", "train", "test", "train"])
    assert identical_across_splits(pack) == [("0", "2")]


def test_pairs_several_copies_with_the_first() -> None:
    pack = pack_of([7, 7, 7], ["val", "test", "train"])
    assert identical_across_splits(pack) == [("0", "1"), ("0", "2")]


def test_finds_copies_whatever_stands_between() -> None:
    pack = pack_of([7, 7, 7], ["train", "train", "test"])
    assert identical_across_splits(pack) == [("0", "2")]


def test_copies_within_a_split_do_not_leak() -> None:
    assert identical_across_splits(pack_of([7, 7], ["train", "train"])) == []


def test_equal_keys_of_different_pictures_do_not_count() -> None:
    assert identical_across_splits(pack_of([7, 8], ["train", "test"], keys=[1, 1])) == []
