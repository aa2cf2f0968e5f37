"""A finished run becomes one file; refused unless it recognises as the run does."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lookmore.chain.guide import Report
from lookmore.chain.material import Material
from lookmore.chain.run import Reporter
from lookmore.checkpoint.artefact import Artefact, artefact_of
from lookmore.checkpoint.checkpoint import load_checkpoint, make_folder, write_whole
from lookmore.checkpoint.network import Network, Pixels, stream_network
from lookmore.checkpoint.onnx_file import SUFFIX, open_onnx_bytes
from lookmore.checkpoint.recogniser import Recogniser
from lookmore.checkpoint.sheet import SHEET_KEY, write_sheet
from lookmore.checkpoint.thresholds import read_thresholds
from lookmore.engine.loop import set_threads
from lookmore.errors import ConfigError, ExportError
from lookmore.evaluate.probes import make_probes
from lookmore.evaluate.run import open_trained_material, trained_recipe
from lookmore.export.card import CARD_NAME, public_teacher, write_card
from lookmore.export.graph import stream_graph, with_preprocessing
from lookmore.export.parity import FLOAT, INT8, Finding, Limits, answers_of, recognition_parity
from lookmore.export.quantise import quantised
from lookmore.recipe.config import Recipe

NAMES = {"fp32": "student.onnx", "int8": "student-int8.onnx"}
_MOST_IMAGES = 1000
_FACTS = ("role", "weights_sha256", "guides", "commit", "versions", "parameters")


class Exported(NamedTuple):
    """What an export left behind."""

    path: Path
    """The ONNX file."""

    card: Path
    """The model card beside it."""

    findings: list[Finding]
    """How it compares with the run; all within limits."""

    looked_at: str
    """Of which images: ``validation``, or ``training`` where a run has no others."""

    size: int
    """Of the file, in bytes."""


def export(
    folder: Path,
    *,
    int8: bool = False,
    out: Path | None = None,
    overrides: Sequence[str] = (),
    reporter: Reporter,
) -> Exported:
    """Write the student of a run as one ONNX file that needs nothing beside it.

    Before anything is written, the file is opened from memory and asked about validation images
    (at most 1,000, drawn by a hash of their pixels), never about test images. Beside it goes a
    model card.

    Args:
        folder: ``runs/NAME``.
        int8: Quantise; ranges come from training images.
        out: The file; ``None`` = ``student.onnx`` or ``student-int8.onnx`` in the run folder.
        overrides: Where the images lie now (``data.root``, ``data.cache``), or ``machine.key``.
        reporter: Told of each piece of work.

    Returns:
        Where everything lies, and what was found.

    Raises:
        CheckpointError: If the run has no finished student, its images are others now, or the disk
            is full.
        ConfigError: If ``out`` does not end in ``.onnx``.
        ExportError: If the file would recognise differently; nothing is written.
        MissingExtraError: If the extra ``export`` is not installed.
    """
    precision = "int8" if int8 else "fp32"
    path = out or folder / NAMES[precision]
    if path.suffix.lower() != SUFFIX:
        raise ConfigError(f"--out must end in {SUFFIX}, got {str(path)!r}")
    recipe = trained_recipe(folder, overrides=overrides)
    set_threads(recipe.machine)
    student = load_checkpoint(folder / "student")
    digest = student.facts["weights_sha256"]
    artefact = artefact_of(student, read_thresholds(folder / "student", weights_sha256=digest))
    recogniser = Recogniser(artefact, stream_network(student.stream))
    material = open_trained_material(folder, recipe, student, reporter=reporter)

    model = stream_graph(student.stream)
    if int8:
        rows = _drawn(material.train, material)
        pixels = _small(
            recogniser, material, rows, student.stream.side, reporter("training images")
        )
        model = quantised(model, pixels)
    model = with_preprocessing(model, side=artefact.side)
    described = replace(artefact, facts=_facts(student.facts, recipe, precision))

    def whole(described: Artefact) -> bytes:
        del model.metadata_props[:]
        entry = model.metadata_props.add()
        entry.key, entry.value = SHEET_KEY, write_sheet(described)
        return bytes(model.SerializeToString())

    rows, looked_at = material.validation, "validation"
    if len(rows) < 2:
        rows, looked_at = material.train, "training"
    findings = _compared(
        recogniser,
        open_onnx_bytes(whole(described), name=str(path))[1],
        material,
        _drawn(rows, material),
        sides=_sides(recipe, artefact.side),
        limits=INT8 if int8 else FLOAT,
        report=reporter(f"{looked_at} images"),
    )
    refuse_other_recognition(findings, path=path, int8=int8)
    parity = {
        "images": looked_at,
        "findings": [[found.what, found.side, found.told[0]] for found in findings],
    }
    data = whole(replace(described, facts={**described.facts, "parity": parity}))
    make_folder(path.parent)
    write_whole(path, data)
    card = path.with_name(CARD_NAME)
    write_card(card, run=folder, recipe=recipe, artefact=artefact)
    return Exported(path, card, findings, looked_at, len(data))


def refuse_other_recognition(findings: Sequence[Finding], *, path: Path, int8: bool) -> None:
    """Raise if a file does not recognise as its run does.

    Args:
        findings: What was compared.
        path: Of the file that would be written.
        int8: Whether it is quantised.

    Raises:
        ExportError: Naming every finding that is out of its limit.
    """
    beyond = [found for found in findings if not found.holds]
    if beyond:
        told = "; ".join(
            f"{found.what}, at {found.side} px: {found.told[0]}, allowed {found.told[1]}"
            for found in beyond
        )
        way_out = (
            "export without --int8, or train a wider student"
            if int8
            else "please report this, with the versions of torch and onnxruntime"
        )
        raise ExportError(f"{path} would not recognise as the run does ({told}): {way_out}")


def _facts(facts: dict[str, Any], recipe: Recipe, precision: str) -> dict[str, Any]:
    """Return what a file tells of its origin: no paths, no names of people."""
    return {
        **{key: facts[key] for key in _FACTS if key in facts},
        "teacher": public_teacher(facts),
        "precision": precision,
        "name": recipe.name,
        "task": recipe.task,
        "seed": recipe.seed,
    }


def _sides(recipe: Recipe, side: int) -> list[int]:
    """Return the sides at which a file is tried: the student's, and the smallest evaluated."""
    return sorted({side, min([side, *(tried for tried in recipe.probe_sides if tried > 0)])})


def _drawn(rows: np.ndarray, material: Material) -> np.ndarray:
    """Return some rows, ascending, drawn by their keys where there are many."""
    order = np.argsort(material.pack.keys[rows], kind="stable")
    return np.sort(rows[order[:_MOST_IMAGES]])


def _small(
    recogniser: Recogniser, material: Material, rows: np.ndarray, side: int, report: Report
) -> Pixels:
    """Return images shrunk to a side and seen through a recogniser, ``(N, S, S, 3)`` uint8."""
    found = []
    for done, row in enumerate(rows, start=1):
        probe = make_probes(material.pack, np.array([row]), side=side, degradation="bicubic")[0]
        pixels = (probe * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
        found.append(recogniser.see(pixels).pixels)
        report(done, len(rows), f"at {side} px")
    return np.stack(found)


def _compared(
    recogniser: Recogniser,
    file: Network,
    material: Material,
    rows: np.ndarray,
    *,
    sides: Sequence[int],
    limits: Limits,
    report: Report,
) -> list[Finding]:
    findings: list[Finding] = []
    for side in sides:
        pixels = _small(recogniser, material, rows, side, report)
        findings += recognition_parity(
            run=answers_of(recogniser.answer, pixels),
            file=answers_of(file, pixels),
            labels=material.pack.labels[rows],
            side=side,
            limits=limits,
            thresholds=recogniser.thresholds,
        )
    return findings
