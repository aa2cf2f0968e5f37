"""``lookmore benchmark``: rivals and ablations under one protocol, row by row."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def benchmark(
    suite: Annotated[
        str,
        typer.Argument(
            help="lfw, lfw-inherited, lfw-onnx, lfw-students, lfw-parts, cars196, gtsrb, "
            "gtsrb-swapped, gtsrb-mirrored, gtsrb-far, cifar10-jpeg, gtsrb-choices, "
            "gtsrb-far-choices or lfw-choices."
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
) -> None:
    """Train and measure every method of a suite that has no rows yet; resumes where it stopped.

    Rows go to benchmarks/results/SUITE.json as each run ends. What differs between methods is in
    benchmarks/methods.yaml, what a suite compares in benchmarks/suites/SUITE.yaml.
    """
    from lookmore.chain.folder import FREE_DATA
    from lookmore.cli.work import working
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
    for place, (cell, recipe) in enumerate(todo.items(), start=1):
        console.print(f"[bold]{place}/{len(todo)}[/bold] {cell}", soft_wrap=True)
        if not plan:
            began = time.monotonic()
            with working(console) as reporter:
                grid.run(cell, recipe, reporter=reporter)
            console.print(f"{cell}: {(time.monotonic() - began) / 60:.1f} minutes", soft_wrap=True)
    out = Console()
    for table in standings_tables(ledger.rows, metric=config.metric):
        out.print(table)
