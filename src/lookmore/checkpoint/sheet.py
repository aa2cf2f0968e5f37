"""What an exported file says of itself: an `Artefact` as bounded JSON text, there and back."""

import base64
import json
import math
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import torch

from lookmore.checkpoint.artefact import Artefact
from lookmore.checkpoint.thresholds import SIMILARITIES, Threshold
from lookmore.errors import CheckpointError
from lookmore.teachers.space import GuideSpace

SHEET_FORMAT = 3
SHEET_KEY = "lookmore"
"""Of the entry among the metadata of an ONNX file."""

MOST_CHARACTERS = 8_000_000
"""Of the text: a hundred thousand class names fit, an endless file does not."""

_FITS = ("crop", "squash", "pad")
_SIDES = range(4, 2049)


def write_sheet(artefact: Artefact) -> str:
    """Return an artefact as text; numbers come back bit for bit.

    Raises:
        CheckpointError: If it is longer than ``MOST_CHARACTERS``.
    """
    text = json.dumps(
        {
            "format": SHEET_FORMAT,
            "side": artefact.side,
            "width": artefact.width,
            "fit": artefact.fit,
            "class_names": list(artefact.class_names),
            # the shortest digits that float32 reads back as the same number
            "guide_mean": [float(str(value)) for value in artefact.guide_space.mean.numpy()],
            "guide_whitening": _whitening_text(artefact.guide_space),
            "thresholds": {  # their names once: a small file has dozens of them
                "fields": [field.name for field in fields(Threshold)],
                "rows": [list(asdict(threshold).values()) for threshold in artefact.thresholds],
            },
            "facts": artefact.facts,
        },
        separators=(",", ":"),
        allow_nan=False,
    )
    if len(text) > MOST_CHARACTERS:
        raise CheckpointError(
            f"what the file would say of itself has {len(text):,} characters, at most "
            f"{MOST_CHARACTERS:,} fit: shorten the {len(artefact.class_names):,} class names"
        )
    return text


def read_sheet(text: str, *, name: str) -> Artefact:
    """Return what `write_sheet` wrote, every entry checked: the file may come from anywhere.

    Args:
        text: The JSON.
        name: Of the file, for errors.

    Raises:
        CheckpointError: If it is too long, damaged, of another format, or says what cannot be.
    """
    if len(text) > MOST_CHARACTERS:
        raise _refused(name, f"it has {len(text):,} characters, at most {MOST_CHARACTERS:,} fit")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refused(name, "it is not JSON") from error
    version = found.get("format") if isinstance(found, dict) else None
    if version != SHEET_FORMAT:
        raise CheckpointError(
            f"{name} has format {version!r}, this lookmore reads format {SHEET_FORMAT}: export it "
            "again, or install the version that wrote it"
        )
    mean, names, facts = (found.get(key) for key in ("guide_mean", "class_names", "facts"))
    side, width = found.get("side"), found.get("width")
    if not isinstance(side, int) or side not in _SIDES:
        raise _refused(name, f"its side must be {_SIDES[0]} to {_SIDES[-1]} pixels, got {side!r}")
    if not isinstance(width, int) or width < 1:
        raise _refused(name, f"its width must be 1 or more, got {width!r}")
    if found.get("fit") not in _FITS:
        raise _refused(name, f"its fit must be one of {', '.join(_FITS)}, got {found.get('fit')!r}")
    if not isinstance(names, list) or not all(isinstance(entry, str) for entry in names):
        raise _refused(name, "its class names must be a list of texts")
    if not isinstance(mean, list) or not mean or not all(_is_number(value) for value in mean):
        raise _refused(name, "its guide mean must be a list of finite numbers")
    space = _space(mean, found.get("guide_whitening"), name)
    if not isinstance(facts, dict) or not isinstance(facts.get("weights_sha256"), str):
        raise _refused(name, "its facts must name the sha256 of the weights")
    return Artefact(
        side=side,
        width=width,
        fit=found["fit"],
        class_names=tuple(names),
        guide_space=space,
        thresholds=_thresholds(found.get("thresholds"), name),
        facts=facts,
    )


def _whitening_text(space: GuideSpace) -> str:
    """Return the whitening as base64 of 16-bit numbers, which is all it has; empty for none."""
    if space.whitening is None:
        return ""
    return base64.b64encode(space.whitening.numpy().astype("<f2").tobytes()).decode("ascii")


def _space(mean: list[float], text: Any, name: str) -> GuideSpace:
    origin = torch.tensor(mean, dtype=torch.float32)
    if text == "":
        return GuideSpace(mean=origin)
    try:
        numbers = np.frombuffer(base64.b64decode(text, validate=True), "<f2").astype(np.float32)
        whitening = torch.from_numpy(numbers.reshape(-1, len(mean)))
        return GuideSpace(mean=origin, whitening=whitening)
    except (TypeError, ValueError) as error:
        raise _refused(name, "its guide whitening must be rows of 16-bit numbers") from error


def _thresholds(found: Any, name: str) -> tuple[Threshold, ...]:
    kinds = {field.name: field.type for field in fields(Threshold)}
    rows = found.get("rows") if isinstance(found, dict) else None
    if not isinstance(rows, list) or found.get("fields") != list(kinds):
        raise _refused(name, f"its thresholds must be rows of {', '.join(kinds)}")
    for row in rows:
        if not isinstance(row, list) or len(row) != len(kinds):
            raise _refused(name, f"a threshold must have {len(kinds)} values, got {row!r:.80}")
        for (key, kind), value in zip(kinds.items(), row, strict=True):
            fits = isinstance(value, str) if kind is str else _is_number(value)
            if not fits:
                raise _refused(name, f"the {key} of a threshold cannot be {value!r:.80}")
    thresholds = tuple(Threshold(**dict(zip(kinds, row, strict=True))) for row in rows)
    for known in thresholds:
        if known.similarity not in SIMILARITIES:
            raise _refused(
                name, f"a threshold cannot be of the similarity {known.similarity!r:.80}"
            )
    return thresholds


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _refused(name: str, why: str) -> CheckpointError:
    return CheckpointError(f"{name} does not describe a student, {why}: export it again")
