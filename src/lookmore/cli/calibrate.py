"""``lookmore calibrate``: from which similarity on two images show the same person."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:  # imports torch, which the command line loads only when it must
    from lookmore.checkpoint.thresholds import Threshold


def calibrate(
    run: Annotated[Path, typer.Argument(help="Run folder, such as runs/demo.")],
    far: Annotated[
        list[float], typer.Option(help="False accept rate, such as 1e-3; as often as you like.")
    ],
    side: Annotated[
        list[int] | None,
        typer.Option(help="Side of the probes, in pixels; those of the report if left out."),
    ] = None,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(help="data.root=where they are now, or evaluate.degradations=[...]."),
    ] = None,
) -> None:
    """Measure thresholds on the validation people of a run; keep them beside its student."""
    from lookmore.checkpoint.thresholds import THRESHOLDS_NAME
    from lookmore.cli.work import working
    from lookmore.evaluate.calibrate import calibrate as measured

    with working(Console(stderr=True)) as reporter:
        found = measured(
            run, fars=far, sides=side or [], overrides=overrides or [], reporter=reporter
        )
    out = Console()
    out.print(_table(found))
    out.print("Measured on validation people, none of whom was trained on; never on test images.")
    if any(threshold.is_corrected for threshold in found):
        out.print(
            "Each is for typical images: in every decision it is lower where they are less "
            "recognisable than those, and higher where they are more.",
            soft_wrap=True,
        )
    out.print(f"Thresholds: {run / 'student' / THRESHOLDS_NAME}", soft_wrap=True)


def _table(thresholds: "list[Threshold]") -> Table:
    table = Table(title="Accept from this similarity on", title_justify="left")
    for column in ("probe", "against", "FAR", "threshold (95 % interval)", "TAR %", "pairs"):
        table.add_column(column, justify="left" if column == "against" else "right")
    degradations = {threshold.degradation for threshold in thresholds}
    for found in thresholds:
        probe = f"{found.probe_side} px"
        if len(degradations) > 1:
            probe += f", {found.degradation}"
        table.add_row(
            probe,
            found.gallery if found.gallery == "same side" else f"{found.gallery}, sharp",
            f"{found.far:g}",
            f"{found.threshold:.3f} ({found.low:.3f} to {found.high:.3f})",
            f"{100 * found.tar:.1f}",
            f"{found.impostor_pairs:,}",
        )
    return table
