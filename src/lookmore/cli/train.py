"""``lookmore train``: the whole chain of a recipe, then its report."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from lookmore.cli.work import working

if TYPE_CHECKING:  # torch loads only once there is work for it
    from lookmore.recipe.config import Recipe


def train(
    recipe: Annotated[Path, typer.Argument(help="A YAML file, such as recipes/lfw-16px.yaml.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="section.key=value, as many as you like.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Run folder; runs/NAME if left out.")] = None,
    smoke: Annotated[bool, typer.Option(help="Two steps of each stage, to see it work.")] = False,
    restart: Annotated[
        bool, typer.Option(help="Train stages anew whose settings have changed.")
    ] = False,
) -> None:
    """Train a recipe: teacher, assistant, student, controls; then evaluate.

    What is done is skipped, what was cut off is resumed.
    """
    from lookmore.recipe.load import load_recipe

    run_recipe(load_recipe(recipe, overrides or []), out=out, smoke=smoke, restart=restart)


def run_recipe(
    recipe: "Recipe",
    *,
    out: Path | None,
    smoke: bool = False,
    restart: bool = False,
) -> Path:
    """Train and evaluate a recipe with progress on the terminal.

    Args:
        recipe: The experiment.
        out: Run folder; ``None`` = ``runs/NAME``.
        smoke: Two steps of each stage.
        restart: Train stages anew whose settings have changed.

    Returns:
        The run folder.
    """
    from lookmore.chain.run import SMOKE_IMAGES, run_chain, smoked
    from lookmore.cli.finish import report_on

    console = Console(stderr=True)
    if smoke:
        recipe = smoked(recipe)
    folder = out or Path("runs") / recipe.name
    with working(console) as reporter:
        run_chain(
            recipe,
            folder=folder,
            reporter=reporter,
            limit=SMOKE_IMAGES if smoke else None,
            restart=restart,
        )
    report_on(folder, recipe, console=console)
    return folder
