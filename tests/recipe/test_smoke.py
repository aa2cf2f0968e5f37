"""Every recipe runs two steps of each stage, from its images to its report."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import lookmore
from lookmore.cli.main import main
from lookmore.evaluate.rows import read_rows
from lookmore.recipe.load import load_recipe

ROOT = Path(__file__).parents[2]
PACKAGED = Path(lookmore.__file__).parent / "recipe"
RECIPES = sorted([*ROOT.glob("recipes/**/*.yaml"), *PACKAGED.glob("*.yaml")])
PEOPLE = 16


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Pictures in the layout of LFW, with a pairs file of two folds."""
    lines = ["2\t4"]
    for person in range(PEOPLE):
        name = f"Person_{person:02d}"
        folder = tmp_path / "images" / name
        folder.mkdir(parents=True)
        look = np.random.default_rng(person).integers(0, 255, size=(7, 7, 3))
        for shot in (1, 2):
            noise = np.random.default_rng(99 * person + shot).normal(0, 9, size=(112, 112, 3))
            pixels = (np.kron(look, np.ones((16, 16, 1))) + noise).clip(0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{name}_{shot:04d}.jpg")
    for fold in (0, 1):
        people = [f"Person_{4 * fold + i:02d}" for i in range(4)]
        lines += [f"{name}\t1\t2" for name in people]
        lines += [f"{people[i]}\t1\t{people[(i + 1) % 4]}\t2" for i in range(4)]
    (tmp_path / "pairs.txt").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.fixture
def signs(tmp_path: Path) -> Path:
    """Small pictures of eight classes, five tracks of two frames each, as CLASS/TRACK_FRAME.png."""
    for kind in range(8):
        folder = tmp_path / "signs" / f"{kind:02d}"
        folder.mkdir(parents=True)
        look = np.random.default_rng(kind).integers(0, 255, size=(7, 7, 3))
        for track in range(5):
            for frame in (0, 1):
                noise = np.random.default_rng([kind, track, frame]).normal(0, 9, size=(28, 28, 3))
                pixels = (np.kron(look, np.ones((4, 4, 1))) + noise).clip(0, 255)
                image = Image.fromarray(pixels.astype(np.uint8))
                image.save(folder / f"{track:05d}_{frame:05d}.png")
    return tmp_path / "signs"


@pytest.fixture
def things(signs: Path, tmp_path: Path) -> Path:
    """The same in stated splits: train/CLASS and test/CLASS."""
    for path in signs.glob("*/*.png"):
        split = "test" if path.name < "00002" else "train"
        to = tmp_path / "things" / split / path.parent.name / path.name
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(path.read_bytes())
    return tmp_path / "things"


@pytest.fixture
def overrides(faces: Path, signs: Path, things: Path) -> Callable[[Path], list[str]]:
    """What a recipe needs to run here: its images, and one side only."""

    def of(recipe: Path) -> list[str]:
        common = [
            "evaluate.sides=[16]", "machine.threads=1", f"data.cache={faces / 'cache'}",
            "data.leaks=allow",
            "evaluate.controls=[teacher, student_alone]",
        ]  # fmt: skip
        text = recipe.read_text()
        if "data.root=GTSRB" in text:
            # a copy's path begins otherwise than an image's own, which no group may hang on
            groups = r"data.group_pattern='^(\d+/\d+)_'"
            return [*common, f"data.root={signs}", groups, 'data.mirrored={"00": "01", "02": "02"}']
        if "data.root=CARS196" in text:
            for number, folder in enumerate(sorted(signs.iterdir())):
                folder.rename(folder.with_name(f"{number:03d}" if number < 5 else f"1{number:02d}"))
            return [
                *common, f"data.root={signs}", "teacher_training.stream.side=32",
                "evaluate.sides=[32]",
            ]  # fmt: skip
        if "data.root=CIFAR10" in text:
            return [*common, f"data.root={things}"]
        if "data.pairs=" not in text:
            return common
        return [*common, f"data.root={faces / 'images'}", f"data.pairs={faces / 'pairs.txt'}"]

    return of


def test_there_are_recipes() -> None:
    assert len(RECIPES) >= 2


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_a_recipe_runs_two_steps_of_each_stage(
    recipe: Path,
    overrides: Callable[[Path], list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    if "onnx:fr_feature.onnx" in recipe.read_text():
        request.getfixturevalue("recogniser_file")(tmp_path / "fr_feature.onnx", side=112)
        monkeypatch.chdir(tmp_path)
    command = ["lookmore", "train", str(recipe), *overrides(recipe), "--smoke"]
    monkeypatch.setattr(sys, "argv", [*command, "--out", str(tmp_path / "run")])
    with pytest.raises(SystemExit) as stopped:
        main()
    assert not stopped.value.code
    rows = read_rows(tmp_path / "run" / "report.json")
    assert {row.method for row in rows} >= {"teacher", "student_alone", "ours"}
    stages = {"student", "student_alone"}
    stages |= {"assistant"} if load_recipe(recipe).assistant else set()
    for stage in stages:
        assert (tmp_path / "run" / stage / "checkpoint.safetensors").exists()
        assert len((tmp_path / "run" / stage / "log.csv").read_text().splitlines()) == 2
