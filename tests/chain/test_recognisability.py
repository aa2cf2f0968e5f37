"""Recognisability in a run: learnt beside everything else, and nothing else learns otherwise."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import lookmore
from lookmore.chain.guide import Report
from lookmore.chain.run import run_chain
from lookmore.errors import CheckpointError, ConfigError
from lookmore.evaluate.run import open_subject
from lookmore.metrics.attenuation import corrected
from lookmore.recipe.config import Recipe

Make = Callable[..., Recipe]
Quiet = Callable[[str], Report]
TERM = "recognisability/teacher_to_student"


def weights(folder: Path, stage: str = "student") -> dict[str, torch.Tensor]:
    return load_file(folder / stage / "checkpoint.safetensors")


def columns(folder: Path, stage: str = "student") -> list[str]:
    with (folder / stage / "log.csv").open(newline="") as file:
        return next(csv.reader(file))


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_the_student_is_the_same_to_the_bit_with_it_and_without(
    optimizer: str, recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    settings = (
        "student.stream.dropout=0.3",
        "student.schedule.average=0.9",
        f"student.schedule.optimizer={optimizer}",
        "evaluate.controls=[teacher]",
    )
    run_chain(recipe(*settings), folder=tmp_path / "with", reporter=quiet)
    without = recipe(*settings, "student.recognisability=false")
    run_chain(without, folder=tmp_path / "without", reporter=quiet)
    judged, plain = weights(tmp_path / "with"), weights(tmp_path / "without")
    more = {name for name in judged if name.startswith("stream.recognisability.")}
    assert more
    assert judged.keys() - more == plain.keys()
    assert all(torch.equal(judged[name], plain[name]) for name in plain)
    assert judged["stream.recognisability.score.weight"].abs().max() > 0
    assert TERM in columns(tmp_path / "with")
    assert TERM not in columns(tmp_path / "without")


def test_assistants_and_students_without_a_guide_do_not_tell_it(
    recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    run_chain(recipe(), folder=tmp_path / "run", reporter=quiet)
    for stage in ("teacher", "assistant", "student_alone"):
        assert not any("recognisability" in name for name in weights(tmp_path / "run", stage))
        assert not any("recognisability" in name for name in columns(tmp_path / "run", stage))


@pytest.mark.parametrize(
    ("overrides", "term"),
    [
        (("student.guides={assistant: 1}",), "recognisability/assistant_to_student"),
        (("student.weights={distance: 1}",), None),
        (("student.stream.width=12",), None),
    ],
)
def test_it_needs_a_guide_in_the_students_own_space(
    overrides: tuple[str, ...], term: str | None, recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    settings = recipe(*overrides, "evaluate.controls=[teacher]")
    run_chain(settings, folder=tmp_path / "run", reporter=quiet)
    found = [name for name in columns(tmp_path / "run") if name.startswith("recognisability/")]
    assert found == ([term] if term else [])


def test_a_recogniser_tells_it_and_one_of_an_older_version_says_that_it_cannot(
    recipe: Make, quiet: Quiet, tmp_path: Path
) -> None:
    picture = np.random.default_rng(0).integers(0, 256, size=(8, 8, 3), dtype=np.uint8)
    settings = recipe("evaluate.controls=[teacher]")
    run_chain(settings, folder=tmp_path / "new", reporter=quiet)
    scores = lookmore.load(tmp_path / "new").recognisability([picture, picture])
    assert scores.shape == (2,)
    assert scores.dtype == np.float32
    assert 0 < scores[0] == scores[1] < 1
    new = lookmore.load(tmp_path / "new")
    assert new.recognisability([]).shape == (0,)
    longer = new.embed([picture, picture], corrected=True)
    assert np.array_equal(longer, corrected(new.embed([picture, picture]), scores))
    assert new.embed([], corrected=True).shape == (0, 16)

    old = recipe("student.recognisability=false", "evaluate.controls=[teacher]")
    run_chain(old, folder=tmp_path / "old", reporter=quiet)
    facts = json.loads((tmp_path / "old" / "student" / "checkpoint.json").read_text())
    assert "recognisability" not in facts["stream"]  # as students were before there was any
    student = lookmore.load(tmp_path / "old")
    assert student.embed([picture]).shape == (1, 16)
    with pytest.raises(CheckpointError, match=r"does not tell its recognisability: train it from"):
        student.recognisability([picture])
    with pytest.raises(CheckpointError, match=r"does not tell its recognisability"):
        student.embed([picture], corrected=True)
    asked = recipe("student.recognisability=false", "evaluate.controls=[teacher, corrected]")
    with pytest.raises(ConfigError, match=r"names corrected, but this student does not tell"):
        open_subject(tmp_path / "old", asked, reporter=quiet)
