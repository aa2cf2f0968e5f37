"""Cells side by side: their order, who waits for whom, and what a failure or an end leaves."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lookmore.grid.cell import Cell
from lookmore.grid.jobs import Ended, run_side_by_side

CELLS = [Cell(method, 8, seed, 0) for seed in (0, 1) for method in ("ours", "closer", "softened")]
# notes when it began and ended; fails if its name is among the arguments
PROGRAM = """
import sys, time
from pathlib import Path
folder, cell, seconds, *failing = sys.argv[1:]
began = time.monotonic()
print("working on", cell, flush=True)
time.sleep(float(seconds))
Path(folder, cell).write_text(f"{began} {time.monotonic()}")
sys.exit(cell in failing)
"""


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Callable[[Cell], list[str]]]:
    def make(*failing: str, seconds: float = 1.5) -> Callable[[Cell], list[str]]:
        words = [sys.executable, "-c", PROGRAM, str(tmp_path)]
        return lambda cell: [*words, str(cell), str(seconds), *failing]

    return make


def ignore(_: object) -> None:
    pass


def times(folder: Path) -> dict[Cell, list[float]]:
    return {
        cell: list(map(float, (folder / str(cell)).read_text().split()))
        for cell in CELLS
        if (folder / str(cell)).exists()
    }


def test_the_first_of_a_seed_runs_before_the_rest_and_no_more_than_asked_run_at_once(
    command: Callable[..., Callable[[Cell], list[str]]], tmp_path: Path
) -> None:
    told: list[Ended] = []
    failed = run_side_by_side(
        CELLS, jobs=3, command=command(), said=tmp_path / "said", started=ignore, ended=told.append
    )
    assert failed == []
    assert sorted(found.cell for found in told) == sorted(CELLS)
    assert all(found.is_done and found.minutes > 0 for found in told)
    assert told[0].said.read_text().strip() == f"working on {told[0].cell}"
    found = times(tmp_path)
    for cell, (began, _) in found.items():
        if cell.method != "ours":
            assert began > found[cell._replace(method="ours")][1]
        assert sum(other[0] <= began < other[1] for other in found.values()) <= 3
    first, second = (found[Cell("ours", 8, seed, 0)] for seed in (0, 1))
    assert first[0] < second[1]
    assert second[0] < first[1]  # they have nothing in common to wait for


def test_whoever_would_need_what_failed_is_not_tried(
    command: Callable[..., Callable[[Cell], list[str]]], tmp_path: Path
) -> None:
    lost = Cell("ours", 8, 0, 0), Cell("closer", 8, 1, 0)
    failed = run_side_by_side(
        CELLS,
        jobs=2,
        command=command(*map(str, lost), seconds=0.1),
        said=tmp_path / "said",
        started=ignore,
        ended=ignore,
    )
    assert {found.cell for found in failed} == {*CELLS[:3], lost[1]}
    assert {found.cell for found in failed if found.minutes} == set(lost)
    assert times(tmp_path).keys() == {CELLS[0], *CELLS[3:]}


def test_an_interrupt_ends_all_processes(
    command: Callable[..., Callable[[Cell], list[str]]], tmp_path: Path
) -> None:
    started: list[Cell] = []

    def interrupted(cell: Cell) -> None:
        started.append(cell)
        if len(started) == 2:
            raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_side_by_side(
            CELLS,
            jobs=2,
            command=command(seconds=3),
            said=tmp_path / "said",
            started=interrupted,
            ended=ignore,
        )
    assert time.monotonic() - began < 30
    time.sleep(5)  # whoever was left alone would have ended by now
    assert times(tmp_path) == {}
