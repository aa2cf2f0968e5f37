"""A collection whose images are single files, read one at a time."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from torch import Tensor

from lookmore.data.images import read_image
from lookmore.data.names import numbered


@dataclass(frozen=True, kw_only=True, eq=False)
class FileSource:
    """Images that lie below one folder; a ``Source``."""

    root: Path
    """Folder to which the ids are relative."""

    ids: tuple[str, ...]
    """Path of each image below ``root``, with forward slashes."""

    labels: npt.NDArray[np.int64]
    """``(N,)`` index into ``class_names``; -1: no label."""

    class_names: tuple[str, ...]
    """Name of each class, in natural order."""

    splits: tuple[str, ...]
    """``train``, ``val``, ``test`` or nothing, per image."""

    @classmethod
    def of(
        cls, *, root: Path, ids: Sequence[str], classes: Sequence[str], splits: Sequence[str]
    ) -> Self:
        """Make the source from each image's path, class name and split; empty: not known."""
        labels, class_names = numbered(classes)
        return cls(
            root=root,
            ids=tuple(ids),
            labels=labels,
            class_names=class_names,
            splits=tuple(splits),
        )

    def read(self, index: int) -> Tensor:
        """Return one image, ``(3, H, W)`` uint8 RGB; UnreadableImageError if it is damaged."""
        return read_image(self.root / self.ids[index])

    def fingerprint(self) -> str:
        """Return hex digits of all names, sizes and times of change; no file is opened."""
        digest = hashlib.blake2b(digest_size=16)
        for name in self.ids:
            try:
                state = (self.root / name).stat()
                stamp = f"{state.st_size} {state.st_mtime_ns}"
            except OSError:
                stamp = "missing"
            digest.update(os.fsencode(name) + b"\0" + stamp.encode() + b"\0")
        return digest.hexdigest()
