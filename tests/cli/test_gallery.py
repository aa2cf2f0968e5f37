"""lookmore index, gallery and search, from outside: a trained run, people, probes, answers."""

import json
import re
import runpy
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

import lookmore
from lookmore.checkpoint.thresholds import Threshold, write_thresholds
from lookmore.search import Gallery, list_people, open_enroller

Command = Callable[..., Any]
PEOPLE = [f"person{name}" for name in range(10)]


@pytest.fixture(scope="module")
def trained(
    tmp_path_factory: pytest.TempPathFactory,
    run_in: Callable[..., None],
    photograph: Callable[..., None],
) -> Path:
    """Ten people of six pictures, and a run that has learnt from them for two steps."""
    here = tmp_path_factory.mktemp("here")
    photograph(here / "photos", *PEOPLE)
    run_in(
        here, "distill", "--data", "photos", "--task", "face", "--side", "8", "--smoke",
        "--out", "run", "data.side=32", "data.leaks=allow", "machine.threads=1",
        "evaluate.controls=[]", "teacher_training.stream.backbone=nano",
        "assistant.stream.backbone=nano", "student.stream.backbone=nano",
    )  # fmt: skip
    return here


@pytest.fixture
def command(
    trained: Path, tmp_path: Path, run_here: Command, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Run a command in a folder of its own, beside the run and the photographs."""
    for name in ("run", "photos"):
        shutil.copytree(trained / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    return run_here


@pytest.fixture
def probes(command: Command) -> list[str]:
    """Two people's pictures at eight pixels."""
    found = []
    for name in (3, 7):
        with Image.open(f"photos/person{name}/0.png") as image:
            image.resize((8, 8), Image.Resampling.BICUBIC).save(f"probe{name}.png")
        found.append(f"probe{name}.png")
    return found


def calibrate(run: str, *, at: float, far: float = 0.01) -> None:
    """Thresholds as ``lookmore calibrate`` keeps them; a smoked run has nobody to ask."""
    facts = lookmore.load(run).facts
    rule = Threshold(
        far=far, probe_side=8, gallery="teacher", threshold=at, low=at, high=at, realised_far=0.01,
        impostor_pairs=1000, genuine_pairs=100, tar=0.5, degradation="bicubic",
        selected_on="validation",
    )  # fmt: skip
    write_thresholds(Path(run) / "student", [rule], weights_sha256=facts["weights_sha256"])


def test_photographs_become_a_gallery_that_is_searched(command: Command, probes: list[str]) -> None:
    made = command("index", "run", "photos", "--out", "faces")
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines() == [
        "People: 10, images: 60, one vector each",
        "Embedded through: the teacher, trained",
        f"For the student of: {Path('run').resolve()} "
        f"({lookmore.load('run').facts['weights_sha256'][:8]})",
        "Searched: compared with everyone (exact)",
        "Gallery: faces",
    ]
    found = command("search", "faces", *probes, "-k", "3", "--json", "--out", "m.png")
    assert found.returncode == 0, found.stderr
    answers = json.loads(found.stdout)
    gallery, student = Gallery.open("faces"), lookmore.load("run")
    expected = gallery.search(student.embed(probes), 3)
    assert [answer["image"] for answer in answers] == probes
    assert [[m["person"] for m in answer["matches"]] for answer in answers] == [
        list(row) for row in expected.people
    ]
    assert {answer["side"] for answer in answers} == {8}
    assert all(Path(m["image"]).is_file() for answer in answers for m in answer["matches"])
    with Image.open("m.png") as picture:
        assert picture.height > 600


def test_without_thresholds_the_way_to_one_is_shown(command: Command, probes: list[str]) -> None:
    command("index", "run", "photos", "--out", "faces")
    found = command("search", "faces", *probes)
    assert found.returncode == 0, found.stderr
    last = found.stdout.splitlines()[-1]
    assert last.startswith("No decision: nobody calibrated this student. Run: lookmore calibrate ")
    assert last.endswith("/run --far 1e-2")
    assert "accepted" not in found.stdout


def test_matches_are_decided_at_the_threshold(command: Command, probes: list[str]) -> None:
    command("index", "run", "photos", "--out", "faces")
    for at, verdict in ((-1.0, "accepted (>= -1.000)"), (1.0, "no (< 1.000)")):
        calibrate("run", at=at)
        found = command("search", "faces", probes[0])
        assert found.stdout.count(verdict) == 5
    assert found.stdout.splitlines()[-2:] == [
        "8 px probes are decided by the threshold of 8 px (bicubic).",
        "False accept rate 0.01 in one comparison: among 10 people, a stranger is taken for one of "
        "them in up to 10 % of searches.",
    ]


def test_a_folder_of_probes_is_searched_whole(command: Command) -> None:
    command("index", "run", "photos", "--out", "faces")
    found = command("search", "faces", "photos/person3", "--json", "-k", "1")
    assert len(json.loads(found.stdout)) == 6


def test_people_come_and_go(command: Command) -> None:
    shutil.move("photos/person9", "late")
    assert command("index", "run", "photos", "--out", "faces").returncode == 0
    images = [str(path) for path in sorted(Path("late").iterdir())]
    added = command("gallery", "add", "faces", *images[:4], "--person", "Late Comer")
    assert added.returncode == 0, added.stderr
    assert added.stdout.splitlines()[0] == "Added: 4 images; replaced: 0"
    again = command("gallery", "add", "faces", *images[2:], "--person", "Late Comer")
    assert again.stdout.splitlines()[0] == "Added: 2 images; replaced: 2"
    shown = command("gallery", "show", "faces")
    assert shown.stdout.splitlines()[:2] == ["Late Comer: 6 images", "person0: 6 images"]
    removed = command("gallery", "remove", "faces", "Late Comer", "person0")
    assert removed.stdout.splitlines()[0] == "Removed: Late Comer, person0"
    facts = json.loads(command("gallery", "show", "faces", "--json").stdout)
    assert sorted(facts["images_of"]) == PEOPLE[1:9]


def test_an_added_folder_is_as_if_it_had_been_there(command: Command) -> None:
    Path("later").mkdir()
    shutil.move("photos/person9", "later/person9")
    command("index", "run", "photos", "--out", "grown")
    assert command("gallery", "add", "grown", "later").returncode == 0
    shutil.copytree("later/person9", "photos/person9")
    command("index", "run", "photos", "--out", "whole")
    probes = lookmore.load("run").embed(sorted(Path("photos").glob("*/0.png")))
    grown, whole = (Gallery.open(name).search(probes) for name in ("grown", "whole"))
    assert grown.people == whole.people
    np.testing.assert_allclose(grown.similarity, whole.similarity, atol=1e-5)


def test_embeddings_that_exist_already_are_imported(command: Command, probes: list[str]) -> None:
    """Four lines of a face_recognition user; here the teacher's own answers, as it gave them."""
    student, enroller = lookmore.load("run"), open_enroller("run")
    entries = enroller.enrol(list_people("photos")).entries
    placed = Gallery.build("made", entries, space=enroller.space)
    np.save(
        "known.npy", 1.7 * entries.embeddings.astype(np.float64) + student.guide_space.mean.numpy()
    )
    Path("known.txt").write_text("\n".join(entries.people))
    made = command("index", "run", "known.npy", "--out", "imported")
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[0] == "People: 10, images: 60, one vector each"
    found = Gallery.open("imported").search(student.embed(probes))
    expected = placed.search(student.embed(probes))
    assert found.people == expected.people
    np.testing.assert_allclose(found.similarity, expected.similarity, atol=1e-5)
    picture = command("search", "imported", *probes, "--out", "m.png")
    assert picture.returncode == 0 and Path("m.png").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("index", "nowhere", "photos", "--out", "x"), "no finished checkpoint in nowhere"),
        (("index", "run", "nowhere", "--out", "x"), "data.root 'nowhere' does not exist"),
        (("index", "run", "photos", "--out", "photos"), "photos is no gallery and holds other"),
        (("index", "run", "photos", "--out", "x", "--kind", "lsh"), "--kind must be one of auto"),
        (("index", "run", "photos", "--out", "x", "--through", "me"), "--through must be teacher"),
        (("index", "run", "photos", "--out", "x", "--images", "y"), "--images is for imported"),
        (("index", "run", "photos", "--out", "x", "--split", "val"), "photos has no images of the"),
        (("search", "nowhere", "p.png"), "no gallery in nowhere: make one with 'lookmore index'"),
        (("gallery", "remove", "nowhere", "ann"), "no gallery in nowhere"),
    ],
)
def test_what_cannot_be_is_one_line_and_writes_nothing(
    command: Command, arguments: tuple[str, ...], message: str
) -> None:
    before = sorted(Path().rglob("*"))
    found = command(*arguments)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.splitlines()[-1].startswith(f"lookmore: {message}"), found.stderr
    assert sorted(Path().rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("index", "run", "photos", "--out", "faces"), "faces already holds a gallery of 10"),
        (("search", "faces", "gone.png"), "gone.png cannot be read"),
        (("search", "faces", "probe3.png", "--out", "m.jpg"), "--out must end in .png"),
        (("search", "faces", "probe3.png", "--run", "gone"), "no finished checkpoint in gone"),
        (("gallery", "add", "faces", "probe3.png", "probe7.png"), "several images need a name"),
        (("gallery", "remove", "faces", "person"), "nobody in the gallery is called 'person'"),
    ],
)
def test_what_does_not_fit_a_gallery_is_one_line_and_leaves_it(
    command: Command, probes: list[str], arguments: tuple[str, ...], message: str
) -> None:
    assert command("index", "run", "photos", "--out", "faces").returncode == 0
    before = {path: path.read_bytes() for path in Path("faces").rglob("*") if path.is_file()}
    found = command(*arguments)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.splitlines()[-1].startswith(f"lookmore: {message}"), found.stderr
    assert before == {p: p.read_bytes() for p in Path("faces").rglob("*") if p.is_file()}


def test_a_run_that_has_moved_is_named_by_hand(command: Command, probes: list[str]) -> None:
    command("index", "run", "photos", "--out", "faces")
    Path("run").rename("elsewhere")
    found = command("search", "faces", probes[0])
    assert found.returncode == 1
    assert "was made for is not at" in found.stderr and "--run" in found.stderr
    assert command("search", "faces", probes[0], "--run", "elsewhere").returncode == 0


def test_unreadable_images_are_named_and_left_out(command: Command) -> None:
    Path("photos/person3/0.png").write_text("no image")
    refused = command("index", "run", "photos", "--out", "faces")
    assert refused.returncode == 1 and not Path("faces").exists()
    made = command("index", "run", "photos", "--out", "faces", "--max-unreadable", "0.1")
    assert made.returncode == 0
    assert "Left out" in made.stderr and "person3/0.png" in made.stderr
    assert made.stdout.splitlines()[0] == "People: 10, images: 59, one vector each"


def test_a_gallery_by_faiss_tells_its_recall(command: Command, probes: list[str]) -> None:
    made = command("index", "run", "photos", "--out", "faces", "--kind", "hnsw", "--each")
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[0] == "People: 10, images: 60, a vector for each image"
    assert "Searched: by FAISS, HNSW" in made.stdout
    assert "Recall against exact search: 1.000 @ 1, 1.000 @ 10" in made.stdout
    flat = command("index", "run", "photos", "--out", "flat", "--each")
    assert flat.returncode == 0
    answers = [
        json.loads(command("search", n, *probes, "--json").stdout) for n in ("faces", "flat")
    ]
    assert answers[0] == answers[1]


def test_the_picture_of_the_page_is_made_by_its_script(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "matches.png"
    monkeypatch.setattr(sys, "argv", ["make", str(trained / "run"), "--out", str(out)])
    script = Path(__file__).parents[2] / "docs" / "make_gallery_figure.py"
    runpy.run_path(str(script), run_name="__main__")
    page = script.parent / "figures" / "gallery-matches.png"
    with Image.open(out) as made, Image.open(page) as shown:
        assert made.size == shown.size


def commands_of_the_page() -> list[str]:
    """Each ``lookmore`` command of docs/gallery.md, in order."""
    page = Path(__file__).parents[2] / "docs" / "gallery.md"
    blocks = re.findall(r"^```bash\n(.*?)^```$", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("lookmore ")]


def test_the_commands_of_the_page_run_from_top_to_bottom(
    command: Command, probes: list[str]
) -> None:
    Path("runs").mkdir()
    Path("run").rename("runs/photos-face-16px")
    for number, name in enumerate(probes, start=1):
        shutil.copy(name, f"crop{number}.png")
        shutil.copy(name, f"door{number}.jpg")
    Path("crops").mkdir()
    shutil.copy("crop1.png", "crops/1.png")
    Path("more-photos/late").mkdir(parents=True)
    shutil.copy("photos/person9/5.png", "more-photos/late/5.png")
    width = len(lookmore.load("runs/photos-face-16px").guide_space.mean)
    known = np.random.default_rng(0).standard_normal((3, width))
    np.save("known.npy", known)
    Path("known.txt").write_text("ann\nbob\nann\n")
    ids = [f"person{person}/0.png" for person in range(3)]
    pq.write_table(pa.table({"id": ids, "embedding": known.tolist()}), "known.parquet")

    wanted = commands_of_the_page()
    assert len(wanted) >= 10
    for line in wanted:
        words = shlex.split(line)[1:]
        if words[0] == "calibrate":  # measures validation people, of whom a smoked run has none
            calibrate(words[1], at=0.5, far=float(words[-1]))
            continue
        found = command(*words)
        assert found.returncode == 0, f"{line}: {found.stderr}"
    assert Path("matches.png").is_file()
