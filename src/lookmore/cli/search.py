"""``lookmore search``: who is on these low-resolution images?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:  # these import torch, which the command line loads only when it must
    from lookmore.search import Answer, Gallery


def search(
    path: Annotated[Path, typer.Argument(metavar="INDEX", help="Folder of the gallery.")],
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Probes: image files, or folders.")
    ],
    k: Annotated[int, typer.Option("-k", min=1, help="People to name for each probe.")] = 5,
    run: Annotated[
        Path | None,
        typer.Option(
            help="Run folder or student.onnx; the run the gallery was made for if left out."
        ),
    ] = None,
    far: Annotated[
        float | None,
        typer.Option(help="False accept rate to decide at; the smallest calibrated if left out."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    out: Annotated[
        Path | None, typer.Option("--out", help="A picture: each probe beside its matches, .png.")
    ] = None,
) -> None:
    """Name the people in a gallery that are nearest to each probe, and decide."""
    from lookmore.checkpoint.load import load
    from lookmore.cli.gallery import run_of
    from lookmore.errors import ConfigError
    from lookmore.search import Gallery, ask
    from lookmore.search.answers import why_no_decision
    from lookmore.search.picture import MOST, Asked, save_matches

    if out is not None and out.suffix.lower() != ".png":
        raise ConfigError(f"--out must end in .png, got {str(out)!r}")
    gallery = Gallery.open(path)
    place = run_of(gallery, run)
    student = load(place)
    probes = _files(images)
    answers = ask(gallery, student, probes, k=k, far=far)
    console = Console(stderr=True)
    if gallery.space.through != "student" and student.facts["weights_sha256"] != (
        gallery.space.student
    ):
        console.print(
            f"Note: {place} holds another student than the gallery was made for; it has the same "
            f"{gallery.space.through}, so the gallery holds.",
            soft_wrap=True,
            highlight=False,
        )
    if as_json:
        found = [
            {"image": str(image), **answer.as_dict()}
            for image, answer in zip(probes, answers, strict=True)
        ]
        typer.echo(json.dumps(found, indent=1))
    else:
        _print(probes, answers, gallery, why=why_no_decision(gallery, student, run=str(place)))
    if out is not None:
        shown = [Asked(image=i, answer=a) for i, a in zip(probes, answers, strict=True)][:MOST]
        save_matches(out, shown, fit=student.artefact.fit)
        rest = f", the first {MOST} of {len(probes)} probes" if len(probes) > MOST else ""
        console.print(f"Picture: {out}{rest}", soft_wrap=True, highlight=False)


def _files(paths: list[Path]) -> list[Path]:
    """Return the image files that are named, and those in folders that are named."""
    from lookmore.data.folder import open_folder

    found: list[Path] = []
    for path in paths:
        found += [path / name for name in open_folder(path).ids] if path.is_dir() else [path]
    return found


def _print(probes: list[Path], answers: "list[Answer]", gallery: "Gallery", *, why: str) -> None:
    tells = any(answer.recognisability is not None for answer in answers)
    decides = any(answer.threshold is not None for answer in answers)
    table = Table(box=None, pad_edge=False)
    table.add_column("probe", overflow="fold")
    table.add_column("px", justify="right")
    if tells:
        table.add_column("recognisability", justify="right")
    table.add_column("", justify="right")
    table.add_column("person", overflow="fold")
    table.add_column("similarity", justify="right")
    if decides:
        table.add_column("decision")
    for probe, answer in zip(probes, answers, strict=True):
        for rank, match in enumerate(answer.matches, start=1):
            is_first = rank == 1
            score = "" if answer.recognisability is None else f"{answer.recognisability:.2f}"
            first = [str(probe), str(answer.side), *([score] if tells else [])]
            table.add_row(
                *(first if is_first else [""] * len(first)),
                f"{rank}.",
                match.person,
                f"{match.similarity:.3f}",
                *([_verdict(answer, answer.accepts(match))] if decides else []),
                end_section=rank == len(answer.matches),
            )
    out = Console()
    out.print(table, highlight=False, markup=False)
    for line in _footer(answers, gallery, why=why):
        out.print(line, soft_wrap=True, highlight=False, markup=False)


def _verdict(answer: "Answer", is_accepted: bool | None) -> str:
    if is_accepted is None or answer.threshold is None:
        return "none"
    sign = ">=" if is_accepted else "<"
    return f"{'accepted' if is_accepted else 'no'} ({sign} {answer.threshold.threshold:.3f})"


def _footer(answers: "list[Answer]", gallery: "Gallery", *, why: str) -> list[str]:
    """Say what the decisions mean."""
    if len(gallery) == 0:
        return [f"Nobody is enrolled: lookmore gallery add {gallery.path} IMAGES"]
    rules = [answer.threshold for answer in answers if answer.threshold is not None]
    if not rules:
        return [why]
    lines = []
    for calibrated, degradation in sorted({(rule.probe_side, rule.degradation) for rule in rules}):
        sides = {
            answer.side
            for answer in answers
            if answer.threshold is not None and answer.threshold.probe_side == calibrated
        }
        probes = ", ".join(map(str, sorted(sides)))
        lines.append(
            f"{probes} px probes are decided by the threshold of {calibrated} px ({degradation})."
        )
    far = rules[0].far  # one was asked for
    people, images = gallery.facts["people"], gallery.facts["images"]
    share = 100 * min(1.0, far * (people if gallery.facts["fuse"] else images))
    lines.append(
        f"False accept rate {far:g} in one comparison: among {people:,} people, a stranger is "
        f"taken for one of them in up to {share:.3g} % of searches."
    )
    return lines
