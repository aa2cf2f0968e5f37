"""The examples run as their first lines say, and are short."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import lookmore
from lookmore.checkpoint.checkpoint import Checkpoint, save_checkpoint
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.teachers.space import GuideSpace

EXAMPLES = Path(__file__).parents[2] / "examples"


def run_example(name: str, *words: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a script as the command line would, within this process."""
    path = EXAMPLES / name
    monkeypatch.setattr("sys.argv", [str(path), *map(str, words)])
    with torch.random.fork_rng(devices=[]):
        runpy.run_path(str(path), run_name="__main__")


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, size=(40, 32, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run folder with an untrained student, whose teacher's mean is not zero."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        stream = build_stream(StreamConfig(backbone="nano"), side=16, width=8, classes=0).eval()
    facts = {"role": "student", "recipe": {"data": {"fit": "crop"}}, "class_names": []}
    save_checkpoint(
        tmp_path / "run" / "student",
        Checkpoint(stream=stream, guide_space=GuideSpace(mean=torch.full((8,), 0.5)), facts=facts),
    )
    return tmp_path / "run"


def test_examples_are_flat_and_short() -> None:
    paths = sorted(EXAMPLES.glob("*.py"))
    assert [path.name for path in paths] == ["degrade.py", "foreign_loop.py", "own_gallery.py"]
    assert max(len(path.read_text(encoding="utf-8").splitlines()) for path in paths) < 70


def test_the_losses_fall_in_a_foreign_loop(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_example("foreign_loop.py", monkeypatch=monkeypatch)
    totals = [float(total) for total in re.findall(r"total (\S+)", capsys.readouterr().out)]
    assert len(totals) == 4
    assert totals[-1] < totals[0] / 2


def test_an_own_gallery_is_searched(
    run: Path,
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The student's own answer, shifted by the mean as a teacher's would be, is the nearest.
    answer = lookmore.load(run).embed([picture])[0]
    gallery = np.stack([-answer, answer, np.roll(answer, 3)]) * 7 + 0.5
    np.save(tmp_path / "gallery.npy", gallery.astype(np.float32))
    (tmp_path / "gallery.txt").write_text("opposite\nright\nother\n", encoding="utf-8")
    run_example(
        "own_gallery.py", run, tmp_path / "gallery.npy", picture, "-k", 2, monkeypatch=monkeypatch
    )
    assert capsys.readouterr().out.startswith(f"{picture}: right (1.000), other (")


def test_a_gallery_without_an_id_for_each_row_is_refused(
    run: Path,
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    np.save(tmp_path / "gallery.npy", np.ones((2, 8), np.float32))
    (tmp_path / "gallery.txt").write_text("one\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        run_example(
            "own_gallery.py", run, tmp_path / "gallery.npy", picture, monkeypatch=monkeypatch
        )
    assert "holds 2 embeddings for 1 ids" in capsys.readouterr().err


def test_a_strip_of_degradations_is_written(
    picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "strip.png"
    run_example("degrade.py", picture, out, "--sides", 8, 16, monkeypatch=monkeypatch)
    with Image.open(out) as strip:
        assert strip.size == (3 * 112, 5 * 112)  # the sharp image and two sides; five ways
        pixels = np.asarray(strip)
    blocks = pixels[:112, 112:224].reshape(8, 14, 8, 14, 3)
    assert (blocks == blocks[:, :1, :, :1]).all()  # eight pixels a side, each a block of 14
    assert not np.array_equal(pixels[:112], pixels[112:224])
