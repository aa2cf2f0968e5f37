"""Progress: bars with rate and time left on a terminal, plain lines in a log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

if TYPE_CHECKING:  # these import torch, which the command line loads only when it must
    from lookmore.chain.guide import Report
    from lookmore.chain.run import Reporter

_LINE_SECONDS = 10.0
_GOES_ON = "What is finished is kept: the same command goes on from here."


class _Rate(ProgressColumn):
    """Images a second."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} images/s", style="dim")


class _Bars:
    """One bar per piece of work, shown from its first word on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __call__(self, name: str) -> "Report":
        task: TaskID | None = None
        last = 0

        def report(done: int, total: int, note: str = "") -> None:
            nonlocal task, last
            if task is None:
                task = self._progress.add_task(name, total=total, note=note)
            elif done < last:  # a new count: its rate and time left are its own
                self._progress.reset(task)
            last = done
            self._progress.update(task, completed=done, total=total, note=note)

        return report


class _Lines:
    """A line every ten seconds and one at the end: for logs."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def __call__(self, name: str) -> "Report":
        began = said = time.monotonic()
        start = last = 0

        def report(done: int, total: int, note: str = "") -> None:
            nonlocal began, said, start, last
            now = time.monotonic()
            if done < last or not last:  # a new count, or one resumed in the middle
                began, start = now, done
            last = done
            if now - said < _LINE_SECONDS and done < total:
                return
            said = now
            took = now - began
            left = (
                f", {took / (done - start) * (total - done):.0f} s left"
                if start < done < total
                else ""
            )
            rate = f", {(done - start) / took:,.0f} images/s" if took > 0.5 else ""
            self._console.print(
                f"{name}: {done:,}/{total:,} images{rate}{left}{', ' + note if note else ''}",
                highlight=False,
                soft_wrap=True,
            )

        return report


@contextmanager
def working(console: Console, *, stopped: str = _GOES_ON) -> "Iterator[Reporter]":
    """Show progress while work is done; Ctrl-C says how to go on and exits with 130.

    Args:
        console: Where to show it.
        stopped: What Ctrl-C leaves behind, in words.

    Yields:
        What the work reports to.
    """
    try:
        if console.is_terminal:
            with Progress(
                TextColumn("{task.description:<18}"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                _Rate(),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                TextColumn("[dim]{task.fields[note]}"),
                console=console,
            ) as progress:
                yield _Bars(progress)
        else:
            yield _Lines(console)
    except KeyboardInterrupt:
        console.print(f"\nStopped. {stopped}")
        raise typer.Exit(130) from None
