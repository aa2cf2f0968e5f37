"""What a stream sees of every (image, view): made once, kept as 8-bit pixels, memory-mapped.

Views and degradations are pure functions of (image, view, seed), so a student's input is
the same 768 bytes every time it is asked for. Making it costs far more than a student's step.
"""

import hashlib
import json
import math
import os
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from lookmore.data.pack import Pack
from lookmore.data.pack_files import fresh_folder
from lookmore.data.pack_views import views_of
from lookmore.data.threads import in_threads
from lookmore.data.views import ViewConfig, view_fingerprint
from lookmore.degradation import DegradationConfig, degrade
from lookmore.degradation.resize import shrink
from lookmore.errors import DataError

FORMAT_VERSION = 1
_LARGEST_TABLE = 1 << 30  # bytes; beyond this, views are made on the fly
_CHUNK = 64  # images made at a time


class Inputs(Protocol):
    """Looks up what a stream sees."""

    def lookup(self, rows: np.ndarray, views: np.ndarray) -> Tensor:
        """Return ``(B, 3, side, side)`` uint8 for ``(B,)`` pack rows and view indices."""


class LiveInputs:
    """Makes each input when asked for it.

    Args:
        pack: The sharp images.
        rows: Pack rows of the training images; blends draw their partner from these.
        views: What views there are.
        side: Of what is kept, in pixels; the degradation's own where there is one.
        degradation: How the stream's images lose their detail; ``None`` = only resized.
        seed: Of views and degradation.
    """

    def __init__(
        self,
        *,
        pack: Pack,
        rows: np.ndarray,
        views: ViewConfig,
        side: int,
        degradation: DegradationConfig | None,
        seed: int,
    ) -> None:
        self.pack, self.rows, self.views = pack, rows, views
        self.side, self.degradation, self.seed = side, degradation, seed

    def lookup(self, rows: np.ndarray, views: np.ndarray) -> Tensor:
        """Return ``(B, 3, side, side)`` uint8 for ``(B,)`` pack rows and view indices."""
        high = views_of(
            self.pack, rows, views, candidates=self.rows, config=self.views, seed=self.seed
        )
        if self.degradation is None:
            seen = shrink(high, side=self.side, kernel="bicubic")
        else:
            keys = self.pack.keys[rows]
            seen = degrade(high, config=self.degradation, keys=keys, views=views, seed=self.seed)
        return (seen * 255).round_().to(torch.uint8)

    def fingerprint(self) -> str:
        """Return a hash of everything that the pixels depend on."""
        digest = hashlib.sha256(self.pack.keys[self.rows].tobytes())
        facts = {
            "version": FORMAT_VERSION,
            "pack_side": self.pack.images.shape[-1],
            "views": view_fingerprint(self.views, self.seed),
            "side": self.side,
            "degradation": None if self.degradation is None else asdict(self.degradation),
            "seed": self.seed,
        }
        digest.update(json.dumps(facts, sort_keys=True).encode())
        return digest.hexdigest()[:24]

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """Of the table of all inputs: ``(n, V, 3, side, side)``."""
        return len(self.rows), self.views.total, 3, self.side, self.side

    def bytes_if_kept(self) -> int:
        """Return the size of the table of all inputs."""
        return math.prod(self.shape)


class InputTable:
    """All inputs of a stage, on disk, memory-mapped.

    Args:
        pixels: ``(n, V, 3, side, side)`` uint8.
        rows: ``(n,)`` pack row of each line of ``pixels``.
    """

    def __init__(self, *, pixels: np.ndarray, rows: np.ndarray) -> None:
        self.pixels = pixels
        self._line_of_row = np.full(int(rows.max()) + 1, -1, dtype=np.int64)
        self._line_of_row[rows] = np.arange(len(rows))

    def lookup(self, rows: np.ndarray, views: np.ndarray) -> Tensor:
        """Return ``(B, 3, side, side)`` uint8 for ``(B,)`` pack rows and view indices."""
        return torch.from_numpy(self.pixels[self._line_of_row[rows], views])


def keep_inputs(
    live: LiveInputs, *, folder: Path, progress: Callable[[int, int], None] | None = None
) -> Inputs:
    """Return a table of all of ``live``'s inputs, made now unless it already lies in ``folder``.

    Args:
        live: Makes the inputs.
        folder: Where tables are kept, keyed by content.
        progress: Called with images done and images in all.

    Returns:
        The table; or ``live`` itself where the table would take more than 1 GiB.

    Raises:
        DataError: If the disk is full, or a kept table is damaged.
    """
    if live.bytes_if_kept() > _LARGEST_TABLE:
        return live
    home = folder / f"inputs-{live.fingerprint()}"
    if not home.exists():
        with fresh_folder(home) as beside:
            _fill(live, beside / "pixels.npy", progress)
    pixels = np.load(home / "pixels.npy", mmap_mode="r")
    if pixels.shape != live.shape:
        raise DataError(f"{home} is damaged: delete that folder and run the same command again")
    return InputTable(pixels=pixels, rows=live.rows)


def _fill(live: LiveInputs, path: Path, progress: Callable[[int, int], None] | None) -> None:
    """Write row after row: on a full disk a write raises, where a mapped page kills."""
    with path.open("wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": live.shape}
        np.lib.format.write_array_header_1_0(file, header)
        starts = range(0, len(live.rows), _CHUNK)
        chunks = [live.rows[start : start + _CHUNK] for start in starts]
        done = 0
        for rows, seen in zip(chunks, in_threads(partial(_all_views, live), chunks), strict=True):
            file.write(seen.numpy().tobytes())
            done += len(rows)
            if progress:
                progress(done, len(live.rows))
        file.flush()
        os.fsync(file.fileno())  # before the folder is renamed: a name stands for whole data


def _all_views(live: LiveInputs, rows: np.ndarray) -> Tensor:
    """Return ``(B, V, 3, side, side)`` uint8, every view of some rows."""
    views = range(live.views.total)
    seen = torch.stack([live.lookup(rows, np.full(len(rows), v)) for v in views], dim=1)
    if seen.shape[1:] != live.shape[1:]:
        raise ValueError(f"inputs must be {live.shape[1:]}, got {tuple(seen.shape[1:])}")
    return seen
