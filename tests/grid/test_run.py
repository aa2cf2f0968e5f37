"""lookmore benchmark from outside: a small checkout, every kind of method, and again."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lookmore.checkpoint.provenance import machine
from lookmore.cli.main import main
from lookmore.grid.ledger import Ledger

Command = Callable[..., str]


@pytest.fixture
def command(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Run ``lookmore benchmark`` in the small checkout; return what it said."""
    monkeypatch.chdir(home)

    def run(*words: str, fails: bool = False) -> str:
        images = [] if fails else [f"data.root={home / 'images'}"]
        options = ["machine.threads=1", f"data.cache={home / 'cache'}"]
        monkeypatch.setattr(sys, "argv", ["lookmore", "benchmark", *words, *images, *options])
        with pytest.raises(SystemExit) as stopped:
            main()
        said = capsys.readouterr()
        assert bool(stopped.value.code) == fails, said.err
        return said.out + said.err

    return run


def test_every_method_is_trained_and_measured_once(command: Command, home: Path) -> None:
    said = command("small", "--seed", "0")
    path = home / "benchmarks" / "results" / "small.json"
    rows = Ledger(path).rows
    assert "5 of 5 runs to do" in said
    assert {row.method for row in rows if row.cell_method == "ours"} == {
        "ours", "teacher", "assistant", "teacher_upscaled", "student_alone",
    }  # fmt: skip
    assert {row.method for row in rows if row.cell_method != "ours"} == {
        "alone_guide", "nobody", "closer", "softened",
    }  # fmt: skip
    assert {row.guide for row in rows if row.method in ("closer", "softened")} == {"teacher"}
    assert all(0 <= row.value <= 1 and row.seconds > 0 for row in rows)
    assert {row.guide for row in rows if row.method == "nobody"} == {"none"}
    keys = {
        cell: json.loads(
            (home / f"runs/benchmark/small/{cell}-8px-seed0/teacher/checkpoint.json").read_text()
        )["weights_sha256"]
        for cell in ("ours", "alone_guide", "closer")
    }
    assert len(set(keys.values())) == 1  # one teacher, trained once
    log = home / "runs/benchmark/small/softened-8px-seed0/student/log.csv"
    assert "foreign/softened" in log.read_text().splitlines()[0]

    before = path.read_bytes()
    assert "0 of 5 runs to do" in command("small", "--seed", "0")
    assert path.read_bytes() == before
    assert "5 of 10 runs to do" in command("small", "--plan")


def test_runs_at_once_end_as_one_after_the_other(command: Command, home: Path) -> None:
    path = home / "benchmarks" / "results" / "small.json"
    command("small", "--seed", "0")
    alone = {(row.cell, row.method, row.metric, row.probe_side): row for row in Ledger(path).rows}
    path.unlink()
    said = command("small", "--seed", "0", "--jobs", "2", "--runs", str(home / "again"))
    assert "5 of 5 runs to do" in said
    assert "softened-8px-seed0: 0." in said
    found = Ledger(path).rows
    assert len(found) == len(alone)
    for row in found:
        other = alone[row.cell, row.method, row.metric, row.probe_side]
        assert (row.value, row.settings) == (other.value, other.settings)
        assert row.machine == f"{other.machine}, 2 runs at once"


def test_runs_at_once_that_fail_are_named_with_their_reason(command: Command, home: Path) -> None:
    (home / "benchmarks" / "rivals.py").write_text("import a_package_that_is_not_there\n")
    with pytest.raises(AssertionError, match="closer-8px-seed0 failed: lookmore: ") as told:
        command("small", "--seed", "0", "--jobs", "2")
    assert "needs a_package_that_is_not_there: pip install" in str(told.value)
    assert "2 of 5 runs have no rows; what they said is in" in str(told.value)


def test_quick_has_rows_of_its_own(command: Command, home: Path) -> None:
    command("small", "--quick")
    assert {path.name for path in (home / "benchmarks" / "results").glob("*.json")} == {
        "small-quick.json"
    }


def test_rows_say_in_which_precision_they_were_made(command: Command, home: Path) -> None:
    ledger = home / "benchmarks" / "results" / "small-quick.json"
    found = []
    for precision in ("float32", "bfloat16"):
        said = command("small", "--quick", "--method", "ours", f"machine.precision={precision}")
        assert "1 of 1 runs to do" in said  # another precision, other numbers
        found.append({row.machine for row in Ledger(ledger).rows})
    assert found == [{machine()}, {f"{machine()}, bfloat16"}]


def test_what_cannot_be_run_is_said_in_one_line(command: Command, home: Path) -> None:
    assert "there is no suite 'other'; there are small" in command("other", fails=True)
    assert "needs data.root=..." in command("small", fails=True)
    other = command("small", "student.schedule.epochs=9", fails=True)
    assert "'student.schedule.epochs=9' would make this another suite" in other
    assert "has no method all; it has ours, " in command("small", "--method", "all", fails=True)
    (home / "benchmarks" / "rivals.py").write_text("import a_package_that_is_not_there\n")
    command("small", "--plan")  # a plan needs no rival
