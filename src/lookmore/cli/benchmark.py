"""``lookmore benchmark``: rivals and ablations under one protocol, row by row."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:  # it imports torch, which the command line loads only when it must
    from lookmore.grid.cell import Cell


def benchmark(
    suite: Annotated[
        str,
        typer.Argument(
            help="lfw, cars196, gtsrb, cifar10-jpeg or another file of benchmarks/suites."
        ),
    ],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="data.root=where the images are, machine.key=value."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few steps, one seed: to see it run, not to claim.")
    ] = False,
    method: Annotated[list[str] | None, typer.Option(help="Only this method; repeatable.")] = None,
    side: Annotated[list[int] | None, typer.Option(help="Only this side; repeatable.")] = None,
    seed: Annotated[list[int] | None, typer.Option(help="Only this seed; repeatable.")] = None,
    fold: Annotated[list[int] | None, typer.Option(help="Only this fold; repeatable.")] = None,
    home: Annotated[Path, typer.Option(help="Root of a checkout of lookmore.")] = Path("."),
    runs: Annotated[Path, typer.Option(help="Where run folders go.")] = Path("runs/benchmark"),
    plan: Annotated[bool, typer.Option("--plan", help="Say what is left to do, and stop.")] = False,
    jobs: Annotated[
        int, typer.Option(min=1, help="Runs at once, each a process: for a GPU, or many cores.")
    ] = 1,
    beside: Annotated[int, typer.Option(min=1, hidden=True)] = 1,
) -> None:
    """Train and measure every method of a suite that has no rows yet; resumes where it stopped.

    Rows go to benchmarks/results/SUITE.json as each run ends. What differs between methods is in
    benchmarks/methods.yaml, what a suite compares in benchmarks/suites/SUITE.yaml.
    """
    from lookmore.chain.folder import FREE_DATA
    from lookmore.cli.work import working
    from lookmore.engine.cores import chosen_threads
    from lookmore.errors import ConfigError
    from lookmore.grid.cell import Cell
    from lookmore.grid.ledger import Ledger
    from lookmore.grid.run import Grid
    from lookmore.grid.suite import read_methods, read_suite
    from lookmore.grid.table import standings_tables

    folder = home / "benchmarks"
    path = folder / "suites" / f"{suite}.yaml"
    if not path.exists():
        known = sorted(found.stem for found in (folder / "suites").glob("*.yaml"))
        raise ConfigError(
            f"there is no suite {suite!r}; there are {', '.join(known)}"
            if known
            else f"there are no suites in {folder / 'suites'}: run this from a checkout of "
            "lookmore, or give its root with --home"
        )
    config = read_suite(path, quick=quick)
    allowed = ("machine.", *(f"{free}=" for free in FREE_DATA))
    for override in overrides or []:
        if not override.startswith(allowed):
            raise ConfigError(
                f"{override!r} would make this another suite; it takes "
                f"{', '.join(f'{free}...' for free in allowed)}; what is compared is said in {path}"
            )
    unknown = sorted(set(method or []) - set(config.methods))
    if unknown:
        raise ConfigError(
            f"the suite {suite} has no method {', '.join(unknown)}; it has "
            f"{', '.join(config.methods)}"
        )
    given = {override.partition("=")[0] for override in overrides or []}
    missing = [name for name in config.needs if name not in given]
    if missing:
        raise ConfigError(
            f"the suite {suite} needs {', '.join(f'{name}=...' for name in missing)}: where its "
            "images lie on this machine"
        )
    name = f"{suite}-quick" if quick else suite
    ledger = Ledger(folder / "results" / f"{name}.json")
    grid = Grid(
        config,
        read_methods(folder / "methods.yaml"),
        home=home,
        overrides=overrides or [],
        ledger=ledger,
        runs=runs / name,
        beside=beside,
    )

    def wanted(cell: Cell) -> bool:
        limits = (method, side, seed, fold)
        return all(
            not limit or value in limit
            for value, limit in zip(cell, limits, strict=True)  # a cell is named in this order
        )

    console = Console(stderr=True)
    todo = grid.open_cells(wanted)
    console.print(
        f"{suite}: {len(todo)} of {sum(map(wanted, grid.recipes()))} runs to do; rows in "
        f"{ledger.path}",
        soft_wrap=True,
    )
    if jobs > 1 and not plan:
        threads = max(1, chosen_threads().number // jobs)
        # an override of the user's comes later, and counts
        words = [suite, f"machine.threads={threads}", *(overrides or []), "--beside", str(jobs)]
        words += ["--home", str(home), "--runs", str(runs), *(["--quick"] if quick else [])]
        _side_by_side(list(todo), jobs=jobs, words=words, said=runs / name / "said")
    else:
        for place, (cell, recipe) in enumerate(todo.items(), start=1):
            console.print(f"[bold]{place}/{len(todo)}[/bold] {cell}", soft_wrap=True)
            if not plan:
                began = time.monotonic()
                with working(console) as reporter:
                    grid.run(cell, recipe, reporter=reporter)
                took = (time.monotonic() - began) / 60
                console.print(f"{cell}: {took:.1f} minutes", soft_wrap=True)
    out = Console()
    rows = Ledger(ledger.path).rows  # other processes may have added theirs
    for table in standings_tables(rows, metric=config.metric):
        out.print(table)


def _side_by_side(cells: "list[Cell]", *, jobs: int, words: list[str], said: Path) -> None:
    """Train cells in processes of their own, and say of each how long it took or why it failed."""
    from lookmore.cli.work import working
    from lookmore.errors import TrainingError
    from lookmore.grid.jobs import Ended, run_side_by_side

    console = Console(stderr=True)
    program = [sys.executable, "-c", "from lookmore.cli.main import main; main()", "benchmark"]
    count = 0

    def command(cell: "Cell") -> list[str]:
        named = zip(("--method", "--side", "--seed", "--fold"), map(str, cell), strict=True)
        return [*program, *words, *(word for pair in named for word in pair)]

    def started(cell: "Cell") -> None:
        nonlocal count
        count += 1
        console.print(f"[bold]{count}/{len(cells)}[/bold] {cell}", soft_wrap=True)

    def ended(found: Ended) -> None:
        if found.is_done:
            console.print(f"{found.cell}: {found.minutes:.1f} minutes", soft_wrap=True)
        elif found.minutes:
            last = found.said.read_text(errors="replace").strip().splitlines()[-1:] or ["nothing"]
            console.print(f"{found.cell} failed: {last[0]}", soft_wrap=True, markup=False)
        else:
            console.print(f"{found.cell}: not tried, as what it shares failed", soft_wrap=True)

    with working(console):
        failed = run_side_by_side(
            cells, jobs=jobs, command=command, said=said, started=started, ended=ended
        )
    if failed:
        raise TrainingError(
            f"{len(failed)} of {len(cells)} runs have no rows; what they said is in {said}, and "
            "the same command tries them again"
        )
