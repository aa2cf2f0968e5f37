"""``lookmore doctor``: is this machine fit, and does it see what the student was trained on?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from lookmore.cli.findings import findings_table, verdict

if TYPE_CHECKING:  # imports torch, which the command line loads only when it must
    from lookmore.doctor.examine import Examination
    from lookmore.page.finding import Finding


def doctor(
    run: Annotated[
        Path | None, typer.Argument(help="Run folder, whose student then judges; or a recipe.")
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Argument(help="data.root=where the run's images are now.")
    ] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option(help="Picture to shrink in all ways; as often as you like."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0, help="To measure each way of computing for; 0: not at all.")
    ] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, for programs.")] = False,
) -> None:
    """Check packages, machine, speed, gradients, and who shrinks pictures as the student expects.

    Exits with 1 if something must be put right; notes are no faults.
    """
    from lookmore.doctor.examine import examine

    errors = Console(stderr=True)
    with errors.status("looking") as status:
        found = examine(
            run,
            overrides=overrides or [],
            images=image or [],
            seconds=seconds,
            progress=lambda what: status.update(f"looking at {what}"),
        )
    if as_json:
        print(json.dumps(_plain(found), indent=1))
    else:
        _tell(found, Console())
    if found.faults:
        raise typer.Exit(1)


def _plain(found: "Examination") -> dict[str, object]:
    return {
        "verdict": "fault" if found.faults else "fine",
        "findings": [finding._asdict() for finding in found.findings],
        "speeds": [speed._asdict() for speed in found.speeds],
        "parity": [difference._asdict() for difference in found.parity],
    }


def _tell(found: "Examination", out: Console) -> None:
    """Print a table for each part, one of all ways of shrinking, and how it ended."""
    from lookmore.doctor.parity import PART

    parts: dict[str, list[Finding]] = {}
    for finding in found.findings:
        parts.setdefault(finding.part, []).append(finding)
    ways = parts.pop(PART)
    for part, findings in parts.items():
        out.print(findings_table(part, findings))
    _tell_ways(found, ways, out)
    if not found.faults:
        notes = sum(finding.verdict == "note" for finding in found.findings)
        out.print(f"[green]Nothing to put right[/], {notes} notes.")
        return
    out.print(f"[bold red]To be put right: {len(found.faults)}[/]")
    for fault in found.faults:
        words = f"  {fault.part}, {fault.name}: {fault.found}. {fault.advice}"
        out.print(words, markup=False, highlight=False, soft_wrap=True)


def _tell_ways(found: "Examination", findings: "list[Finding]", out: Console) -> None:
    """Print how far each way of shrinking is from lookmore's own."""
    heading, *judged = findings
    title = (
        f"Preprocessing: shrunk by others, beside what the student was trained on\n{heading.found}"
    )
    with_run = any(way.cosine_mean is not None for way in found.parity)
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    table.add_column("", width=5, no_wrap=True)
    table.add_column("library", no_wrap=True)
    table.add_column("call", overflow="fold")
    for column in ("largest", "mean", *(("cosine", "worst") if with_run else ())):
        table.add_column(column, justify="right", no_wrap=True)
    for way, finding in zip(found.parity, judged, strict=True):
        cells = ["", "not installed"]
        if way.largest is not None and way.mean is not None:
            cells = [str(way.largest), f"{way.mean:.2f}"]
        if way.cosine_mean is not None and way.cosine_worst is not None:
            cells += [f"{way.cosine_mean:.3f}", f"{way.cosine_worst:.3f}"]
        table.add_row(verdict(finding), way.library, escape(way.call), *cells)
    out.print(table)
    out.print(_ABOUT + (_ABOUT_COSINE if with_run else ""), style="dim")


_ABOUT = (
    "Largest and mean difference in steps of 8-bit pixels. fine: the student sees what it was "
    "trained on. note: it sees something else; hand the large picture to lookmore, which shrinks "
    "it, or shrink it by a call that is fine."
)
_ABOUT_COSINE = " Cosine, and the worst, between the embeddings of both: 1 where nothing is lost."
