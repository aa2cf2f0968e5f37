"""open_huggingface: saved data sets, Parquet and tar shards open alike, offline, undecoded."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from lookmore.data.config import DataConfig
from lookmore.data.huggingface import open_huggingface
from lookmore.data.images import read_image
from lookmore.errors import DataError, UnreadableImageError

MakeConfig = Callable[..., DataConfig]


@pytest.fixture(scope="session")
def datasets() -> ModuleType:
    import datasets

    return datasets


@pytest.fixture
def make_config(tmp_path: Path) -> MakeConfig:
    def make(**settings: object) -> DataConfig:
        return DataConfig(
            **{"root": str(tmp_path / "set"), "cache": str(tmp_path / "cache"), **settings}
        )

    return make


def png(value: int) -> bytes:
    """A grey image of 4 x 4 pixels."""
    stream = io.BytesIO()
    Image.fromarray(np.full((4, 4), value, dtype=np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def values_of(source: object, count: int) -> list[int]:
    return [int(source.read(index)[0, 0, 0]) for index in range(count)]


def table(datasets: ModuleType, values: list[int], label: object, labels: list[object]) -> object:
    features = datasets.Features({"image": datasets.Image(), "label": label})
    images = [{"bytes": png(value), "path": None} for value in values]
    return datasets.Dataset.from_dict({"image": images, "label": labels}, features=features)


def test_saved_splits_become_splits(
    datasets: ModuleType, tmp_path: Path, make_config: MakeConfig
) -> None:
    names = datasets.ClassLabel(names=["dog", "cat", "cow"])
    parts = {
        "train": table(datasets, [1, 2, 3], names, [0, 1, -1]),
        "validation": table(datasets, [4], names, [2]),
    }
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "set")
    source = open_huggingface(make_config())
    assert source.ids == ("train/0", "train/1", "train/2", "validation/0")
    assert source.splits == ("train", "train", "train", "val")
    assert source.class_names == ("cat", "cow", "dog")
    assert source.labels.tolist() == [2, 0, -1, 1]
    assert values_of(source, 4) == [1, 2, 3, 4]


def test_a_saved_set_without_splits_states_none(
    datasets: ModuleType, tmp_path: Path, make_config: MakeConfig
) -> None:
    table(datasets, [5, 6], datasets.Value("string"), ["b", None]).save_to_disk(tmp_path / "set")
    source = open_huggingface(make_config())
    assert source.ids == ("0", "1") and source.splits == ("", "")
    assert source.class_names == ("b",) and source.labels.tolist() == [0, -1]
    assert values_of(source, 2) == [5, 6]


def test_rows_that_were_shuffled_keep_image_and_label_together(
    datasets: ModuleType, tmp_path: Path, make_config: MakeConfig
) -> None:
    whole = table(datasets, [10, 11, 12, 13], datasets.Value("int64"), [10, 11, 12, 13])
    whole.select([3, 0, 2]).save_to_disk(tmp_path / "set")
    source = open_huggingface(make_config())
    names = [source.class_names[label] for label in source.labels]
    assert names == ["13", "10", "12"] and values_of(source, 3) == [13, 10, 12]


def test_parquet_shards_open_and_keep_their_fingerprint(
    datasets: ModuleType, tmp_path: Path, make_config: MakeConfig
) -> None:
    folder = tmp_path / "set" / "data"
    folder.mkdir(parents=True)
    for name, values in [("train", [1, 2]), ("test", [3])]:
        part = table(datasets, values, datasets.Value("int64"), values)
        part.to_parquet(folder / f"{name}-00000-of-00001.parquet")
    source = open_huggingface(make_config())
    assert source.splits == ("train", "train", "test") and values_of(source, 3) == [1, 2, 3]
    assert open_huggingface(make_config()).fingerprint() == source.fingerprint()
    only = open_huggingface(make_config(dataset_split="test"))
    assert only.ids == ("test/0",) and only.fingerprint() != source.fingerprint()
    assert (tmp_path / "cache" / "huggingface").is_dir()


def test_tar_shards_open_with_their_own_column_names(
    datasets: ModuleType, tmp_path: Path, make_config: MakeConfig
) -> None:
    (tmp_path / "set").mkdir()
    with tarfile.open(tmp_path / "set" / "0000.tar", "w") as shard:
        for row, value in enumerate([20, 30]):
            for suffix, content in [("png", png(value)), ("cls", str(row).encode())]:
                info = tarfile.TarInfo(f"{row:04d}.{suffix}")
                info.size = len(content)
                shard.addfile(info, io.BytesIO(content))
    source = open_huggingface(make_config(image_column="png", label_column="cls"))
    assert values_of(source, 2) == [20, 30] and source.labels.tolist() == [0, 1]
    assert source.splits == ("", "")  # "train" only because everything is called so


def test_decoding_is_ours(datasets: ModuleType, tmp_path: Path, make_config: MakeConfig) -> None:
    features = datasets.Features({"image": datasets.Image()})
    cells = [{"bytes": b"no image", "path": None}, {"bytes": png(9), "path": None}, None]
    datasets.Dataset.from_dict({"image": cells}, features=features).save_to_disk(tmp_path / "set")
    source = open_huggingface(make_config())
    assert torch.equal(source.read(1), read_image(png(9)))
    with pytest.raises(UnreadableImageError, match=r"^0 cannot be read: it is not an image"):
        source.read(0)
    with pytest.raises(UnreadableImageError, match=r"^2 cannot be read: its cell is empty"):
        source.read(2)
    with pytest.raises(IndexError, match="there are 3 images, asked for number 3"):
        source.read(3)


def test_refuses_names_that_do_not_exist(
    datasets: ModuleType, tmp_path: Path, make_config: MakeConfig
) -> None:
    table(datasets, [1], datasets.Value("int64"), [1]).save_to_disk(tmp_path / "set")
    for settings, message in [
        ({"dataset_split": "dev"}, r"data\.dataset_split names 'dev', but .* has ''"),
        ({"image_column": "img"}, r"data\.image_column is 'img', but .* 'image', 'label'"),
        ({"image_column": "label"}, r"data\.image_column 'label' of .* holds no images"),
        ({"label_column": "who"}, r"data\.label_column is 'who', but .* 'image', 'label'"),
        ({"root": str(tmp_path / "gone")}, "gone' does not exist"),
    ]:
        with pytest.raises(DataError, match=message):
            open_huggingface(make_config(**settings))


def test_a_hub_that_cannot_be_reached_is_one_line(
    datasets: ModuleType, monkeypatch: pytest.MonkeyPatch, make_config: MakeConfig
) -> None:
    def refuse(name: str) -> None:
        raise ConnectionError(f"no route\nto {name}")

    monkeypatch.setattr(datasets, "load_dataset", refuse)
    with pytest.raises(DataError) as caught:
        open_huggingface(make_config(root="hf://someone/faces"))
    assert str(caught.value) == (
        "data.root 'hf://someone/faces' cannot be opened: no route to someone/faces"
    )


def test_leaves_the_progress_bars_as_they_were(
    datasets: ModuleType, tmp_path: Path, make_config: MakeConfig
) -> None:
    table(datasets, [1], datasets.Value("int64"), [1]).save_to_disk(tmp_path / "set")
    before = datasets.are_progress_bars_disabled()
    open_huggingface(make_config())
    assert datasets.are_progress_bars_disabled() == before
