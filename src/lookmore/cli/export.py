"""``lookmore export``: a trained student as one ONNX file, and a card about it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:  # imports torch, which the command line loads only when it must
    from lookmore.export.parity import Finding


def export(
    run: Annotated[Path, typer.Argument(help="Run folder, such as runs/demo.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="data.root=where the images are now.")
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="Eight-bit weights: a quarter of the size.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="The file; RUN/student.onnx or RUN/student-int8.onnx if left out."),
    ] = None,
) -> None:
    """Write the student as ONNX, preprocessing inside; refused if it would recognise differently.

    Beside the file goes card.md, a model card.
    """
    from lookmore.cli.work import working
    from lookmore.export.export import export as exported

    with working(Console(stderr=True)) as reporter:
        found = exported(run, int8=int8, out=out, overrides=overrides or [], reporter=reporter)
    console = Console()
    console.print(_table(found.findings, looked_at=found.looked_at))
    if found.looked_at == "training":
        console.print("The run has no validation images, so it was compared on training images.")
    console.print(f"Student: {found.path} ({found.size / 1000:,.0f} kB)", soft_wrap=True)
    console.print(f"Card: {found.card}", soft_wrap=True)


def _table(findings: "list[Finding]", *, looked_at: str) -> Table:
    table = Table(
        title=f"The file beside the run, on {findings[0].images:,} {looked_at} images",
        title_justify="left",
    )
    for column in ("compared", "images at", "found", "allowed"):
        table.add_column(column, justify="left" if column == "compared" else "right")
    for found in findings:
        table.add_row(found.what, f"{found.side} px", *found.told)
    return table
