"""One row per number: the only form in which this project states a result."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

from lookmore.errors import DataError

NATIVE = 0
"""As a side of the probe: images at their own size, nothing shrunk."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured number, with all that is needed to say what it means."""

    method: str
    """``ours``, or a control: ``teacher``, ``teacher_upscaled``, ``student_alone``; a rival; or, of
    ``accuracy_discard_...``, another way to choose what is turned away: ``discard_random``, ..."""

    stream: str
    """Who embeds the probe: ``teacher``, ``assistant`` or ``student``."""

    guide: str
    """Whom that stream learnt from: ``assistant``, ``teacher``, ``assistant+teacher``, ``none``."""

    task: str
    """``face``, ``metric`` or ``classify``."""

    protocol: str
    """Name of the protocol, such as ``orl-closed-set`` or ``lfw-view2-fold1``."""

    probe_side: int
    """Side of the probe, in pixels; 0 is the images' own size, nothing shrunk."""

    gallery_side: int
    """Side of the images it is compared with, in pixels; 0 where there is no gallery."""

    gallery_stream: str
    """Who embedded the gallery; ``none`` where there is no gallery."""

    degradation: str
    """How the probe lost its detail: ``none``, ``bicubic``, ``degraded``, ..."""

    metric: str
    """``rank1``, ``accuracy``, ``auc``, ``tar_at_far_1e-2``, ``dir_at_far_1e-1``,
    ``accuracy_discard_20`` (of the pairs kept when the worst 20 % are turned away), ..."""

    value: float
    """In [0, 1]; larger is better."""

    low: float
    """Lower end of the 95 % interval."""

    high: float
    """Upper end of the 95 % interval."""

    interval: str
    """How the interval was made: ``wilson``, ``bootstrap``, or, where images hang together (frames
    of a track), ``bootstrap over groups``."""

    n: int
    """Number of probes or pairs behind the value."""

    selected_on: str
    """What chose a threshold: ``none``, ``other folds``, or, for a rate at a stated false accept
    rate, ``the same pairs`` or ``the strangers' probes`` with the rate that was realised."""

    seed: int
    """Seed of the run."""


SomeRow = TypeVar("SomeRow", bound=Row)


def write_rows(rows: Iterable[Row], path: Path) -> None:
    """Write ``rows`` as a JSON list, beside first and then renamed."""
    beside = path.with_name(path.name + ".part")
    beside.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    beside.replace(path)


def read_rows(path: Path, kind: type[SomeRow] = Row) -> list[SomeRow]:  # type: ignore[assignment]
    """Read what `write_rows` wrote.

    Args:
        path: A JSON list.
        kind: What its entries are: rows, or rows with more to them.

    Raises:
        DataError: If the file is missing or holds anything but such rows.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"no report at {path}: run 'lookmore evaluate' first") from None
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from None
    names = {field.name for field in fields(kind)}
    if not isinstance(found, list) or any(
        not isinstance(entry, dict) or set(entry) != names for entry in found
    ):
        raise DataError(f"{path} does not hold report rows: expected a list of {sorted(names)}")
    return [kind(**entry) for entry in found]
