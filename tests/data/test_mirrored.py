"""data.mirrored: training images once more, mirrored, under the class that a mirror shows."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lookmore.data.config import DataConfig
from lookmore.data.files import FileSource
from lookmore.data.folder import open_folder
from lookmore.data.mirrored import MirroredSource, mirror_labels
from lookmore.data.pack import build_pack
from lookmore.data.splits import assign_splits
from lookmore.errors import DataError

SaveImage = Callable[..., Path]
CURVES = {"left": "right", "ahead": "ahead"}


@pytest.fixture
def signs(save_image: SaveImage) -> FileSource:
    """Eight images each of four signs, one of which no mirror turns into another."""
    for number in range(32):
        name = ("ahead", "left", "right", "stop")[number % 4]
        path = save_image(f"signs/{name}/{number}.png", seed=number)
    return open_folder(path.parents[1])


@pytest.fixture
def config(tmp_path: Path) -> DataConfig:
    return DataConfig(root="signs", side=8, cache=str(tmp_path / "cache"))


def test_each_training_image_of_a_named_class_is_there_mirrored_and_nothing_else(
    signs: FileSource, config: DataConfig
) -> None:
    plain = build_pack(signs, config)
    pack = build_pack(signs, replace(config, mirrored=CURVES))
    own = len(plain.ids)
    assert pack.ids[:own] == plain.ids and pack.class_names == plain.class_names
    assert np.array_equal(pack.images[:own], plain.images)
    assert pack.splits[:own].tolist() == plain.splits.tolist()
    becomes = {"left": "right", "right": "left", "ahead": "ahead"}
    named = [plain.class_names[label] in becomes for label in plain.labels]
    (expected,) = np.nonzero((plain.splits == "train") & named)
    assert len(expected) and pack.ids[own:] == tuple(f"mirrored:{plain.ids[i]}" for i in expected)
    assert set(pack.splits[own:]) == {"train"}
    for row, original in enumerate(expected, start=own):
        assert torch.equal(pack.batch(np.array([row])), plain.batch(np.array([original])).flip(-1))
        seen = plain.class_names[plain.labels[original]]
        assert pack.class_names[pack.labels[row]] == becomes[seen]
    assert len(set(pack.keys.tolist())) == len(pack.ids)


def test_images_are_decoded_anew_when_others_are_copied(
    signs: FileSource, config: DataConfig
) -> None:
    for mirrored in ({}, CURVES, {"left": "right"}):
        build_pack(signs, replace(config, mirrored=mirrored))
    assert len(list(Path(config.cache).glob("pack-*"))) == 3


def test_without_labels_nothing_is_copied(save_image: SaveImage) -> None:
    for number in range(4):
        path = save_image(f"left/{number}.png", seed=number)
    save_image("right/0.png", seed=9)
    source = open_folder(path.parents[1])
    unlabelled = FileSource.of(
        root=source.root, ids=source.ids, classes=["left", "", "", "", "right"], splits=[""] * 5
    )
    splits = np.array(["train"] * 5)
    copied = MirroredSource(unlabelled, splits, {"left": "right"})
    assert copied.ids[5:] == ("mirrored:left/0.png", "mirrored:right/0.png")
    assert copied.labels[5:].tolist() == [1, 0]


def test_pairs_are_named_either_way_round() -> None:
    names = ("a", "b", "c")
    assert mirror_labels(names, {"c": "a"}).tolist() == [2, -1, 0]
    assert mirror_labels(names, {"a": "c", "c": "a", "b": "b"}).tolist() == [2, 1, 0]
    assert mirror_labels(names, {}).tolist() == [-1, -1, -1]


@pytest.mark.parametrize(
    ("mirrored", "message"),
    [
        ({"lefd": "right"}, "data.mirrored names the class 'lefd', .*did you mean 'left'"),
        ({"left": "36"}, "names the class '36', .*known: ahead, left, right, stop .*in quotes"),
    ],
)
def test_a_class_that_is_not_there_is_refused(
    signs: FileSource, config: DataConfig, mirrored: dict[str, str], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        MirroredSource(signs, assign_splits(signs, config), mirrored)
