"""run_chain: every stage once, each from the one before, again only when its settings change."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lookmore.chain.folder import read_seconds
from lookmore.chain.guide import Report
from lookmore.chain.run import run_chain, smoked
from lookmore.errors import CheckpointError, ConfigError, DataError
from lookmore.evaluate.run import open_subject, trained_recipe
from lookmore.recipe.config import Recipe
from lookmore.recipe.load import load_recipe, to_yaml

Make = Callable[..., Recipe]
Quiet = Callable[[str], Report]
STAGES = ("teacher", "assistant", "student", "student_alone")


def weights(folder: Path, stage: str) -> dict[str, torch.Tensor]:
    return load_file(folder / stage / "checkpoint.safetensors")


def logged(folder: Path, stage: str) -> list[str]:
    with (folder / stage / "log.csv").open(newline="") as file:
        return next(csv.reader(file))


def test_a_run_leaves_the_promised_folder(recipe: Make, quiet: Quiet, tmp_path: Path) -> None:
    settings = recipe()
    student = run_chain(settings, folder=tmp_path / "run", reporter=quiet)
    for stage in STAGES:
        names = sorted(path.name for path in (tmp_path / "run" / stage).iterdir())
        assert names == ["checkpoint.json", "checkpoint.safetensors", "log.csv"]
    times = read_seconds(tmp_path / "run")
    assert {"images", "teacher_embeddings", "assistant_embeddings", *STAGES} == times.keys()
    assert all(took > 0 for took in times.values())
    assert load_recipe(tmp_path / "run" / "recipe.yaml") == settings
    assert student.facts["role"] == "student"
    assert student.facts["warm_started_tensors"] > 10
    assert student.stream.side == 8
    assert {
        "individual/assistant_to_student",
        "distance/teacher_to_student",
        "task/cross-entropy",
        "validation/cosine_to_teacher",
    } <= set(logged(tmp_path / "run", "student"))
    assert "individual/teacher_to_assistant" in logged(tmp_path / "run", "assistant")
    assert logged(tmp_path / "run", "student_alone")[1] == "task/cross-entropy"


def test_without_an_assistant_the_student_starts_as_the_teacher_it_learns_from(
    recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    settings = recipe(
        "assistant=null",
        "student.guides={teacher: 1}",
        "student.stream={backbone: nano, side: 32}",
        "student.schedule.learning_rate=1e-12",
        "student.schedule.weight_decay=0",
        "student.recognisability=false",
    )
    student = run_chain(settings, folder=tmp_path / "run", reporter=quiet)
    given = weights(tmp_path / "run", "teacher")
    tensors = student.stream.state_dict()
    assert "classifier.weight" in tensors
    assert student.facts["warm_started_tensors"] == len(tensors)
    for name, parameter in student.stream.named_parameters():
        assert torch.allclose(parameter, given[f"stream.{name}"]), name


def test_a_finished_run_is_not_trained_again(recipe: Make, quiet: Quiet, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run_chain(recipe(), folder=folder, reporter=quiet)
    before = {stage: (folder / stage / "log.csv").stat().st_mtime_ns for stage in STAGES}
    run_chain(recipe("evaluate.sides=[12]"), folder=folder, reporter=quiet)
    after = {stage: (folder / stage / "log.csv").stat().st_mtime_ns for stage in STAGES}
    assert before == after


def test_other_settings_are_refused_unless_restarted(
    recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    run_chain(recipe(), folder=folder, reporter=quiet)
    assistant, student = weights(folder, "assistant"), weights(folder, "student")
    changed = recipe("student.weights.distance=3")
    with pytest.raises(CheckpointError, match=r"distance from 1\.0 to 3\.0.*--restart"):
        run_chain(changed, folder=folder, reporter=quiet)
    run_chain(changed, folder=folder, reporter=quiet, restart=True)
    name = "stream.head.0.weight"
    assert torch.equal(assistant[name], weights(folder, "assistant")[name])
    assert not torch.equal(student[name], weights(folder, "student")[name])


def test_the_seed_is_all_that_chance_depends_on(recipe: Make, quiet: Quiet, tmp_path: Path) -> None:
    run_chain(recipe(), folder=tmp_path / "a", reporter=quiet)
    torch.rand(7)
    run_chain(recipe(), folder=tmp_path / "b", reporter=quiet)
    run_chain(recipe("seed=1"), folder=tmp_path / "c", reporter=quiet)
    a, b, c = (weights(tmp_path / name, "student") for name in "abc")
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(a["stream.head.0.weight"], c["stream.head.0.weight"])


def test_killed_at_any_moment_it_ends_with_the_same_bits(
    recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    settings = recipe("student.schedule.epochs=12", "assistant.schedule.epochs=6")
    run_chain(settings, folder=tmp_path / "whole", reporter=quiet)
    path = tmp_path / "recipe.yaml"
    path.write_text(to_yaml(settings))
    program = (
        "import sys; from pathlib import Path; from lookmore.chain.run import run_chain;"
        "from lookmore.recipe.load import load_recipe;"
        "run_chain(load_recipe(Path(sys.argv[1])), folder=Path(sys.argv[2]),"
        " reporter=lambda name: lambda done, total, note='': None)"
    )
    command = [sys.executable, "-c", program, str(path), str(tmp_path / "cut")]
    kills = 0
    for stage in ("assistant", "student"):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, env={**os.environ})
        state = tmp_path / "cut" / stage / "resume.safetensors"
        until = time.monotonic() + 120
        while process.poll() is None and not state.exists() and time.monotonic() < until:
            time.sleep(0.002)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        _, errors = process.communicate()
        assert b"Traceback" not in errors, errors.decode()
    assert kills == 2
    run_chain(settings, folder=tmp_path / "cut", reporter=quiet)
    for stage in STAGES:
        whole, cut = weights(tmp_path / "whole", stage), weights(tmp_path / "cut", stage)
        assert all(torch.equal(whole[name], cut[name]) for name in whole), stage


def test_without_an_assistant_the_student_learns_from_the_teacher(
    recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    settings = recipe("assistant=null", "student.guides={teacher: 1}", "student.warm_start=false")
    run_chain(settings, folder=tmp_path / "run", reporter=quiet)
    assert not (tmp_path / "run" / "assistant").exists()
    assert "individual/teacher_to_student" in logged(tmp_path / "run", "student")


def test_unlabelled_images_train_without_a_task(
    recipe: Make, quiet: Quiet, photographs: Path, tmp_path: Path
) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for path in photographs.rglob("*.png"):
        shutil.copy(path, flat / f"{path.parent.name}-{path.name}")
    settings = recipe(
        f"data.root={flat}",
        "teacher={name: dlib-face}",
        "teacher_training=null",
        "assistant.task.loss=none",
        "student.task.loss=none",
        "task=face",
        "views.blends=0",
    )
    student = run_chain(settings, folder=tmp_path / "run", reporter=quiet)
    assert student.stream.width == 128
    assert not (tmp_path / "run" / "student_alone").exists()


def test_smoke_is_two_steps_of_each_stage(recipe: Make, quiet: Quiet, tmp_path: Path) -> None:
    settings = smoked(recipe("student.schedule.epochs=500", "views.count=20"))
    run_chain(settings, folder=tmp_path / "run", reporter=quiet, limit=16)
    assert settings.name == "try-smoke"
    for stage in STAGES:
        assert len((tmp_path / "run" / stage / "log.csv").read_text().splitlines()) == 2


def test_unreadable_images_are_listed_and_too_many_stop_the_run(
    recipe: Make, quiet: Quiet, photographs: Path, tmp_path: Path
) -> None:
    (photographs / "person0" / "broken.png").write_bytes(b"\x89PNG nothing more")
    with pytest.raises(DataError, match=r"data\.max_unreadable"):
        run_chain(recipe(), folder=tmp_path / "run", reporter=quiet)
    settings = smoked(recipe("data.max_unreadable=0.1"))
    run_chain(settings, folder=tmp_path / "run", reporter=quiet, limit=16)
    listed = (tmp_path / "run" / "unreadable.csv").read_text().splitlines()
    assert listed[0] == "id,reason"
    assert listed[1].startswith("person0/broken.png,")
    assert len(listed) == 2


def test_stage_facts_hold_where_they_came_from(recipe: Make, quiet: Quiet, tmp_path: Path) -> None:
    run_chain(smoked(recipe()), folder=tmp_path / "run", reporter=quiet, limit=16)
    facts = json.loads((tmp_path / "run" / "student" / "checkpoint.json").read_text())
    assert facts["versions"]["torch"] == torch.__version__.split("+")[0]
    assert facts["teacher"]["name"] == "trained"
    assert facts["guides"] == {"assistant": 1.0, "teacher": 0.5}
    assert facts["class_names"] == sorted(facts["class_names"])


def test_a_student_whose_network_sees_another_side_than_its_images_trains(
    recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    for side, low in ((8, 16), (12, 8)):
        settings = smoked(recipe(f"student.stream.side={side}", f"degradation.side={low}"))
        folder = tmp_path / f"run{side}"
        student = run_chain(settings, folder=folder, reporter=quiet, limit=16)
        assert student.stream.side == side


def test_a_damaged_table_of_inputs_is_refused(recipe: Make, quiet: Quiet, tmp_path: Path) -> None:
    settings = smoked(recipe())
    run_chain(settings, folder=tmp_path / "a", reporter=quiet, limit=16)
    for path in (tmp_path / "cache").glob("inputs-*/pixels.npy"):
        np.save(path, np.zeros((1, 1, 3, 8, 8), np.uint8))
    with pytest.raises(DataError, match="is damaged: delete that folder"):
        run_chain(settings, folder=tmp_path / "b", reporter=quiet, limit=16)


def test_the_teachers_space_is_part_of_what_a_stage_learnt_from(
    recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    sections = ("teacher={name: dlib-face}", "teacher_training=null", "views.blends=0")
    run_chain(smoked(recipe(*sections)), folder=tmp_path / "run", reporter=quiet, limit=16)
    for change in ("teacher.flip=false", "teacher.centre=false", "teacher.whiten=0.3"):
        key = "assistant holds a stage trained with other settings"
        (tmp_path / "run" / "recipe.yaml").unlink()  # the key alone has to notice
        with pytest.raises(CheckpointError, match=key):
            settings = smoked(recipe(*sections, change))
            run_chain(settings, folder=tmp_path / "run", reporter=quiet, limit=16)


def test_a_student_keeps_the_whitened_space_it_learnt_in(
    recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    sections = ("teacher={name: dlib-face, whiten: 0.3}", "teacher_training=null", "assistant=null")
    sections = (*sections, "student.warm_start=false", "student.guides={teacher: 1}")
    settings = recipe(*sections, "views.blends=0")
    student = run_chain(smoked(settings), folder=tmp_path / "run", reporter=quiet, limit=16)
    assert student.guide_space.whitening is not None
    assert student.guide_space.width == 128


def test_a_control_of_other_settings_is_not_reported(
    recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    run_chain(recipe(), folder=folder, reporter=quiet)
    settings = recipe("student.schedule.epochs=3", "evaluate.controls=[teacher]")
    run_chain(settings, folder=folder, reporter=quiet, restart=True)
    open_subject(folder, trained_recipe(folder), reporter=quiet)
    stale = trained_recipe(folder, overrides=["evaluate.controls=[student_alone]"])
    with pytest.raises(CheckpointError, match="student_alone was trained with other settings"):
        open_subject(folder, stale, reporter=quiet)


def test_class_scores_of_both_guides_are_learnt(recipe: Make, quiet: Quiet, tmp_path: Path) -> None:
    settings = recipe("student.weights={individual: 1, scores: 0.5}", "evaluate.controls=[]")
    run_chain(settings, folder=tmp_path / "run", reporter=quiet)
    columns = logged(tmp_path / "run", "student")
    assert {"scores/teacher_to_student", "scores/assistant_to_student"} <= set(columns)
    only = recipe("student.weights={scores: 0.5}", "evaluate.controls=[]", "name=only")
    student = run_chain(only, folder=tmp_path / "only", reporter=quiet)
    assert not any(name.startswith("individual") for name in logged(tmp_path / "only", "student"))
    assert student.stream.width == 16  # of the teacher, not of its classes


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("student.weights={scores: 1}", "student.task.loss=arcface"), "task.loss: cross-entropy"),
        (
            ("student.weights={scores: 1}", "assistant.task.loss=none"),
            "class scores of the assistant, and it has none",
        ),
    ],
)
def test_class_scores_need_classes(recipe: Make, overrides: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        recipe(*overrides)


def test_a_finished_stage_on_the_shelf_is_not_trained_again(
    recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    settings, shelf = recipe("evaluate.controls=[]"), tmp_path / "shelf"
    run_chain(settings, folder=tmp_path / "one", reporter=quiet, shelf=shelf)
    assert len(list(shelf.iterdir())) == 3
    run_chain(settings, folder=tmp_path / "two", reporter=quiet, shelf=shelf)
    assert not {"teacher", "assistant", "student"} & read_seconds(tmp_path / "two").keys()
    one, two = (weights(tmp_path / name, "student") for name in ("one", "two"))
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_foreign_loss_must_be_the_one_that_the_recipe_names(
    recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    settings = recipe("student.foreign=other")
    with pytest.raises(ConfigError, match=r"run_chain\(foreign=...\)"):
        run_chain(settings, folder=tmp_path / "run", reporter=quiet)
    assert not (tmp_path / "run").exists()
