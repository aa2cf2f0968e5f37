"""``lookmore demo``: faces at 16 pixels, from installed packages alone."""

from importlib import resources
from pathlib import Path
from typing import Annotated

import typer


def demo(
    out: Annotated[Path, typer.Option(help="Run folder.")] = Path("runs/demo"),
    seed: Annotated[int, typer.Option(help="Of weights, order and views.")] = 0,
    restart: Annotated[
        bool, typer.Option(help="Train stages anew whose settings have changed.")
    ] = False,
) -> None:
    """Teach a small network to find 40 people from 16-pixel faces.

    They are found in a gallery that a large network made from sharp photographs.
    """
    from lookmore.cli.train import run_recipe
    from lookmore.recipe.load import load_recipe

    with resources.as_file(resources.files("lookmore.recipe") / "demo.yaml") as path:
        recipe = load_recipe(path, [f"seed={seed}"])
    run_recipe(recipe, out=out, restart=restart)
