"""Recipes: every fault named at once, with its place; what is written reads back the same."""

from pathlib import Path

import pytest

from lookmore.errors import ConfigError
from lookmore.recipe.load import as_chosen, as_plain, load_recipe, recipe_from, to_yaml

GOOD = {
    "name": "try",
    "task": "face",
    "data": {"root": "images"},
    "teacher": {"name": "dlib-face"},
    "assistant": {"guides": {"teacher": 1}, "weights": {"individual": 1}},
    "student": {"guides": {"assistant": 1}, "weights": {"individual": 2.5}},
}


def test_a_minimal_recipe_loads() -> None:
    recipe = recipe_from(GOOD, source="test")
    assert recipe.student.weights == {"individual": 2.5}
    assert recipe.protocol == "identification"


def test_what_is_written_reads_back_equal(tmp_path: Path) -> None:
    recipe = recipe_from(GOOD, source="test", overrides=["student.schedule.epochs=7"])
    path = tmp_path / "recipe.yaml"
    path.write_text(to_yaml(recipe, heading=["made by a test"]))
    assert load_recipe(path) == recipe
    assert path.read_text().startswith("# made by a test\n")


def test_all_faults_are_reported_together() -> None:
    faulty = {
        **GOOD,
        "data": {"root": "images", "side": "large", "fitt": "crop"},
        "student": {**GOOD["student"], "schedule": {"epochs": 0}},
        "colour": "red",
    }
    del faulty["task"]
    with pytest.raises(ConfigError) as caught:
        recipe_from(faulty, source="my.yaml")
    message = str(caught.value)
    assert message.startswith("my.yaml has 5 faults:")
    for part in (
        "data.side must be a whole number, got 'large'",
        "data.fitt is not a setting; did you mean fit?",
        "student.schedule.epochs must be at least 1, got 0",
        "colour is not a setting; known:",
        "task is missing",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("degradation.side=2", "degradation.side must be at least 4 pixels, got 2"),
        ("student.weights.angel=1", r"student: weights must be among .*got \['angel'\]"),
        ("student.guides.assistant=0", "guides .* and weights .* go together"),
        ("assistant=null", "student.guides names the assistant, but there is no section"),
        ("evaluate.sides=[2]", "evaluate.sides must name sides of at least 4 pixels"),
        ("views.count=true", "views.count must be a whole number, got True"),
        ("teacher.align=sideways", "teacher.align must be one of none, arcface, got 'sideways'"),
        ("data.root=", "data.root"),
        ("nothing", "'nothing' is not of the form section.key=value"),
        ("task.x=1", "task.x: task is a value, not a section"),
        ("name=a/b", "name must be a plain folder name"),
        ("evaluate.protocol=verification", "verification needs data.pairs and data.pairs_fold"),
        ("teacher.name=trained", "go together"),
        ("degradation.side=200", "degradation.side must be below data.side"),
        ("student.schedule.images_per_class=5", "a divisor of schedule.batch"),
        ("evaluate.degradations=[fog]", "evaluate.degradations must be among"),
        ("evaluate.sides=[16, 112]", "evaluate.sides must be below data.side"),
        ("assistant.stream.side=224", "assistant.stream.side .224. must not exceed data.side"),
        ("machine.relations=fortran", "machine.relations must be one of auto, torch, numba"),
        ("data.mirrored={left: right}", "data.mirrored .* set views.flip: false"),
        ("data.mirrored=left", "data.mirrored must be a mapping of names to names, got 'left'"),
        ("data.mirrored={left: 5}", "data.mirrored.left must be a text, got 5"),
        ("machine.device=tpu", "machine.device must be auto, cpu or cuda"),
    ],
)
def test_a_fault_is_one_line_that_names_it(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        recipe_from(GOOD, source="the recipe", overrides=[override])
    assert "\n" not in str(caught.value)


def test_a_warm_start_needs_a_stream_that_the_recipe_trains_before() -> None:
    alone = ["assistant=null", "student.guides={teacher: 1}", "student.warm_start=true"]
    with pytest.raises(ConfigError, match="needs the section assistant or teacher_training"):
        recipe_from(GOOD, source="the recipe", overrides=alone)


def test_overrides_are_read_as_yaml_and_1e_minus_3_is_a_number() -> None:
    recipe = recipe_from(
        GOOD,
        source="test",
        overrides=["student.schedule.learning_rate=1e-3", "evaluate.sides=[8, 16]"],
    )
    assert recipe.student.schedule.learning_rate == pytest.approx(0.001)
    assert recipe.evaluate.sides == (8, 16)


def test_building_leaves_the_values_as_they_were() -> None:
    before = repr(GOOD)
    recipe_from(GOOD, source="test", overrides=["data.side=64"])
    assert repr(GOOD) == before


def test_a_file_that_is_no_yaml_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("data: [1, 2\nname: x")
    with pytest.raises(ConfigError, match="is not YAML") as caught:
        load_recipe(path)
    assert "\n" not in str(caught.value)


def test_yaml_that_would_run_code_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.yaml"
    path.write_text("name: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(ConfigError, match="is not YAML"):
        load_recipe(path)


def test_plain_values_hold_every_default() -> None:
    plain = as_plain(recipe_from(GOOD, source="test"))
    assert plain["student"]["schedule"]["warmup_share"] == 0.05
    assert recipe_from(plain, source="again") == recipe_from(GOOD, source="test")


def test_validation_needs_no_fold_of_pairs() -> None:
    chosen = ["evaluate.protocol=verification", "evaluate.split=val"]
    assert recipe_from(GOOD, source="test", overrides=chosen).protocol == "verification"
    with pytest.raises(ConfigError, match=r"verification needs data\.pairs"):
        recipe_from(GOOD, source="test", overrides=chosen[:1])


def test_only_what_was_chosen_is_left_of_defaults() -> None:
    recipe = recipe_from(GOOD, source="test")
    chosen = as_chosen(recipe)
    assert recipe_from(chosen, source="again") == recipe
    assert "machine" not in chosen
    said = recipe_from(GOOD, source="test", overrides=["student.schedule.warmup_share=0.05"])
    assert as_chosen(said) == chosen
    other = recipe_from(GOOD, source="test", overrides=["student.schedule.warmup_share=0.1"])
    assert as_chosen(other)["student"]["schedule"]["warmup_share"] == 0.1
