"""The model card: what the file is, how well it recognises, and what it must not be used for."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lookmore.chain.folder import chosen_settings
from lookmore.checkpoint.artefact import Artefact
from lookmore.checkpoint.checkpoint import write_whole
from lookmore.checkpoint.onnx_file import INPUT, SUFFIX, open_onnx_file
from lookmore.errors import CheckpointError
from lookmore.evaluate.headline import headline
from lookmore.evaluate.report import headline_metric
from lookmore.evaluate.rows import Row, read_rows
from lookmore.export.card_tables import (
    accuracy_tables,
    markdown_table,
    robustness_table,
    threshold_table,
)
from lookmore.recipe.config import Recipe

CARD_NAME = "card.md"
_FIGURES = ("robustness", "accuracy", "accuracy-lr-hr", "accuracy-lr-lr")


def write_card(card: Path, *, run: Path, recipe: Recipe, artefact: Artefact) -> None:
    """Write the card about every exported file of a student that lies in one folder.

    Args:
        card: Where to; the files lie beside it.
        run: ``runs/NAME``, whose ``report.json`` is shown if there is one.
        recipe: As trained.
        artefact: The student's, with all facts of its checkpoint.

    Raises:
        CheckpointError: If it cannot be written; an old one is then still there.
        DataError: If the report is damaged.
    """
    title = f"# {recipe.name}: recognises {_THINGS[recipe.task]} from {artefact.side} pixels"
    sections = {
        "": _opening(run, recipe, artefact),
        "Files": _files(card.parent, artefact),
        "Input and output": _contract(artefact),
        "How well it recognises": _quality(run, card.parent, recipe),
        "Thresholds": _thresholds(artefact),
        "Use, and not": _use(recipe),
        "How it was trained": _training(recipe, artefact.facts),
        "Licences": _licences(recipe, artefact.facts),
    }
    parts = [f"## {name}\n\n{text}" if name else text for name, text in sections.items()]
    write_whole(card, ("\n\n".join([title, *parts]) + "\n").encode())


_THINGS = {"face": "faces", "metric": "things it was not trained on", "classify": "classes"}


def _opening(run: Path, recipe: Recipe, artefact: Artefact) -> str:
    report = run / "report.json"
    said = headline(read_rows(report), side=recipe.degradation.side) if report.exists() else ""
    space = (
        "Its embeddings lie in the space of its teacher: they can be searched in a gallery that "
        "the teacher made."
        if artefact.meets_teacher
        else "Its embeddings lie in a space of their own: a gallery must be made with it."
    )
    return " ".join(filter(None, [said, space]))


def _files(folder: Path, artefact: Artefact) -> str:
    digest = artefact.facts["weights_sha256"]
    rows: list[list[str]] = []
    for path in sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: -path.stat().st_size):
        try:
            found = open_onnx_file(path)[0]
        except CheckpointError:
            continue  # somebody else's
        facts = found.facts
        if facts["weights_sha256"] != digest:
            continue
        data = path.read_bytes()
        stale = "" if found.thresholds == artefact.thresholds else _STALE
        parity = facts["parity"]
        told = "; ".join(
            f"{what} {value}" for what, side, value in parity["findings"] if side == artefact.side
        )
        rows.append(
            [
                f"`{path.name}`",
                facts["precision"],
                f"{len(data):,}",
                f"`{hashlib.sha256(data).hexdigest()}`",
                f"{stale}{told} ({parity['images']} images at {artefact.side} px)",
            ]
        )
    table = markdown_table(["file", "precision", "bytes", "sha256", "beside the run"], rows)
    return f"{table}\n\nNothing is needed beside a file. Weights of the run: sha256 `{digest}`."


_STALE = "**other thresholds than below, export it again**; "


def _contract(artefact: Artefact) -> str:
    side, width = artefact.side, artefact.width
    rows = [
        [
            f"input `{INPUT}`",
            "uint8 `(batch, height, width, 3)`",
            f"RGB, squares of one size, any number; other sizes than {side} are resized inside "
            "(bicubic, antialiased, rounded to 8 bits). Make images square before: "
            f"{_FITS[artefact.fit]}",
        ],
        [
            "output `embeddings`",
            f"float32 `(batch, {width})`",
            "rows of length 1: compare by dot product",
        ],
    ]
    if artefact.class_names:
        classes = len(artefact.class_names)
        rows.append(
            ["output `logits`", f"float32 `(batch, {classes})`", "scores before the softmax"]
        )
    if artefact.facts.get("stream", {}).get("recognisability"):
        rows.append(
            [
                "output `recognisability`",
                "float32 `(batch)`",
                "0 to 1: how near the embedding is expected to be to the guide's, seen sharp",
            ]
        )
    code = (
        "```python\nimport lookmore\n\n"
        'student = lookmore.load("student.onnx")\n'
        'student.embed(["crop.png"])  # any image, any size\n```'
    )
    return (
        markdown_table(["name", "type", "what"], rows)
        + "\n\nColour order, mean and scale are inside the graph. The metadata entry `lookmore` is "
        "JSON: side, fit, the mean to take off the teacher's embeddings before they are compared, "
        "thresholds, class names, origin.\n\n" + code
    )


_FITS = {
    "crop": "cut out the centre",
    "squash": "change the aspect",
    "pad": "repeat the edges on both sides",
}


def _quality(run: Path, folder: Path, recipe: Recipe) -> str:
    path = run / "report.json"
    if not path.exists():
        return "Not measured: run `lookmore evaluate`, then export again."
    rows, metric = read_rows(path, Row), headline_metric(recipe)
    figures = [
        f"![{name.replace('-', ' ')}](figures/{name}.png)"
        for name in _FIGURES
        if (folder / "figures" / f"{name}.png").exists()
    ]
    parts = [
        "Measured with the run's own weights on test images, which chose nothing.",
        *figures,
        accuracy_tables(rows, metric=metric),
        robustness_table(rows, metric=metric),
    ]
    return "\n\n".join(part for part in parts if part)


def _thresholds(artefact: Artefact) -> str:
    if not artefact.thresholds:
        return (
            "None: nobody calibrated. Without a threshold for a false accept rate of your choice "
            "no decision should hang on a similarity: run `lookmore calibrate`, then export again."
        )
    return (
        "Measured with the run's own weights on validation people, none of whom was trained on. "
        "A rate is a promise about people and images like those.\n\n"
        + threshold_table(artefact.thresholds)
        + (_CORRECTED if any(found.is_corrected for found in artefact.thresholds) else "")
    )


_CORRECTED = (
    "\n\nThey are for images of the recognisability r that stands beside them. For a pair, take "
    "the threshold times the root of r'/r for each image that the student sees (r' is its own; "
    "both 0.5 at least), and accept where the cosine reaches that; `lookmore` does it unasked."
)


def _use(recipe: Recipe) -> str:
    general = [
        "- Meant for images like those it was trained on, made small in the ways that are measured "
        "above. Others must be measured first.",
        "- It always answers: of noise, of a wall, of a class it has never seen.",
    ]
    if recipe.task != "face":
        return "\n".join(general)
    return "\n".join(
        [
            *general,
            "- Meant to propose candidates to a person who decides, on images that were taken and "
            "are kept lawfully, with the knowledge of those whom they show where the law asks for "
            "it.",
            "- Not meant to decide alone about anyone; not for watching people in secret, nor for "
            "telling someone's origin, health, emotions or character.",
            "- Few pixels carry little identity: errors are more frequent than for sharp images, "
            "and so is the wrong person who looks alike. In a large gallery even a small false "
            "accept rate accuses many: multiply it by the number enrolled.",
            "- Error rates differ between groups of people (age, sex, skin, glasses, cameras). "
            "None of this was measured here; measure it on the people concerned.",
            "- An embedding is biometric data of the person: protect it as a photograph.",
        ]
    )


def public_name(teacher: str) -> str:
    """Return a teacher's name without the folders in which its file lies."""
    kind, colon, path = teacher.partition(":")
    return f"{kind}:{Path(path).name}" if colon and kind in ("onnx", "file") else teacher


def public_teacher(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a checkpoint says of its teacher, fit to be given away; may be empty."""
    teacher = dict(facts.get("teacher", {}))
    if "name" in teacher:
        teacher["name"] = public_name(teacher["name"])
    return teacher


def _training(recipe: Recipe, facts: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in facts.get("versions", {}).items())
    guides = ", ".join(f"{name} ({share:g})" for name, share in facts.get("guides", {}).items())
    rows = [
        ["task", recipe.task],
        ["learnt from", guides or "labels alone"],
        ["teacher", public_teacher(facts).get("name", "none")],
        ["network", f"{recipe.student.stream.backbone}, {facts.get('parameters', 0):,} parameters"],
        ["seed", str(recipe.seed)],
        ["commit", str(facts.get("commit", "unknown"))],
        ["machine", str(facts.get("machine", "unknown"))],
        ["versions", versions or "unknown"],
    ]
    chosen = chosen_settings(recipe)
    if "teacher.name" in chosen:
        chosen["teacher.name"] = public_name(chosen["teacher.name"])
    settings = "\n".join(f"{name} = {value}" for name, value in chosen.items())
    return (
        f"{markdown_table(['what', 'value'], rows)}\n\n"
        "Settings that differ from their defaults (the images' place left out):\n\n"
        f"```text\n{settings}\n```"
    )


def _licences(recipe: Recipe, facts: Mapping[str, Any]) -> str:
    teacher = public_teacher(facts)
    root = recipe.data.root
    known = {
        "orl": "AT&T Laboratories Cambridge, Database of Faces: research, with acknowledgement"
    }
    data = known.get(root, "not stated to lookmore: write down here what its owner allows")
    rows = [
        ["software", "lookmore", "Apache-2.0"],
        ["teacher's weights", teacher.get("name", "none"), teacher.get("licence", "unknown")],
        ["images", root if root.startswith("hf://") else Path(root).name, data],
        ["this student's weights", recipe.name, "yours, within what the two lines above allow"],
    ]
    return markdown_table(["what", "which", "licence"], rows)
