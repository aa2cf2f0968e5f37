"""Data sets that the library Hugging Face datasets can open, on the hub or on disk."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from lookmore.data.config import DataConfig
from lookmore.data.images import read_image
from lookmore.data.names import SPLIT_NAMES, class_name, numbered
from lookmore.errors import DataError, UnreadableImageError


@dataclass(frozen=True, kw_only=True, eq=False)
class HuggingFaceSource:
    """The images of one or more splits of a data set, one after another; a ``Source``."""

    parts: tuple[Any, ...]
    """One ``datasets.Dataset`` per split, with the column ``image`` of undecoded images only."""

    image_column: str
    """Name of that column."""

    ids: tuple[str, ...]
    """``SPLIT/ROW`` of each image, or ``ROW`` where the split has no name."""

    labels: npt.NDArray[np.int64]
    """``(N,)`` index into ``class_names``; -1: no label."""

    class_names: tuple[str, ...]
    """Name of each class, in natural order."""

    splits: tuple[str, ...]
    """``train``, ``val``, ``test`` or nothing, per image."""

    def read(self, index: int) -> Tensor:
        """Return one image, ``(3, H, W)`` uint8 RGB; UnreadableImageError if it is damaged."""
        row = index
        for part in self.parts:
            if row < len(part):
                return self._read_cell(part[row][self.image_column], self.ids[index])
            row -= len(part)
        raise IndexError(f"there are {len(self.ids)} images, asked for number {index}")

    def _read_cell(self, cell: dict[str, Any] | None, name: str) -> Tensor:
        stored = (cell["bytes"] or cell["path"]) if cell else None
        if not stored:
            raise UnreadableImageError(f"{name} cannot be read: its cell is empty")
        return read_image(stored, name=name)

    def fingerprint(self) -> str:
        """Return hex digits of the fingerprints that the library keeps of each split."""
        digest = hashlib.blake2b("\0".join(self.ids).encode(), digest_size=16)
        for part in self.parts:
            digest.update(part._fingerprint.encode())
        return digest.hexdigest()


def is_dataset_folder(folder: Path) -> bool:
    """Return whether a folder holds a saved data set, Parquet files or tar shards."""
    markers = ("dataset_info.json", "dataset_dict.json", "*.parquet", "data/*.parquet", "*.tar")
    return any(path for marker in markers for path in folder.glob(marker))


def open_huggingface(config: DataConfig) -> HuggingFaceSource:
    """Open ``hf://NAME`` from the hub, a saved data set, or a folder of Parquet or tar shards.

    Splits called train, validation (val) and test are stated splits, unless the only one is
    train, which is what the library calls everything in a data set without splits. Labels may
    be class labels, text or whole numbers.

    Returns:
        The source; no image is decoded yet.

    Raises:
        DataError: If the data set cannot be opened, or lacks a split or a column.
    """
    loaded = _loaded(config)
    classes: list[str] = []
    splits: list[str] = []
    ids: list[str] = []
    for name, part in loaded.items():
        split = SPLIT_NAMES.get(name.split("[")[0], "")
        classes += _classes(part, config)
        splits += ["" if len(loaded) == 1 and split == "train" else split] * len(part)
        ids += [f"{name}/{row}" if name else str(row) for row in range(len(part))]
    if not ids:
        raise DataError(f"data.root {config.root!r} holds no images")
    labels, class_names = numbered(classes)
    return HuggingFaceSource(
        parts=tuple(_images_only(part, config) for part in loaded.values()),
        image_column=config.image_column,
        ids=tuple(ids),
        labels=labels,
        class_names=class_names,
        splits=tuple(splits),
    )


def _loaded(config: DataConfig) -> dict[str, Any]:
    """Return each split that is asked for, by name."""
    import datasets  # here, because it takes over a second that most runs need not spend

    root = Path(config.root)
    on_hub = config.root.startswith("hf://")
    saved = any((root / name).exists() for name in ("dataset_info.json", "dataset_dict.json"))
    if not on_hub and not root.exists():
        raise DataError(f"data.root {config.root!r} does not exist: check the path, or write hf://")
    bars = not datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        if on_hub:
            found = datasets.load_dataset(config.root.removeprefix("hf://"))
        elif saved:
            found = datasets.load_from_disk(config.root)
        else:
            cache = Path(config.cache) / "huggingface"
            found = datasets.load_dataset(config.root, cache_dir=str(cache))
    except Exception as error:  # of the hub, the file system, Arrow, or a loading rule
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"data.root {config.root!r} cannot be opened: {reason}") from error
    finally:
        if bars:
            datasets.enable_progress_bars()
    parts = dict(found) if isinstance(found, dict) else {str(found.split or ""): found}
    return _chosen(parts, config)


def _chosen(parts: dict[str, Any], config: DataConfig) -> dict[str, Any]:
    if not config.dataset_split:
        return parts
    names = [name.strip() for name in config.dataset_split.split("+")]
    missing = [name for name in names if name not in parts]
    if missing:
        raise DataError(
            f"data.dataset_split names {missing[0]!r}, "
            f"but {config.root} has {', '.join(map(repr, parts))}"
        )
    return {name: parts[name] for name in names}


def _classes(part: Any, config: DataConfig) -> list[str]:
    """Return the class name of each image; empty: no label."""
    column = config.label_column
    if not column or (column not in part.features and column == DataConfig.label_column):
        return [""] * len(part)
    if column not in part.features:
        raise DataError(_no_column("label_column", column, part, config))
    values = list(part.select_columns([column])[column])
    names = getattr(part.features[column], "names", None)
    if names is None:
        return [class_name(value) for value in values]
    return [names[value] if value is not None and value >= 0 else "" for value in values]


def _images_only(part: Any, config: DataConfig) -> Any:
    """Return the split with nothing but its images, as stored: decoding is ours."""
    import datasets

    column = config.image_column
    if column not in part.features:
        raise DataError(_no_column("image_column", column, part, config))
    try:
        return part.select_columns([column]).cast_column(column, datasets.Image(decode=False))
    except Exception as error:  # Arrow's, of a column that holds something else
        raise DataError(
            f"data.image_column {column!r} of {config.root} holds no images, "
            f"but {part.features[column]}"
        ) from error


def _no_column(setting: str, column: str, part: Any, config: DataConfig) -> str:
    return (
        f"data.{setting} is {column!r}, but {config.root} has only the columns "
        f"{', '.join(map(repr, part.features))}"
    )
