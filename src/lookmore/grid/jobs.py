"""Cells trained side by side, each by a process of its own."""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from lookmore.grid.cell import Cell

_LOOK_SECONDS = 0.2


class Ended(NamedTuple):
    """A cell whose process has ended, or was not started because its kin's failed."""

    cell: Cell
    """Which."""

    is_done: bool
    """Whether its rows are there."""

    minutes: float
    """That its process ran; 0 if it was not started."""

    said: Path
    """File of what its process printed."""


def run_side_by_side(
    cells: Sequence[Cell],
    *,
    jobs: int,
    command: Callable[[Cell], list[str]],
    said: Path,
    started: Callable[[Cell], None],
    ended: Callable[[Ended], None],
) -> list[Ended]:
    """Run a process for each cell, so many at a time, in the order of the cells.

    Cells of one seed and fold share a teacher and what it said of the views: the first of them runs
    without the others, and if it fails, they are not tried. When this is interrupted, the
    processes are ended.

    Args:
        cells: What is left to do.
        jobs: Processes at a time, 1 or more.
        command: The program and its arguments for a cell; 0 is success.
        said: Folder for what the processes print, made if missing: ``CELL.txt``.
        started: Called with a cell when its process starts.
        ended: Called with a cell when its process has ended.

    Returns:
        The cells that have no rows now.
    """
    said.mkdir(parents=True, exist_ok=True)
    waiting, running = list(cells), dict[Cell, tuple[subprocess.Popen[bytes], float]]()
    led, failed = set[tuple[int, int]](), list[Ended]()

    def start(cell: Cell) -> None:
        with (said / f"{cell}.txt").open("wb") as file:
            process = subprocess.Popen(command(cell), stdout=file, stderr=subprocess.STDOUT)
        running[cell] = process, time.monotonic()
        started(cell)

    def end(cell: Cell, *, is_done: bool, minutes: float = 0.0) -> None:
        found = Ended(cell, is_done, minutes, said / f"{cell}.txt")
        if not is_done:
            failed.append(found)
        ended(found)

    try:
        while waiting or running:
            for cell in list(waiting):
                has_room = len(running) < jobs
                if has_room and (_kin(cell) in led or _kin(cell) not in map(_kin, running)):
                    waiting.remove(cell)
                    start(cell)
            time.sleep(_LOOK_SECONDS)
            for cell, (process, began) in list(running.items()):
                code = process.poll()
                if code is None:
                    continue
                del running[cell]
                end(cell, is_done=code == 0, minutes=(time.monotonic() - began) / 60)
                if code == 0:
                    led.add(_kin(cell))
                elif _kin(cell) not in led:
                    for kin in [other for other in waiting if _kin(other) == _kin(cell)]:
                        waiting.remove(kin)
                        end(kin, is_done=False)
    finally:
        _stop([process for process, _ in running.values()])
    return failed


def _kin(cell: Cell) -> tuple[int, int]:
    return cell.seed, cell.fold


def _stop(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    for process in processes:
        process.terminate()  # as good as any other end: what was last saved is whole
    for process in processes:
        process.wait()
