"""distill: what it makes of a folder before anything is trained."""

from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from lookmore.cli import train
from lookmore.cli.main import app
from lookmore.recipe.config import Recipe


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for name in ("ann", "bob"):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(5):
            Image.new("RGB", (8, 8), (20 * number, 0, 0)).save(
                tmp_path / "photos" / name / f"{number}.png"
            )
    return tmp_path / "photos"


@pytest.mark.parametrize(
    ("said", "student", "assistant"),
    [([], 200, 100), (["--epochs", "0"], 200, 100), (["--epochs", "12"], 12, 6)],
)
def test_a_small_folder_gets_more_passes_unless_told_otherwise(
    photos: Path, monkeypatch: pytest.MonkeyPatch, said: list[str], student: int, assistant: int
) -> None:
    asked: list[Recipe] = []
    monkeypatch.setattr(train, "run_recipe", lambda recipe, **_: asked.append(recipe))
    words = ["distill", "--data", str(photos), "--task", "classify", *said]
    assert CliRunner().invoke(app, words).exit_code == 0
    (recipe,) = asked
    assert recipe.assistant is not None
    assert (recipe.student.schedule.epochs, recipe.assistant.schedule.epochs) == (
        student,
        assistant,
    )
