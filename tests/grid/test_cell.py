"""A cell's recipe: what each method changes, and what it leaves alone."""

from dataclasses import replace
from pathlib import Path

import pytest

from lookmore.errors import ConfigError
from lookmore.grid.cell import Cell, cells_of, recipe_of, settings_of
from lookmore.grid.suite import MethodConfig, SuiteConfig, read_suite
from lookmore.recipe.config import Recipe


@pytest.fixture
def suite(home: Path) -> SuiteConfig:
    return read_suite(home / "benchmarks" / "suites" / "small.yaml", quick=False)


@pytest.fixture
def recipe(home: Path, suite: SuiteConfig):  # type: ignore[no-untyped-def]
    def make(cell: Cell, method: MethodConfig, *overrides: str) -> Recipe:
        return recipe_of(cell, suite, method, home=home, overrides=overrides)

    return make


OURS = Cell("ours", 8, 0, 0)


def test_every_method_comes_once_before_any_is_repeated(suite: SuiteConfig) -> None:
    cells = cells_of(suite)
    assert len(cells) == 10
    assert cells[0] == OURS
    assert {cell.method for cell in cells[:5]} == set(suite.methods)
    assert {cell.seed for cell in cells[:5]} == {0}


def test_some_methods_may_be_tried_at_fewer_sides(suite: SuiteConfig) -> None:
    wide = replace(suite, sides=(8, 16), sides_of={"closer": (16,)})
    assert {cell.side for cell in cells_of(wide) if cell.method == "closer"} == {16}
    assert {cell.side for cell in cells_of(wide) if cell.method == "ours"} == {8, 16}


def test_ours_is_the_recipe_itself_with_all_controls(recipe) -> None:  # type: ignore[no-untyped-def]
    found = recipe(OURS, MethodConfig(), "data.root=here")
    assert found.data.root == "here"
    assert found.student.active_orders == {"individual": 1, "distance": 1}
    assert found.assistant is not None
    assert set(found.evaluate.controls) == {"teacher", "teacher_upscaled", "student_alone"}


def test_seed_side_and_fold_reach_the_recipe(recipe) -> None:  # type: ignore[no-untyped-def]
    found = recipe(Cell("closer", 16, 3, 0), MethodConfig())
    assert (found.seed, found.degradation.side) == (3, 16)
    assert found.evaluate.controls == ()


def test_without_assistant_the_teacher_is_the_only_guide(recipe) -> None:  # type: ignore[no-untyped-def]
    found = recipe(OURS, MethodConfig(assistant=False, orders=("distance",)))
    assert found.assistant is None
    assert found.student.active_guides == {"teacher": 1}
    assert found.student.active_orders == {"distance": 1}
    assert not found.student.warm_start
    assert found.student.task.loss == "cross-entropy"


def test_a_rival_has_its_loss_and_the_task_and_none_of_our_relations(recipe) -> None:  # type: ignore[no-untyped-def]
    found = recipe(OURS, MethodConfig(loss="closer"))
    assert found.student.foreign == "closer"
    assert found.student.active_guides == found.student.active_orders == {}
    assert found.assistant is None
    assert found.student.task.loss == "cross-entropy"


def test_without_an_assistant_everyone_starts_from_the_teacher(recipe) -> None:  # type: ignore[no-untyped-def]
    start = ("assistant=null", "student.guides={teacher: 1}", "teacher.name=trained")
    start = (*start, "teacher_training={task: {loss: cross-entropy}}")
    for method in (MethodConfig(), MethodConfig(loss="closer"), MethodConfig(assistant=False)):
        assert recipe(OURS, method, *start).student.warm_start
    assert not recipe(OURS, MethodConfig(alone=True), *start).student.warm_start


def test_alone_there_is_no_guide_at_all(recipe) -> None:  # type: ignore[no-untyped-def]
    found = recipe(OURS, MethodConfig(alone=True))
    assert found.assistant is None
    assert found.student.active_guides == found.student.active_orders == {}
    assert found.student.task.loss == "cross-entropy"


def test_a_suite_may_leave_out_controls(recipe, suite: SuiteConfig, home: Path) -> None:  # type: ignore[no-untyped-def]
    fewer = replace(suite, controls=("teacher",))
    found = recipe_of(OURS, fewer, MethodConfig(), home=home, overrides=())
    assert found.evaluate.controls == ("teacher",)
    assert settings_of(found) == settings_of(recipe(OURS, MethodConfig()))


def test_an_order_that_the_recipe_lacks_is_refused(recipe) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ConfigError, match="keeps the orders angle"):
        recipe(OURS, MethodConfig(orders=("angle",)))


def test_settings_change_with_what_is_trained_and_not_with_where_images_lie(recipe) -> None:  # type: ignore[no-untyped-def]
    plain = settings_of(recipe(OURS, MethodConfig(), "data.root=here"))
    same = recipe(OURS, MethodConfig(), "data.root=there", "machine.threads=1", "data.cache=x")
    assert settings_of(same) == plain
    said = recipe(OURS, MethodConfig(), "student.schedule.optimizer=adamw", "views.flip=true")
    assert settings_of(said) == plain  # a default, said or not
    assert settings_of(recipe(OURS, MethodConfig(), "student.temperature=0.2")) != plain
    assert settings_of(recipe(OURS, MethodConfig(), "views.count=3")) != plain
    assert settings_of(recipe(OURS, MethodConfig(orders=("distance",)))) != plain
    assert settings_of(recipe(OURS, MethodConfig(), "evaluate.sides=[16]")) != plain
