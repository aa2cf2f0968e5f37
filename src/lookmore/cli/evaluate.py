"""``lookmore evaluate``: a finished run, measured again."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console


def evaluate(
    run: Annotated[Path, typer.Argument(help="Run folder, such as runs/demo.")],
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="evaluate.key=value, or data.root=where they are now."),
    ] = None,
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="Probes of many sides, degraded in every way: a grid, a figure and a table.",
        ),
    ] = False,
) -> None:
    """Measure a run beside its controls; write report.json, report.html and figures into it."""
    from lookmore.cli.finish import report_on
    from lookmore.evaluate.run import robustness_recipe, trained_recipe

    recipe = trained_recipe(run, overrides=overrides or [])
    if robustness:
        recipe = robustness_recipe(recipe, given=overrides or [])
    report_on(run, recipe, console=Console(stderr=True))
