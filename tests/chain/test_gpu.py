"""A GPU trains and measures what the CPU does."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lookmore.chain.guide import Report
from lookmore.chain.run import run_chain
from lookmore.checkpoint.checkpoint import load_checkpoint
from lookmore.evaluate.run import measure, open_subject, trained_recipe
from lookmore.recipe.config import Recipe

pytestmark = pytest.mark.gpu
Make = Callable[..., Recipe]
Quiet = Callable[[str], Report]
MUON = "student.schedule.optimizer=muon"


def first_epoch(folder: Path) -> dict[str, float]:
    with (folder / "student" / "log.csv").open(newline="") as file:
        row = next(csv.DictReader(file))
    return {name: float(value) for name, value in row.items() if "_to_student" in name and value}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_gpu_trains_as_the_cpu_does(
    recipe: Make, quiet: Quiet, tmp_path: Path, precision: str
) -> None:
    told = {}
    for device in ("cpu", "cuda"):
        settings = recipe(
            f"machine.device={device}",
            f"machine.precision={precision}",
            f"data.cache={tmp_path / device}",
            MUON,
        )
        run_chain(settings, folder=tmp_path / f"run-{device}", reporter=quiet)
        told[device] = first_epoch(tmp_path / f"run-{device}")
    assert "angle/assistant_to_student" not in told["cpu"]  # this recipe's student has no order 3
    assert told["cpu"].keys() == told["cuda"].keys()
    for name, value in told["cpu"].items():
        assert told["cuda"][name] == pytest.approx(value, rel=0.1, abs=0.01), name
    where = load_checkpoint(tmp_path / "run-cuda" / "student").facts["machine"]
    assert where.startswith(load_checkpoint(tmp_path / "run-cpu" / "student").facts["machine"])


def test_a_gpu_measures_what_the_cpu_does(recipe: Make, quiet: Quiet, tmp_path: Path) -> None:
    run_chain(recipe(), folder=tmp_path / "run", reporter=quiet)
    seen, rows = [], []
    for device in ("cpu", "cuda"):
        overrides = [f"machine.device={device}", f"data.cache={tmp_path / device}"]
        settings = trained_recipe(tmp_path / "run", overrides=overrides)
        subject = open_subject(tmp_path / "run", settings, reporter=quiet)
        tried = subject.material.pack.rows("test")
        seen.append([subject.embed(who.probe, tried, side=8) for who in subject.contestants])
        rows.append(measure(subject, default_name="try"))
    for one, other in zip(*seen, strict=True):
        assert np.abs(one - other).max() < 0.02  # a GPU rounds factors to ten bits
    assert [row.metric for row in rows[0]] == [row.metric for row in rows[1]]
    assert all(abs(one.value - other.value) <= 1 / one.n for one, other in zip(*rows, strict=True))
