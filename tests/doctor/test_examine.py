"""The doctor's rounds: a recipe and overrides are heard, errors come before any measuring."""

from pathlib import Path

import pytest
import yaml
from PIL import Image

from lookmore.doctor import examine as module
from lookmore.doctor.examine import Examination, examine
from lookmore.errors import CheckpointError, ConfigError, UnreadableImageError
from lookmore.page.finding import Finding


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """A recipe for 12 px whose images are four grey squares."""
    for number in range(4):
        Image.new("L", (30, 30), 50 * number).save(tmp_path / f"{number}.png")
    values = {
        "name": "try",
        "task": "metric",
        "data": {"root": str(tmp_path), "side": 24},
        "degradation": {"side": 12},
        "machine": {"precision": "bfloat16", "threads": 1},
        "teacher": {"name": "dlib-face"},
        "student": {"guides": {"teacher": 1}, "weights": {"individual": 1}},
    }
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(values))
    return tmp_path / "recipe.yaml"


def named(found: Examination, name: str) -> Finding:
    """The finding of one name."""
    return {finding.name: finding for finding in found.findings}[name]


def test_a_recipe_says_threads_images_and_side(recipe: Path) -> None:
    found = examine(recipe, seconds=0)
    assert named(found, "threads").found == "1 (machine.threads=1)"
    assert named(found, "compared on").found == f"4 images of {recipe.parent}, at 12 px"
    assert found.speeds == []
    assert all(way.cosine_mean is None for way in found.parity)


def test_overrides_are_heard_and_absent_images_said(
    recipe: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "set_threads", lambda machine: None)
    found = examine(recipe, overrides=["data.root=gone", "machine.threads=64"], seconds=0)
    assert named(found, "threads").verdict == "note"
    assert named(found, "compared on").found.startswith("a drawn picture (data.root 'gone' does")


def test_a_student_of_many_pixels_is_examined_without_its_images(recipe: Path) -> None:
    large = ["data.root=gone", "data.side=224", "degradation.side=128"]
    found = examine(recipe, overrides=large, seconds=0)
    assert named(found, "compared on").found.endswith("takes yours), at 128 px")
    assert named(found, "Pillow resize((side, side), BICUBIC)").verdict == "fine"


def test_parts_come_in_order_and_progress_is_told() -> None:
    told: list[str] = []
    found = examine(seconds=0, progress=told.append)
    assert told == ["packages and machine", "relations", "preprocessing"]
    parts = list(dict.fromkeys(finding.part for finding in found.findings))
    assert [part.split(",")[0] for part in parts] == [
        "Packages", "Machine", "Relations", "Preprocessing",
    ]  # fmt: skip
    assert found.faults == []


def test_faults_are_those_findings_and_no_others() -> None:
    findings = [Finding("P", "a", "", "fine"), Finding("P", "b", "", "note")]
    bad = Finding("P", "c", "", "fault")
    assert Examination([*findings, bad], [], []).faults == [bad]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"run": Path("gone")}, CheckpointError),
        ({"run": Path("gone.yaml")}, ConfigError),
        ({"images": [Path("gone.png")]}, UnreadableImageError),
    ],
)
def test_what_cannot_be_opened_is_an_error_of_ours(
    arguments: dict[str, object], error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "look_at_packages", lambda: pytest.fail("too late"))
    with pytest.raises(error):
        examine(**arguments, seconds=0)  # type: ignore[arg-type]
