"""From rows to what people look at: ``report.json``, figures, ``report.html``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor

from lookmore.chain.folder import read_seconds
from lookmore.checkpoint.checkpoint import read_facts, write_whole
from lookmore.evaluate.figures import accuracy_curve, discard_curve, save_figure
from lookmore.evaluate.identification import gallery_and_probes
from lookmore.evaluate.page import write_page
from lookmore.evaluate.panels import by_gallery, robustness_panels
from lookmore.evaluate.probes import make_probes
from lookmore.evaluate.robustness import degradations_of, robustness
from lookmore.evaluate.rows import Row, write_rows
from lookmore.evaluate.run import Subject, discards_of
from lookmore.evaluate.strips import probe_strip, search_strip
from lookmore.recipe.config import Recipe

HEADLINE_METRIC = {
    "identification": "rank1",
    "verification": "accuracy",
    "retrieval": "recall_at_1",
    "classification": "top1_accuracy",
    "matching": "rank1",
}
_FACES_SHOWN = 8
_PANELS_CAPTION = (
    "The grey band is within 5 points of what the teacher reaches on sharp probes, the level line."
)
_DISCARD_CAPTION = (
    "The student turns away what it finds hard to recognise. The threshold stays where it was; "
    "a pair of two small images is as good as the worse of them."
)
_CAPTION = "Bands are 95 % intervals; level lines are what sharp probes reach."


class Report(NamedTuple):
    """Where a report lies."""

    rows: list[Row]
    """Every number of it."""

    json: Path
    """``report.json``."""

    page: Path
    """``report.html``."""


def headline_metric(recipe: Recipe) -> str:
    """Return the metric that figures are drawn of; all pairs have no threshold from elsewhere."""
    if recipe.protocol == "verification" and recipe.evaluate.split == "val":
        return "auc"
    return HEADLINE_METRIC[recipe.protocol]


def write_report(
    folder: Path,
    subject: Subject,
    rows: list[Row],
    *,
    peak_mib: float | None,
) -> Report:
    """Write the rows, the figures and the page into the run folder.

    Args:
        folder: ``runs/NAME``.
        subject: The run.
        rows: What was measured.
        peak_mib: Largest memory of this process so far, in MiB; ``None`` = not known.

    Returns:
        Where everything lies.
    """
    figures = folder / "figures"
    figures.mkdir(exist_ok=True)
    recipe = subject.recipe
    metric = headline_metric(recipe)
    shown: list[tuple[str, Path]] = []

    first = recipe.evaluate.degradations[0]
    plain = [row for row in rows if row.degradation in (first, "none")]
    for name, part, caption in _curves(plain, sharp=recipe.data.side):
        figure = accuracy_curve(part, metric=metric, title=caption)
        shown.append((_CAPTION, save_figure(figure, figures / f"{name}.png")))
    robust = robustness(rows, metric=metric)
    if len(degradations_of(robust)) > 1:
        for word, part in by_gallery(rows):
            name = f"robustness-{word.lower()}" if word else "robustness"
            title = f"What each way of losing detail costs{f' ({word})' if word else ''}"
            panels = robustness_panels(part, metric=metric, title=title)
            shown.append((_PANELS_CAPTION, save_figure(panels, figures / f"{name}.png")))
    for form in discards_of(subject):
        kind = "LR-LR" if form.pairs.others is not None else "LR-HR"
        title = f"What is left of the error when probes are turned away ({kind})"
        drawn = save_figure(
            discard_curve(form, title=title), figures / f"discard-{kind.lower()}.png"
        )
        shown.append((_DISCARD_CAPTION, drawn))
    if recipe.protocol == "identification":
        found = _searched(subject, figures / "matches.png")
        shown.append(
            ("The nearest image that each of them finds in a gallery of sharp ones.", found)
        )
    shown.append(
        (
            "Nothing is added by showing them large: this is all there is to see.",
            _strip(subject, figures / "probes.png"),
        )
    )

    write_rows(rows, folder / "report.json")
    summed = json.dumps([asdict(entry) for entry in robust], indent=1) + "\n"
    write_whole(folder / "robustness.json", summed.encode())
    write_page(
        folder / "report.html",
        title=f"{recipe.evaluate.name or recipe.name}: recognising from few pixels",
        rows=rows,
        figures=shown,
        facts=_facts(folder, subject, peak_mib),
        notes=(),
        side=recipe.degradation.side,
        robust=robust,
    )
    return Report(rows, folder / "report.json", folder / "report.html")


def _curves(rows: list[Row], *, sharp: int) -> list[tuple[str, list[Row], str]]:
    """Split rows into the two questions: against a sharp gallery, and small against small."""
    against_sharp = [row for row in rows if row.gallery_side in (0, sharp)]
    among_small = [row for row in rows if row.gallery_side == row.probe_side > 0]
    curves = [("accuracy", against_sharp, "Accuracy against the side of the probe")]
    if any(row.gallery_side < sharp for row in among_small):
        curves = [
            ("accuracy-lr-hr", against_sharp, "Small probe against a sharp image (LR-HR)"),
            ("accuracy-lr-lr", among_small, "Small against small (LR-LR)"),
        ]
    return curves


def _tried(subject: Subject) -> np.ndarray:
    recipe, pack = subject.recipe, subject.material.pack
    rows = pack.rows(recipe.evaluate.split)
    if recipe.protocol == "identification":
        rows = gallery_and_probes(
            pack, gallery=recipe.evaluate.gallery, split=recipe.evaluate.split
        )[1]
    _, first = np.unique(pack.labels[rows], return_index=True)
    spread = np.linspace(0, len(first) - 1, min(_FACES_SHOWN, len(first))).round().astype(int)
    shown: np.ndarray = rows[first[spread]]
    return shown


def _strip(subject: Subject, path: Path) -> Path:
    recipe, pack = subject.recipe, subject.material.pack
    rows = _tried(subject)
    probes = {
        side: _bytes(
            make_probes(pack, rows, side=side, degradation=recipe.evaluate.degradations[0])
        )
        for side in recipe.probe_sides
    }
    return save_figure(probe_strip(probes, pack.batch(rows).numpy()), path)


def _searched(subject: Subject, path: Path) -> Path:
    """Show for a few probes whom the student finds, and whom the teacher."""
    recipe, pack, embed = subject.recipe, subject.material.pack, subject.embed
    gallery, probes = gallery_and_probes(
        pack, gallery=recipe.evaluate.gallery, split=recipe.evaluate.split
    )
    side, degradation = recipe.degradation.side, recipe.evaluate.degradations[0]
    rows = _tried(subject)
    at = np.searchsorted(probes, rows)
    matches: dict[str, np.ndarray] = {}
    correct: dict[str, np.ndarray] = {}
    for who in subject.contestants:
        if who.method not in ("ours", "teacher_upscaled"):
            continue
        enrolled = embed(who.gallery, gallery, side=recipe.data.side)
        seen = embed(who.probe, probes, side=side, degradation=degradation)[at]
        nearest = gallery[(seen @ enrolled.T).argmax(axis=1)]
        matches[who.method] = pack.batch(nearest).numpy()
        correct[who.method] = pack.labels[nearest] == pack.labels[rows]
    small = _bytes(make_probes(pack, rows, side=side, degradation=degradation))
    return save_figure(search_strip(small, matches, correct), path)


def _bytes(images: Tensor) -> np.ndarray:
    pixels: np.ndarray = (images.numpy() * 255).round().astype(np.uint8)
    return pixels


def _facts(folder: Path, subject: Subject, peak_mib: float | None) -> list[tuple[str, str]]:
    student = read_facts(folder / "student") or {}
    seconds = read_seconds(folder)
    pack = subject.material.pack
    split = subject.recipe.evaluate.split
    teacher = student.get("teacher", {})
    return [
        ("Student", f"{student['parameters']:,} parameters, {student['stream']['side']} px"),
        ("Teacher", f"{teacher.get('name', 'none')} (licence: {teacher.get('licence', 'none')})"),
        ("Trained on", f"{len(subject.material.train):,} images"),
        ("Tried on", f"{len(pack.rows(split)):,} images of the {split} split"),
        ("Unreadable images skipped", f"{len(pack.unreadable):,}"),
        ("Seed", str(subject.recipe.seed)),
        ("Wall time", ", ".join(f"{name} {took:.0f} s" for name, took in seconds.items())),
        ("Peak memory", "not known here" if peak_mib is None else f"{peak_mib:,.0f} MiB"),
        ("Machine", str(student["machine"])),
        ("Commit", str(student["commit"])),
        ("Versions", ", ".join(f"{k} {v}" for k, v in student["versions"].items())),
    ]
