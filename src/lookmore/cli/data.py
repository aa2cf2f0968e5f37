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
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="data.key=value, as training will be told; of a recipe, any section."),
    ] = None,
    cache: Annotated[
        bool, typer.Option("--cache", help="Recompute a sample of kept guide embeddings (recipe).")
    ] = False,
    folder: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for check.html, a page with pictures, and for lists."),
    ] = None,
) -> None:
    """Count images, classes and splits; say what stands out, and what to do about it.

    Exits with 1 if training would refuse these images: too many cannot be read, or a picture of the
    test split is in train or val too, or nearly.
    """
    from lookmore.chain.check import check_cache, check_data
    from lookmore.chain.check_page import write_check
    from lookmore.chain.twins import write_twins
    from lookmore.checkpoint.checkpoint import make_folder
    from lookmore.cli.findings import findings_table
    from lookmore.cli.work import working
    from lookmore.errors import ConfigError, DataError
    from lookmore.recipe.load import data_config, load_recipe

    console, changes = Console(stderr=True), overrides or []
    is_recipe = Path(source).suffix in (".yaml", ".yml")
    recipe = load_recipe(Path(source), changes) if is_recipe else None
    if cache and recipe is None:
        raise ConfigError("data check --cache needs a recipe, whose teacher and views it rechecks")
    if strange := [
        change for change in changes if recipe is None and not change.startswith("data.")
    ]:
        raise ConfigError(f"of images alone only data.key=value can be set, got {strange[0]!r}")
    config = recipe.data if recipe else data_config(source, changes)
    if folder is not None:
        make_folder(folder)  # now, and not when all is decoded
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
    out.print(findings_table("What was found", found.findings))
    for name, reason in found.unreadable[:20]:
        out.print(f"  {name}: {reason}", soft_wrap=True, highlight=False, markup=False)
    if len(found.unreadable) > 20:
        out.print(f"  and {len(found.unreadable) - 20:,} more: --out FOLDER lists them all")
    _tell("in test, and in train or val", found.pack, found.leaks, out)
    _tell("in val, and in train", found.pack, found.loose, out)
    if difference is not None:
        out.print(f"Guide embeddings recomputed; largest difference {difference:.1e}")
    if folder is not None:
        page = write_check(folder, found, title=f"Images of {source}")
        write_twins(folder, found.pack, [*found.leaks, *found.loose])
        out.print(f"Page with pictures: {page}", soft_wrap=True)
    faults = [finding for finding in found.findings if finding.verdict == "fault"]
    if faults:
        raise DataError(
            "training would refuse these images: "
            + "; ".join(f"{fault.found}: {fault.advice}" for fault in faults)
        )


def _tell(where: str, pack: "Pack", twins: "list[Twin]", out: Console) -> None:
    """Print the first of the pictures that are in two splits."""
    for twin in twins[:20]:
        mirrored = ", mirrored" if twin.is_mirrored else ""
        out.print(
            f"  {where}: {pack.ids[twin.train]} = {pack.ids[twin.tried]} "
            f"({100 * twin.likeness:.1f} % alike{mirrored})",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )
    if len(twins) > 20:
        out.print(f"  and {len(twins) - 20:,} more: --out FOLDER lists them all")
