"""open_manifest: CSV and Parquet say the same; nothing wrong in a table passes in silence."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
import torch

from lookmore.data.config import DataConfig
from lookmore.data.files import FileSource
from lookmore.data.images import read_image
from lookmore.data.manifest import open_manifest
from lookmore.errors import DataError, UnreadableImageError


def open_csv(folder: Path, text: str, **settings: object) -> FileSource:
    path = folder / "list.csv"
    path.write_text(text, encoding="utf-8")
    return open_manifest(DataConfig(root=str(path), **settings))


def test_csv_gives_paths_labels_and_splits(tmp_path: Path) -> None:
    source = open_csv(
        tmp_path, "path,label,split\nb/2.png,dog,train\na/1.png,cat,validation\n./c.png,,test\n"
    )
    assert source.ids == ("b/2.png", "a/1.png", "c.png")
    assert source.class_names == ("cat", "dog") and source.labels.tolist() == [1, 0, -1]
    assert source.splits == ("train", "val", "test")


def test_parquet_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet"
    columns = {"path": ["b.png", "a.png", "c.png"], "label": [10, 9, None], "extra": [0, 1, 2]}
    pa.parquet.write_table(pa.table(columns), path)
    source = open_manifest(DataConfig(root=str(path)))
    assert source.ids == ("b.png", "a.png", "c.png")
    assert source.class_names == ("9", "10") and source.labels.tolist() == [1, 0, -1]


def test_labels_keep_their_spelling(tmp_path: Path) -> None:
    source = open_csv(tmp_path, "path,label\na.png,01\nb.png,1\nc.png,NA\n")
    assert source.class_names == ("01", "1", "NA")


def test_columns_can_have_other_names(tmp_path: Path) -> None:
    source = open_csv(
        tmp_path, "file,who\na.png,Ann\n", path_column="file", label_column="who", split_column=""
    )
    assert source.ids == ("a.png",) and source.class_names == ("Ann",)


def test_without_a_label_column_nothing_is_labelled(tmp_path: Path) -> None:
    assert open_csv(tmp_path, "path\na.png\n").labels.tolist() == [-1]


def test_labels_can_be_left_unused(tmp_path: Path) -> None:
    assert open_csv(tmp_path, "path,label\na.png,x\n", label_column="").labels.tolist() == [-1]


def test_paths_are_relative_to_the_manifest(
    save_image: Callable[..., Path], tmp_path: Path
) -> None:
    near, far = save_image("lists/near.png", seed=1), save_image("far.png", seed=2)
    source = open_csv(tmp_path / "lists", f"path\nnear.png\n../far.png\n{near}\n")
    assert torch.equal(source.read(0), read_image(near))
    assert torch.equal(source.read(1), read_image(far))
    assert torch.equal(source.read(2), read_image(near))


def test_a_missing_image_is_found_out_when_read(tmp_path: Path) -> None:
    source = open_csv(tmp_path, "path\ngone.png\n")
    with pytest.raises(UnreadableImageError, match=r"gone.png cannot be read: there is no such"):
        source.read(0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,label\na.png,x\nb.png,y\n./a.png,x\n", "names a.png twice, in rows 1 and 3"),
        ("path,label\n", "lists no images"),
        ("", "cannot be read: Empty CSV"),
        ("file\na.png\n", "has no column 'path', only 'file'"),
        ("path,label\na.png,x\n,y\n", r"has no path in row 2 \(of 2\)"),
        ("path,split\na.png,train\nb.png,dev\n", "the split 'dev' in row 2: expected train"),
        ("path,path\na.png,b.png\n", "has 2 columns named 'path': keep one"),
        ("path,label\na.png,x,y\n", "cannot be read: CSV parse error: Expected 2 columns, got 3"),
    ],
)
def test_refuses_a_malformed_table(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        open_csv(tmp_path, text)
    assert "\n" not in str(caught.value)


def test_refuses_a_column_that_was_asked_for_and_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no column 'who', only 'path', 'label'"):
        open_csv(tmp_path, "path,label\na.png,x\n", label_column="who")
    with pytest.raises(DataError, match="has no column 'part', only 'path', 'label'"):
        open_csv(tmp_path, "path,label\na.png,x\n", split_column="part")


def test_refuses_labels_that_are_no_classes(tmp_path: Path) -> None:
    path = tmp_path / "list.parquet"
    pa.parquet.write_table(pa.table({"path": ["a.png"], "label": [0.5]}), path)
    with pytest.raises(DataError, match=r"must be text or a whole number, got 0\.5"):
        open_manifest(DataConfig(root=str(path)))


def test_refuses_files_that_are_no_tables(tmp_path: Path) -> None:
    for name, content in [("list.parquet", b"PAR?"), ("list.csv", b"path\n\xff\xfe\n")]:
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=f"the manifest .*{name} cannot be read: "):
            open_manifest(DataConfig(root=str(tmp_path / name)))
    with pytest.raises(DataError, match=r"gone\.csv' does not exist"):
        open_manifest(DataConfig(root=str(tmp_path / "gone.csv")))
