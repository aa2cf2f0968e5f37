"""assign_splits: stated splits win, shares are drawn by name alone, folds keep people apart."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lookmore.data.config import DataConfig
from lookmore.data.files import FileSource
from lookmore.data.splits import assign_splits, check_trainable
from lookmore.errors import DataError


def source_of(
    ids: list[str], *, classes: list[str] | None = None, splits: list[str] | None = None
) -> FileSource:
    nothing = [""] * len(ids)
    return FileSource.of(
        root=Path("faces"), ids=ids, classes=classes or nothing, splits=splits or nothing
    )


def people(count: int, *, each: int = 4) -> FileSource:
    names = [f"Person_{person}" for person in range(count) for _ in range(each)]
    ids = [f"{name}/{name}_{row % each + 1:04d}.jpg" for row, name in enumerate(names)]
    return source_of(ids, classes=names)


def split_of(source: FileSource, **settings: object) -> dict[str, str]:
    splits = assign_splits(source, DataConfig(root="faces", **settings))
    return dict(zip(source.ids, splits.tolist(), strict=True))


def test_shares_are_met() -> None:
    counts = Counter(split_of(source_of([str(row) for row in range(10_000)])).values())
    # Binomial: three standard deviations of 10,000 draws are 0.009 at 10 % and 0.012 at 20 %.
    assert counts["val"] == pytest.approx(1000, abs=90)
    assert counts["test"] == pytest.approx(2000, abs=120)
    assert sum(counts.values()) == 10_000


def test_a_split_depends_on_the_name_alone() -> None:
    ids = [str(row) for row in range(500)]
    whole = split_of(source_of(ids))
    part = split_of(source_of(ids[::-3]))
    assert part == {name: whole[name] for name in part}


def test_whole_classes_are_dealt() -> None:
    source = people(60)
    dealt = split_of(source, split_by="class", validation_share=0.2)
    splits_of_person = Counter((name.split("/")[0], split) for name, split in dealt.items())
    assert set(splits_of_person.values()) == {4} and len(splits_of_person) == 60
    assert set(dealt.values()) == {"train", "val", "test"}


@pytest.mark.parametrize("seed", range(20))
def test_every_split_gets_a_class_however_few(seed: int) -> None:
    classes = [f"{seed}-{number}" for number in range(3)]
    dealt = split_of(source_of(classes, classes=classes), split_by="class")
    assert sorted(dealt.values()) == ["test", "train", "val"]


@pytest.mark.parametrize("count", [3, 4, 5])
def test_few_images_leave_no_split_empty(count: int) -> None:
    for seed in range(30):
        ids = [f"{seed}-{number}" for number in range(count)]
        dealt = split_of(source_of(ids), validation_share=0.45, test_share=0.45)
        assert set(dealt.values()) == {"train", "val", "test"}


def test_one_image_is_trained_on() -> None:
    assert split_of(source_of(["only"])) == {"only": "train"}


def test_too_few_classes_cannot_be_dealt() -> None:
    with pytest.raises(DataError, match=r"2 classes cannot be dealt to 3 splits: add some"):
        split_of(people(2), split_by="class")


def test_unlabelled_images_are_trained_on_when_classes_are_dealt() -> None:
    source = source_of(["a", "b", "c", "x"], classes=["a", "b", "c", ""])
    assert split_of(source, split_by="class")["x"] == "train"


def test_shares_of_zero_leave_splits_empty() -> None:
    dealt = split_of(people(30), validation_share=0.0, test_share=0.0)
    assert set(dealt.values()) == {"train"}


def test_stated_splits_win() -> None:
    stated = ["train", "val", "test", "test"]
    dealt = split_of(source_of(list("abcd"), splits=stated), test_share=0.9, validation_share=0.0)
    assert list(dealt.values()) == stated


def test_missing_validation_is_cut_from_stated_train() -> None:
    ids = [str(row) for row in range(1000)]
    stated = ["train" if row % 2 else "test" for row in range(1000)]
    dealt = split_of(source_of(ids, splits=stated), validation_share=0.2)
    counts = Counter(dealt.values())
    assert counts["test"] == 500 and counts["val"] == pytest.approx(100, abs=27)
    assert all(dealt[str(row)] == "test" for row in range(0, 1000, 2))
    kept = split_of(source_of(ids, splits=stated), validation_share=0.0)
    assert list(kept.values()) == stated


def test_stated_tests_alone_stay_tests() -> None:
    assert split_of(source_of(["a", "b"], splits=["test", "test"])) == {"a": "test", "b": "test"}


def test_half_stated_splits_are_refused() -> None:
    with pytest.raises(DataError, match=r"1 images state no split while .* the first being b"):
        split_of(source_of(["a", "b"], splits=["train", ""]))


@pytest.fixture
def pairs(tmp_path: Path) -> str:
    """Two folds of one matched and one mismatched pair: persons 0 to 2, and 3 to 5."""
    path = tmp_path / "pairs.txt"
    lines = ["2\t1", "Person_0\t1\t2", "Person_1\t1\tPerson_2\t3"]
    lines += ["Person_3\t1\t2", "Person_4\t1\tPerson_5\t3"]
    path.write_text("\n".join(lines))
    return str(path)


def test_everyone_in_a_pair_of_the_fold_is_tested_and_nobody_else(pairs: str) -> None:
    dealt = split_of(people(40), pairs=pairs, pairs_fold=2, validation_share=0.2)
    by_person: dict[str, set[str]] = {}
    for name, split in dealt.items():
        by_person.setdefault(name.split("/")[0], set()).add(split)
    assert all(len(splits) == 1 for splits in by_person.values())
    tested = {name for name, splits in by_person.items() if splits == {"test"}}
    assert tested == {"Person_3", "Person_4", "Person_5"}
    assert 1 <= sum(splits == {"val"} for splits in by_person.values()) <= 15


def test_validation_people_of_a_fold_depend_on_their_name_alone(pairs: str) -> None:
    first = split_of(people(40), pairs=pairs, pairs_fold=1)
    second = split_of(people(40), pairs=pairs, pairs_fold=2)
    outside = [name for name in first if "test" not in (first[name], second[name])]
    assert len(outside) > 100 and all(first[name] == second[name] for name in outside)


def test_a_fold_must_fit_the_source(pairs: str) -> None:
    with pytest.raises(DataError, match=r"pairs_fold is 3, but the pairs have folds 1 to 2"):
        split_of(people(40), pairs=pairs, pairs_fold=3)
    with pytest.raises(DataError, match=r"name Person_3/Person_3_0001\.jpg .* not among"):
        split_of(people(3), pairs=pairs, pairs_fold=2)
    with pytest.raises(DataError, match="needs a class, the person's name, for every image"):
        split_of(source_of(["a"]), pairs=pairs, pairs_fold=1)
    with pytest.raises(DataError, match="pairs_fold is 1, but faces states its own splits"):
        split_of(source_of(["a"], splits=["test"]), pairs=pairs, pairs_fold=1)


@pytest.mark.parametrize(
    ("labels", "splits", "task", "message"),
    [
        ([0], ["train"], "none", r"at least 2 images, got 1 \(of 1 in all splits\)"),
        ([0, 1, 2], ["train", "val", "test"], "none", r"got 1 \(of 3 in all splits\)"),
        ([0, 0, 1], ["train", "train", "test"], "arcface", "arcface needs .* 2 classes, got 1"),
        ([-1, -1], ["train", "train"], "cross-entropy", "at least 2 classes, got 0: label"),
    ],
)
def test_refuses_to_train_on_nothing(
    labels: list[int], splits: list[str], task: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        check_trainable(np.array(labels), np.array(splits), task)


def test_lets_train_what_can_be_trained() -> None:
    both = np.array(["train", "train"])
    check_trainable(np.array([0, 1]), both, "arcface")
    check_trainable(np.array([0, 0]), both, "none")
    check_trainable(np.array([-1, -1]), both, "none")


def tracks(count: int, *, frames: int = 5) -> FileSource:
    """Frames of tracks, in two classes; a track's frames differ in their last number."""
    ids = [
        f"{track % 2}/{track:05d}_{frame:05d}.png"
        for track in range(count)
        for frame in range(frames)
    ]
    return source_of(ids, classes=[name[0] for name in ids])


def test_frames_of_one_track_stay_together() -> None:
    dealt = split_of(tracks(300), split_by="group", group_pattern=r"^(.*)_")
    splits: dict[str, set[str]] = {}
    for name, split in dealt.items():
        splits.setdefault(name.rsplit("_", 1)[0], set()).add(split)
    assert len(splits) == 300 and all(len(found) == 1 for found in splits.values())
    assert Counter(split for found in splits.values() for split in found)["test"] == pytest.approx(
        60, abs=21
    )


def test_a_group_must_be_named_for_every_image() -> None:
    source = source_of(["1/00001_1.png", "1/stray.png"])
    with pytest.raises(DataError, match=r"finds no group in the path '1/stray.png'"):
        assign_splits(source, DataConfig(root="x", split_by="group", group_pattern="^(.*)_"))


def test_too_few_groups_cannot_be_dealt() -> None:
    with pytest.raises(DataError, match="2 groups cannot be dealt to 3 splits"):
        split_of(tracks(2), split_by="group", group_pattern="^(.*)_")


def test_a_pattern_names_the_test_images() -> None:
    source = people(20)
    dealt = split_of(source, test_pattern="Person_1", split_by="class", validation_share=0.2)
    tested = {name.split("/")[0] for name, split in dealt.items() if split == "test"}
    assert tested == {"Person_1", *(f"Person_{n}" for n in range(10, 20))}
    rest = {name.split("/")[0]: split for name, split in dealt.items() if split != "test"}
    assert len(rest) == 9 and set(rest.values()) == {"train", "val"}


@pytest.mark.parametrize(("pattern", "found"), [("nobody", 0), ("Person", 80)])
def test_a_pattern_must_part_the_images(pattern: str, found: int) -> None:
    with pytest.raises(DataError, match=f"found in the paths of {found} of 80 images"):
        split_of(people(20), test_pattern=pattern)


def test_a_pattern_may_not_part_a_class_that_is_dealt_whole() -> None:
    with pytest.raises(DataError, match=r"'_0001' parts the class 'Person_0'"):
        split_of(people(20), test_pattern="_0001", split_by="class")
