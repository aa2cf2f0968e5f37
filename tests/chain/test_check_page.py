"""write_check: a page with every problem and its pictures, and lists that leave nothing out."""

import csv
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookmore.chain.check import DataCheck, check_data
from lookmore.chain.check_page import write_check
from lookmore.chain.guide import Report
from lookmore.data.config import DataConfig
from lookmore.errors import CheckpointError, DataError

VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """A page taken apart: its words, its pictures, and whether all that opens is closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.pictures: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note pictures and addresses."""
        named = dict(attrs)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag == "img":
            self.pictures.append(named["alt"] or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Insist that what closes is what opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Keep the words a reader sees."""
        if "style" not in self.open and data.strip():
            self.words.append(data.strip())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three classes with one broken file, one picture under two labels, and a bold name."""
    for name in range(3):
        folder = tmp_path / "photos" / f"class{name}"
        folder.mkdir(parents=True)
        for shot in range(4):
            pixels = np.random.default_rng(10 * name + shot).integers(0, 256, size=(30, 30, 3))
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{shot}.png")
    shutil.copy(tmp_path / "photos/class0/0.png", tmp_path / "photos/class1/<b>x&y.png")
    (tmp_path / "photos/class2/broken.jpg").write_bytes(b"\xff\xd8\xff")
    return tmp_path / "photos"


@pytest.fixture
def found(photos: Path, tmp_path: Path, quiet: Callable[[str], Report]) -> DataCheck:
    config = DataConfig(root=str(photos), side=24, cache=str(tmp_path / "cache"), leaks="allow")
    return check_data(config, reporter=quiet)


def test_faults_come_first_and_unreadable_files_beyond_the_limit_are_one(found: DataCheck) -> None:
    assert found.findings[0].name == "unreadable"
    assert found.findings[0].found == "images that cannot be read: 1 of 14"
    verdicts = [finding.verdict for finding in found.findings]
    assert verdicts == sorted(verdicts, key=("fault", "note", "fine").index)
    assert verdicts.count("fault") == 1


@pytest.mark.parametrize(("limit", "verdict"), [(0.05, "fault"), (0.1, "note")])
def test_unreadable_files_are_judged_by_the_setting_that_training_goes_by(
    photos: Path, tmp_path: Path, quiet: Callable[[str], Report], limit: float, verdict: str
) -> None:
    cache = str(tmp_path / "cache")
    config = DataConfig(root=str(photos), side=24, cache=cache, max_unreadable=limit)
    (one,) = (f for f in check_data(config, reporter=quiet).findings if f.name == "unreadable")
    assert one.verdict == verdict
    assert (f"it is {limit:g}" in one.advice) == (verdict == "fault")


@pytest.mark.parametrize(
    ("first", "second", "advice"),
    [
        ("clip_1.png", "clip_2.png", "data.split_by=group"),
        ("a.png", "b.png", "data.leaks=drop, or"),
    ],
)
def test_frames_of_one_clip_are_told_from_copies(
    tmp_path: Path, quiet: Callable[[str], Report], first: str, second: str, advice: str
) -> None:
    for split, name in (("train", first), ("test", second)):
        folder = tmp_path / "cut" / split / "thing"
        folder.mkdir(parents=True)
        pixels = np.random.default_rng(1).integers(0, 256, size=(30, 30, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / name)
    # the splits' own folders differ, so the names must be compared below them
    config = DataConfig(root=str(tmp_path / "cut"), side=24, cache=str(tmp_path / "cache"))
    leak = next(f for f in check_data(config, reporter=quiet).findings if f.name == "leaks")
    assert (leak.verdict, advice in leak.advice) == ("fault", True)


def test_mirrored_copies_are_counted_and_not_looked_at(
    photos: Path, tmp_path: Path, quiet: Callable[[str], Report]
) -> None:
    config = DataConfig(root=str(photos), side=24, cache=str(tmp_path / "cache"), leaks="allow")
    plain = check_data(config, reporter=quiet)
    found = check_data(replace(config, mirrored={"class0": "class2"}), reporter=quiet)
    assert (found.splits, found.leaks, found.problems) == (
        plain.splits,
        plain.leaks,
        plain.problems,
    )
    (told,) = (finding for finding in found.findings if finding.name == "mirrored")
    trained = [plain.pack.ids[row] for row in plain.pack.rows("train")]
    copied = sum(name.startswith(("class0/", "class2/")) for name in trained)
    assert copied and told.found.endswith(f"mirrored, too: {copied}")
    with pytest.raises(DataError, match=r"data.mirrored names the class 'class9'"):
        check_data(replace(config, mirrored={"class0": "class9"}), reporter=quiet)


def test_a_page_shows_each_problem_with_its_pictures(found: DataCheck, tmp_path: Path) -> None:
    path = write_check(tmp_path / "look", found, title="Images of <photos>")
    page = Page(path.read_text(encoding="utf-8"))
    assert page.words[0] == "Images of <photos>"
    for heading in ("What was found", "Cannot be read", "Two labels", "Sizes", "Splits"):
        assert heading in page.words
    assert "13 images of 3 classes: 1 to put right," in " ".join(page.words)
    assert {"class0/0.png", "class1/<b>x&y.png"} <= set(page.pictures)
    assert "class2/broken.jpg" in page.words


def test_a_page_fetches_nothing(found: DataCheck, tmp_path: Path) -> None:
    path = write_check(tmp_path / "look", found, title="t")
    addresses = Page(path.read_text(encoding="utf-8")).addresses
    assert addresses and all(address.startswith("data:") for address in addresses)


def test_lists_name_every_image(found: DataCheck, tmp_path: Path) -> None:
    write_check(tmp_path / "look", found, title="t")
    with (tmp_path / "look" / "problems.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["problem", "id"]
    assert ["two labels", "class1/<b>x&y.png"] in rows
    with (tmp_path / "look" / "unreadable.csv").open(encoding="utf-8", newline="") as file:
        listed = list(csv.reader(file))
    assert [line[0] for line in listed] == ["id", "class2/broken.jpg"]


def test_names_that_are_no_text_are_listed_as_they_are(
    photos: Path, tmp_path: Path, quiet: Callable[[str], Report]
) -> None:
    odd = os.fsdecode(b"\xff.png")
    (photos / "class1/<b>x&y.png").rename(photos / "class1" / odd)
    shutil.copy(photos / "class2/broken.jpg", photos / "class2" / os.fsdecode(b"\xfe.jpg"))
    config = DataConfig(root=str(photos), side=24, cache=str(tmp_path / "cache"))
    found = check_data(config, reporter=quiet)
    page = Page(write_check(tmp_path / "look", found, title="t").read_text(encoding="utf-8"))
    assert "class1/?.png" in page.pictures
    assert b"two labels,class1/\xff.png\r\n" in (tmp_path / "look/problems.csv").read_bytes()
    assert b"\nclass2/\xfe.jpg," in (tmp_path / "look/unreadable.csv").read_bytes()


def test_a_folder_that_cannot_be_made_is_an_error_of_one_line(
    found: DataCheck, tmp_path: Path
) -> None:
    (tmp_path / "taken").touch()
    with pytest.raises(CheckpointError, match=r"the folder .*taken: it is a file; choose another"):
        write_check(tmp_path / "taken", found, title="t")
    with pytest.raises(CheckpointError, match=r"the folder .*taken/look: Not a directory; choose"):
        write_check(tmp_path / "taken" / "look", found, title="t")
