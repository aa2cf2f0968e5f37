"""A stranger's folder is made of whole classes of a collection, and only known ones are tried."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def script(benchmark_script: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_script("distill_choices")


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    root = tmp_path / "collection"
    for number, count in enumerate([5, 2, 9, 5, 5]):
        (root / f"class{number}").mkdir(parents=True)
        for image in range(count):
            (root / f"class{number}" / f"{image}.png").write_bytes(bytes([number, image]))
    return root


def test_classes_are_taken_evenly_spaced_and_links_lead_to_their_images(
    script: ModuleType, collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "IMAGES", 11)
    monkeypatch.setattr(script, "MOST", 6)
    folder = script.subset(collection, tmp_path / "few")
    assert sorted(place.name for place in folder.iterdir()) == ["class0", "class3"]
    assert len(list((folder / "class0").iterdir())) == 5
    assert (folder / "class3" / "4.png").read_bytes() == bytes([3, 4])


def test_small_classes_are_left_out_and_large_ones_cut(
    script: ModuleType, collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "MOST", 6)
    folder = script.subset(collection, tmp_path / "all")
    assert {place.name: len(list(place.iterdir())) for place in folder.iterdir()} == {
        "class0": 5,
        "class2": 6,
        "class3": 5,
        "class4": 5,
    }


@pytest.mark.parametrize("words", [[], ["birds=somewhere"]])
def test_only_collections_that_it_knows_how_to_try(script: ModuleType, words: list[str]) -> None:
    with pytest.raises(SystemExit, match="NAME among faces, signs, cars"):
        script.main(words)
