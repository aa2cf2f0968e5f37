"""Every recipe in the repository loads; so does what ``distill`` writes."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import lookmore
from lookmore.degradation import DegradationConfig
from lookmore.errors import ConfigError
from lookmore.recipe.load import load_recipe, recipe_from
from lookmore.recipe.template import recipe_values

ROOT = Path(__file__).parents[2]
PACKAGED = Path(lookmore.__file__).parent / "recipe"
RECIPES = sorted([*ROOT.glob("recipes/**/*.yaml"), *PACKAGED.glob("*.yaml")])


def test_there_are_recipes() -> None:
    assert {"demo.yaml", "lfw-16px.yaml"} <= {path.name for path in RECIPES}


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.name)
def test_a_recipe_loads_and_says_how_to_run_it(path: Path) -> None:
    load_recipe(path)
    heading = path.read_text().split("\nname:")[0]
    for word in ("# Type ", "# Needs ", "# Gives "):
        assert word in heading


def distilled(**changes: Any) -> dict[str, Any]:
    """What distill writes for a folder of faces, but for the changes."""
    settings = {
        "name": "mine", "teacher": "dlib-face", "data": "photos", "task": "face", "side": 12,
        "sharp": 112, "epochs": 3, "labelled": True,
    }  # fmt: skip
    return recipe_values(**(settings | changes))


@pytest.mark.parametrize("task", ["face", "metric", "classify"])
@pytest.mark.parametrize("teacher", ["dlib-face", "trained", "file:gallery.parquet"])
def test_what_distill_writes_loads(task: str, teacher: str) -> None:
    recipe = recipe_from(distilled(task=task, teacher=teacher), source="template")
    assert recipe.degradation.side == 12
    assert (recipe.teacher_training is not None) == (teacher == "trained")
    assert (recipe.views.total == 1) == teacher.startswith("file:")


@pytest.mark.parametrize("inherit", [False, True])
@pytest.mark.parametrize("teacher", ["dlib-face", "trained"])
def test_every_stage_is_optimised_as_the_recipes_that_were_measured(
    teacher: str, inherit: bool
) -> None:
    recipe = recipe_from(distilled(teacher=teacher, inherit=inherit), source="template")
    stages = [recipe.teacher_training, recipe.assistant, recipe.student]
    found = {
        (stage.schedule.optimizer, stage.schedule.average) for stage in stages if stage is not None
    }
    measured = load_recipe(ROOT / "recipes" / "lfw-16px-inherited.yaml").student.schedule
    assert found == {(measured.optimizer, measured.average)}


def test_without_labels_there_is_no_task_loss() -> None:
    values = distilled(task="metric", teacher="imagenet", labelled=False)
    assert recipe_from(values, source="template").student.task.loss == "none"


@pytest.mark.parametrize(("task", "teacher"), [("classify", "imagenet"), ("face", "trained")])
def test_refuses_what_needs_labels_that_are_not_there(task: str, teacher: str) -> None:
    with pytest.raises(ConfigError, match="has no labels"):
        distilled(task=task, teacher=teacher, labelled=False)


def test_refuses_an_unknown_task() -> None:
    with pytest.raises(ConfigError, match="--task must be one of face, metric, classify"):
        distilled(task="faces")


@pytest.mark.parametrize(("teacher", "weight"), [("dlib-face", 0.33), ("imagenet", 0.0)])
def test_distill_whitens_the_space_of_the_teacher_that_was_tried(
    teacher: str, weight: float
) -> None:
    recipe = recipe_from(distilled(teacher=teacher), source="template")
    assert recipe.teacher.whiten == weight


def test_a_student_that_inherits_needs_no_assistant_and_starts_from_its_teacher() -> None:
    recipe = recipe_from(distilled(inherit=True), source="template")
    assert recipe.assistant is None
    assert (recipe.student.stream.backbone, recipe.student.stream.pretrained) == ("dlib-face", True)
    assert set(recipe.student.active_guides) == {"teacher"}


def test_a_student_for_a_camera_is_shown_what_the_suite_of_cameras_measures() -> None:
    methods = yaml.safe_load((ROOT / "benchmarks" / "methods.yaml").read_text())
    plain = recipe_from(distilled(), source="template", overrides=methods["camera"]["set"])
    camera = recipe_from(distilled(camera=True), source="template")
    assert camera.degradation == plain.degradation


@pytest.mark.parametrize("inherit", [False, True])
def test_a_student_for_a_camera_is_trained_and_tried_through_one(inherit: bool) -> None:
    recipe = recipe_from(distilled(inherit=inherit, camera=True), source="template")
    assert recipe.degradation.mosaic_share > 0 and recipe.degradation.noise_std[1] > 0
    assert 0.5 < recipe.degradation.chain_share < 1  # clean probes are not forgotten
    assert recipe.evaluate.degradations == ("bicubic", "degraded")
    plain = recipe_from(distilled(inherit=inherit), source="template")
    assert plain.degradation == DegradationConfig(side=12)
    assert plain.evaluate.degradations == ("bicubic",)


@pytest.mark.parametrize("task", ["metric", "classify"])
def test_a_student_may_inherit_from_a_published_network(task: str) -> None:
    recipe = recipe_from(distilled(task=task, teacher="imagenet", inherit=True), source="template")
    stream = recipe.student.stream
    assert recipe.assistant is None
    assert (stream.backbone, stream.pretrained, stream.side) == ("imagenet", True, 48)
    assert (recipe.student.task.loss == "cross-entropy") == (task == "classify")


def test_a_student_may_inherit_from_a_file() -> None:
    recipe = recipe_from(distilled(teacher="onnx:net.onnx", inherit=True), source="template")
    stream = recipe.student.stream
    assert recipe.assistant is None
    assert (stream.backbone, stream.pretrained) == ("onnx:net.onnx", True)
    assert recipe.teacher.name == "onnx:net.onnx"


@pytest.mark.parametrize("task", ["face", "metric", "classify"])
def test_a_student_may_inherit_from_a_teacher_that_is_trained(task: str) -> None:
    recipe = recipe_from(distilled(task=task, teacher="trained", inherit=True), source="template")
    assert recipe.assistant is None and recipe.student.warm_start
    assert recipe.teacher_training is not None
    assert recipe.student.stream == recipe.teacher_training.stream
    assert recipe.student.stream.side > recipe.degradation.side
    assert recipe.student.task.loss == recipe.teacher_training.task.loss


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"teacher": "timm:resnet18"},
            "--inherit needs --teacher dlib-face, imagenet, onnx:PATH or trained, .* got timm:",
        ),
        ({"side": 64}, "--inherit with dlib-face is for --side 8 to 43, got 64"),
    ],
)
def test_refuses_to_inherit_what_cannot_be(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        distilled(inherit=True, **changes)
