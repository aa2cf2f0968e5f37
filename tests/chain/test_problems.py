"""problems_of: each kind of trouble is found, with the images that show it, and nothing else is."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookmore.chain.problems import Problem, problems_of
from lookmore.data.config import DataConfig
from lookmore.data.pack import build_pack
from lookmore.data.sources import open_source

Look = Callable[..., dict[str, Problem]]


def noise(seed: int, width: int = 40, height: int = 40) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, size=(height, width, 3))
    return Image.fromarray(pixels.astype(np.uint8))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of four pictures, with nothing wrong."""
    for name in ("anna", "bert"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for shot in range(4):
            noise(10 * ord(name[0]) + shot).save(tmp_path / "photos" / name / f"{shot}.png")
    return tmp_path / "photos"


@pytest.fixture
def look(photos: Path, tmp_path: Path) -> Look:
    """Returns problems by name, and can be told settings of ``data``."""

    def problems(**settings: object) -> dict[str, Problem]:
        values = {"side": 32, "cache": str(tmp_path / "cache"), "max_unreadable": 1, **settings}
        config = DataConfig(root=str(photos), **values)  # type: ignore[arg-type]
        source = open_source(config)
        pack = build_pack(source, config)
        found = problems_of(pack, source, config)
        for problem in found:  # rows are of this pack
            assert all(0 <= row < len(pack.ids) for row in problem.rows)
        problems.ids = pack.ids  # type: ignore[attr-defined]
        return {problem.finding.name: problem for problem in found}

    return problems


def shown(look: Look, problem: Problem) -> list[str]:
    """Names of the images that show a problem, in order."""
    return [look.ids[row] for row in problem.rows]  # type: ignore[attr-defined]


def test_a_sound_folder_has_nothing_but_its_formats(look: Look) -> None:
    found = look()
    assert list(found) == ["formats"]
    assert found["formats"].finding.found == "8 PNG"


def test_tiny_images_are_shown_smallest_first(look: Look, photos: Path) -> None:
    noise(1, 15, 30).save(photos / "anna" / "a.png")
    noise(2, 9, 3).save(photos / "anna" / "b.png")
    tiny = look()["tiny"]
    assert shown(look, tiny) == ["anna/b.png", "anna/a.png"]
    assert tiny.finding.found == "2 images (20 %) with a side below 16 px, down to 3"


def test_images_that_are_mostly_scaled_up_are_a_note(look: Look) -> None:
    assert "scaled up" not in look(side=40)
    found = look(side=64)["scaled up"].finding
    assert found.found == "8 images (100 %) smaller than data.side=64"
    assert found.advice.startswith("half of them are below 40 px")


@pytest.mark.parametrize(
    ("fit", "advice"),
    [("crop", "leaves most of them out"), ("squash", "squashed"), ("pad", "edges")],
)
def test_oblong_images_are_told_what_their_fit_does(
    look: Look, photos: Path, fit: str, advice: str
) -> None:
    noise(1, 89, 30).save(photos / "anna" / "nearly.png")
    noise(2, 30, 90).save(photos / "anna" / "tall.png")
    oblong = look(fit=fit)["oblong"]
    assert shown(look, oblong) == ["anna/tall.png"]
    assert advice in oblong.finding.advice


def test_blank_images_are_found_in_any_batch(look: Look, photos: Path) -> None:
    Image.new("RGB", (40, 40), (10, 80, 30)).save(photos / "bert" / "blank.png")
    assert shown(look, look()["blank"]) == ["bert/blank.png"]


def test_one_picture_in_two_classes_is_a_note_and_in_one_class_is_not(
    look: Look, photos: Path
) -> None:
    shutil.copy(photos / "anna" / "0.png", photos / "bert" / "copy.png")
    shutil.copy(photos / "anna" / "1.png", photos / "anna" / "again.png")
    found = look()
    assert shown(look, found["two labels"]) == ["anna/0.png", "bert/copy.png"]
    assert found["two labels"].finding.verdict == "note"
    assert sorted(shown(look, found["copies"])) == ["anna/1.png", "anna/again.png"]
    assert found["copies"].finding.verdict == "fine"
    assert found["copies"].finding.found.startswith("1 image (10 %)")


def test_classes_of_one_image_are_counted(look: Look, photos: Path) -> None:
    (photos / "cleo").mkdir()
    noise(1).save(photos / "cleo" / "0.png")
    single = look()["single images"]
    assert single.finding.found == "classes with a single image: 1 of 3"
    assert shown(look, single) == ["cleo/0.png"]


def test_a_class_that_outweighs_the_others_is_named(look: Look, photos: Path) -> None:
    for name in ("cleo", "dora"):
        (photos / name).mkdir()
        noise(ord(name[0])).save(photos / name / "0.png")
        noise(ord(name[0]) + 9).save(photos / name / "1.png")
    for shot in range(4, 60):
        noise(5000 + shot, 20, 20).save(photos / "anna" / f"{shot}.png")
    assert look()["uneven classes"].finding.found == "'anna' has 60 images, the middle class 3"


@pytest.mark.parametrize("name", ["Anna", "an na", "Ánna"])
def test_names_that_differ_by_spelling_only_are_told(look: Look, photos: Path, name: str) -> None:
    (photos / name).mkdir()
    for shot in range(2):
        noise(70 + shot).save(photos / name / f"{shot}.png")
    assert repr(name) in look()["namesakes"].finding.found


def test_formats_that_are_converted_are_shown(look: Look, photos: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 3
    noise(1).convert("L").save(photos / "anna" / "grey.png")
    noise(2).convert("CMYK").save(photos / "anna" / "print.jpg")
    noise(3).save(photos / "anna" / "turned.jpg", exif=exif)
    found = look()
    assert shown(look, found["grey"]) == ["anna/grey.png"]
    assert shown(look, found["CMYK"]) == ["anna/print.jpg"]
    assert shown(look, found["turned"]) == ["anna/turned.jpg"]
    assert {found[name].finding.verdict for name in ("grey", "CMYK", "turned")} == {"fine"}
