"""What a guide said for another table: folds share most of their images and views."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DATA_NAME, PROGRESS_NAME = "embeddings.f32", "progress.json"
_IDENTITIES_NAME = "identities.npy"


class _Table(NamedTuple):
    identities: NDArray[np.uint64]
    places: NDArray[np.int64]
    answers: NDArray[np.float32]


class Kin:
    """Tables of the same guide, asked the same way about other images or fewer views.

    Args:
        places: Folders of tables; damaged ones and those with nothing finished are passed over.
        but: The folder that is being filled.
        width: Embedding width ``D``.
    """

    def __init__(self, places: Iterable[Path], *, but: Path, width: int) -> None:
        self.width = width
        found = (_opened(place, width) for place in sorted(places) if place != but)
        self.tables = [table for table in found if table is not None]

    def lookup(
        self, identities: NDArray[np.uint64]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return ``(B, V, D)`` answers for ``(B, V)`` views, and which of them are known."""
        flat = identities.ravel()
        answers = np.zeros((len(flat), self.width), dtype=np.float32)
        known = np.zeros(len(flat), dtype=np.bool_)
        for table in self.tables:
            at = np.searchsorted(table.identities, flat).clip(max=len(table.identities) - 1)
            new = (table.identities[at] == flat) & ~known
            answers[new] = table.answers[table.places[at[new]]]
            known |= new
        return answers.reshape(*identities.shape, self.width), known.reshape(identities.shape)


def rows_done(place: Path, row_bytes: int) -> int:
    """Return how many rows of a table are finished: as noted, and no more than the file holds."""
    try:
        noted = int(json.loads((place / PROGRESS_NAME).read_text())["rows"])
        return max(0, min(noted, (place / DATA_NAME).stat().st_size // row_bytes))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return 0


def write_identities(place: Path, identities: NDArray[np.uint64]) -> None:
    """Keep the ``(n, V)`` identities of a table's views in its folder, beside and then renamed."""
    beside = place / f"identities.{os.getpid()}.tmp"
    with beside.open("wb") as file:
        np.save(file, identities)
    beside.replace(place / _IDENTITIES_NAME)


def _opened(place: Path, width: int) -> _Table | None:
    try:
        identities = np.load(place / _IDENTITIES_NAME)
    except (OSError, ValueError, EOFError):
        return None
    count, total = identities.shape
    done = min(count, rows_done(place, 4 * total * width))
    if not done:
        return None
    finished = identities[:done].ravel()
    places = np.argsort(finished, kind="stable")
    answers = np.memmap(place / DATA_NAME, dtype="<f4", mode="r", shape=(done * total, width))
    return _Table(finished[places], places, answers)
