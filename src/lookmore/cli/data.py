"""``lookmore data``: look at images before training on them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:  # torch loads only once there is work for it
    from lookmore.data.leakage import Twin
    from lookmore.data.pack import Pack

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
    folder: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for twins.csv and twins.png: what is there twice."),
    ] = None,
) -> None:
    """Count images, classes and splits; list what cannot be read and what is there twice.

    Exits with 1 if a picture of the test split is in train or val too, or nearly.
    """
    from lookmore.chain.check import check_cache, check_data
    from lookmore.chain.twins import write_twins
    from lookmore.cli.work import working
    from lookmore.data.config import DataConfig
    from lookmore.errors import ConfigError, DataError
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
    if folder is not None:
        write_twins(folder, found.pack, [*found.leaks, *found.loose])
    _tell("train or val and in test", found.pack, found.leaks, out)
    _tell("train and in val", found.pack, found.loose, out)
    tried = len(found.pack.rows("test"))
    if found.compared < tried:
        out.print(f"  compared: {found.compared:,} of the {tried:,} test images")
    if difference is not None:
        out.print(f"Guide embeddings recomputed; largest difference {difference:.1e}")
    policy = recipe.data.leaks if recipe else "refuse"
    if found.leaks and policy != "refuse":
        out.print(f"data.leaks is {policy}, so they are {_MEANS[policy]}.")
    elif found.leaks:
        raise DataError(
            f"the test split leaks, by pictures that are in train or val too: {len(found.leaks)}; "
            "train with data.leaks=drop, or take one of each pair away (--out FOLDER shows them)"
        )


_MEANS = {"drop": "left out of training", "allow": "trained on all the same"}


def _tell(where: str, pack: "Pack", twins: "list[Twin]", out: Console) -> None:
    """Print how many pictures are in two splits, and the first of them."""
    out.print(f"The same picture, or nearly, in {where}: {len(twins)}")
    for twin in twins[:20]:
        mirrored = ", mirrored" if twin.is_mirrored else ""
        out.print(
            f"  {pack.ids[twin.train]} = {pack.ids[twin.tried]} "
            f"({100 * twin.likeness:.1f} % alike{mirrored})",
            soft_wrap=True,
            highlight=False,
        )
    if len(twins) > 20:
        out.print(f"  and {len(twins) - 20:,} more: --out FOLDER writes them all")
