"""open_folder: three layouts, a fixed order, and one line for every folder that fits none."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lookmore.data.folder import open_folder
from lookmore.data.images import read_image
from lookmore.errors import DataError


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def test_class_folders_give_labels_in_natural_order(tmp_path: Path) -> None:
    touch(tmp_path, "s10/1.pgm", "s2/10.pgm", "s2/9.JPG", "s2/deeper/1.png")
    source = open_folder(tmp_path)
    assert source.ids == ("s2/9.JPG", "s2/10.pgm", "s2/deeper/1.png", "s10/1.pgm")
    assert source.class_names == ("s2", "s10")
    assert source.labels.tolist() == [0, 0, 0, 1]
    assert source.splits == ("",) * 4


def test_split_folders_give_splits_and_shared_classes(tmp_path: Path) -> None:
    touch(tmp_path, "train/a/1.png", "train/b/1.png", "validation/b/2.png", "test/a/3.png")
    source = open_folder(tmp_path)
    found = dict(
        zip(source.ids, zip(source.splits, source.labels.tolist(), strict=True), strict=True)
    )
    assert found == {
        "test/a/3.png": ("test", 0),
        "train/a/1.png": ("train", 0),
        "train/b/1.png": ("train", 1),
        "validation/b/2.png": ("val", 1),
    }


def test_loose_images_have_no_labels(tmp_path: Path) -> None:
    touch(tmp_path, "2.png", "10.png", "notes.txt")
    source = open_folder(tmp_path)
    assert source.ids == ("2.png", "10.png") and source.class_names == ()
    assert source.labels.tolist() == [-1, -1]


def test_unlabelled_split_folders_are_fine(tmp_path: Path) -> None:
    touch(tmp_path, "train/1.png", "test/2.png")
    source = open_folder(tmp_path)
    assert source.splits == ("test", "train") and source.labels.tolist() == [-1, -1]


def test_one_image_is_a_folder_of_images(tmp_path: Path) -> None:
    touch(tmp_path, "only.png")
    assert open_folder(tmp_path).ids == ("only.png",)


def test_hidden_and_other_files_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", "a/._1.png", ".cache/2.png", "a/Thumbs.db", "README.md")
    assert open_folder(tmp_path).ids == ("a/1.png",)


def test_an_empty_class_folder_is_no_class(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png")
    (tmp_path / "empty").mkdir()
    assert open_folder(tmp_path).class_names == ("a",)


def test_reads_the_image_of_an_id(save_image: Callable[..., Path], tmp_path: Path) -> None:
    path = save_image("a/1.png", seed=3)
    save_image("a/2.png", seed=4)
    assert torch.equal(open_folder(tmp_path).read(0), read_image(path))


def test_a_link_back_to_its_own_folder_ends(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png")
    os.symlink(tmp_path / "a", tmp_path / "a" / "loop")
    assert open_folder(tmp_path).ids == ("a/1.png",)


def test_linked_class_folders_are_followed(tmp_path: Path) -> None:
    touch(tmp_path, "store/1.png", "set/b/1.png")
    os.symlink(tmp_path / "store", tmp_path / "set" / "a")
    assert open_folder(tmp_path / "set").ids == ("a/1.png", "b/1.png")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], "holds no images: expected"),
        (["readme.txt"], "holds no images: expected"),
        (["a/1.png", "stray.png"], r"mixes class folders \(a\) and loose images \(stray.png\)"),
        (["train/a/1.png", "dog/1.png"], r"folders of splits \(train\) with other images \(dog\)"),
        (["train/a/1.png", "2.png"], r"folders of splits \(train\) with other images \(2.png\)"),
        (["train/a/1.png", "train/2.png"], r"mixes class folders \(a\) and loose images \(2"),
    ],
)
def test_refuses_other_layouts(tmp_path: Path, names: list[str], message: str) -> None:
    touch(tmp_path, *names)
    with pytest.raises(DataError, match=message) as caught:
        open_folder(tmp_path)
    assert "\n" not in str(caught.value)


def test_refuses_a_folder_that_is_missing_or_a_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gone' does not exist: check the path"):
        open_folder(tmp_path / "gone")
    touch(tmp_path, "file.png")
    with pytest.raises(DataError, match="is a file: name the folder"):
        open_folder(tmp_path / "file.png")


def test_refuses_a_folder_that_may_not_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Permissions do not bind root, under whom tests may run; the system's answer does.
    touch(tmp_path, "a/1.png", "closed/1.png")
    listing = os.scandir

    def refuse(folder: Path) -> object:
        if Path(folder).name == "closed":
            raise PermissionError(13, "Permission denied")
        return listing(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match="closed cannot be listed: Permission denied; check its"):
        open_folder(tmp_path)
