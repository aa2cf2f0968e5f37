"""``lookmore data``: look at images before training on them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

app = typer.Typer(no_args_is_help=True, help="Look at images before training on them.")


@app.callback()
def _group() -> None:
    """Keep ``check`` a subcommand while it is the only one."""


@app.command("check")
def check(
    source: Annotated[str, typer.Argument(help="A folder, a manifest, a data set, or a recipe.")],
    cache: Annotated[
        bool, typer.Option("--cache", help="Recompute a sample of kept guide embeddings (recipe).")
    ] = False,
    side: Annotated[
        int | None, typer.Option(help="Side at which images are decoded; 112 pixels if left out.")
    ] = None,
) -> None:
    """Count images, classes and splits; list what cannot be read and what is there twice."""
    from lookmore.chain.check import check_cache, check_data
    from lookmore.cli.work import working
    from lookmore.data.config import DataConfig
    from lookmore.errors import ConfigError
    from lookmore.recipe.load import load_recipe

    console = Console(stderr=True)
    recipe = load_recipe(Path(source)) if Path(source).suffix in (".yaml", ".yml") else None
    if cache and recipe is None:
        raise ConfigError("data check --cache needs a recipe, whose teacher and views it rechecks")
    if recipe is not None and side is not None:
        raise ConfigError(
            "data check --side is for a folder or a manifest: a recipe states its own"
        )
    config = (
        recipe.data
        if recipe
        else DataConfig(root=source, side=112 if side is None else side, max_unreadable=1)
    )
    with working(console) as reporter:
        found = check_data(config, reporter=reporter)
        difference = check_cache(recipe, reporter=reporter) if cache and recipe else None

    table = Table(title=source, title_justify="left")
    for column in ("split", "images", "classes", "unlabelled"):
        table.add_column(column, justify="left" if column == "split" else "right")
    for split in found.splits:
        table.add_row(
            split.name, f"{split.images:,}", f"{split.classes:,}", f"{split.unlabelled:,}"
        )
    out = Console()
    out.print(table)
    out.print(f"Unreadable: {len(found.unreadable)}")
    for name, reason in found.unreadable[:20]:
        out.print(f"  {name}: {reason}", soft_wrap=True, highlight=False)
    out.print(f"The same picture in two splits: {len(found.leaks)}")
    for left, right in found.leaks[:20]:
        out.print(f"  {left} = {right}", soft_wrap=True, highlight=False)
    if difference is not None:
        out.print(f"Guide embeddings recomputed; largest difference {difference:.1e}")
