"""Manifests: a table with the path, and perhaps the label and the split, of each image."""

import posixpath
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from lookmore.data.config import DataConfig
from lookmore.data.files import FileSource
from lookmore.data.names import SPLIT_NAMES, class_name
from lookmore.errors import DataError


def open_manifest(config: DataConfig) -> FileSource:
    """Open a ``.csv`` or ``.parquet`` manifest.

    Paths are relative to the manifest. Without a label (or split) column, or where a cell is
    empty, nothing is stated; only a column name that differs from the default must exist. A
    path that leads to no file is found out when it is read.

    Returns:
        The source, in the order of the manifest; ids are the paths as written, simplified.

    Raises:
        DataError: If the manifest is missing, empty or malformed, lacks a column, names an
            image twice, or states an unknown split.
    """
    path = Path(config.root)
    table = _table(path, [config.path_column, config.label_column, config.split_column])
    ids = [
        posixpath.normpath(cell) if cell else ""
        for cell in _cells(table, config.path_column, path, required=True)
    ]
    _check_ids(ids, path)
    labels = _cells(
        table, config.label_column, path, required=config.label_column != DataConfig.label_column
    )
    splits = _cells(
        table, config.split_column, path, required=config.split_column != DataConfig.split_column
    )
    return FileSource.of(
        root=path.parent, ids=ids, classes=labels, splits=_known_splits(splits, path)
    )


def _table(path: Path, texts: Sequence[str]) -> pa.Table:
    """Return the whole table; the columns ``texts`` keep their spelling ("01" is not 1)."""
    if not path.is_file():
        raise DataError(f"data.root {str(path)!r} does not exist: check the path")
    try:
        if path.suffix.lower() == ".parquet":
            names = set(pyarrow.parquet.read_schema(path).names)
            return pyarrow.parquet.read_table(path, columns=[n for n in texts if n in names])
        options = pyarrow.csv.ConvertOptions(column_types={name: pa.string() for name in texts})
        return pyarrow.csv.read_csv(path, convert_options=options)
    except (pa.ArrowException, OSError) as error:
        raise DataError(
            f"the manifest {path} cannot be read: {str(error).splitlines()[0]}"
        ) from error


def _cells(table: pa.Table, column: str, path: Path, *, required: bool) -> list[str]:
    """Return one column as text, empty where nothing stands."""
    count = table.column_names.count(column) if column else 0
    if count > 1:
        raise DataError(f"the manifest {path} has {count} columns named {column!r}: keep one")
    if count == 0:
        if required and column:
            raise DataError(
                f"the manifest {path} has no column {column!r}, "
                f"only {', '.join(map(repr, table.column_names))}"
            )
        return [""] * table.num_rows
    return [class_name(cell) for cell in table.column(column).to_pylist()]


def _check_ids(ids: list[str], path: Path) -> None:
    if not ids:
        raise DataError(f"the manifest {path} lists no images")
    first: dict[str, int] = {}
    for row, name in enumerate(ids, start=1):
        if not name:
            raise DataError(f"the manifest {path} has no path in row {row} (of {len(ids)})")
        if name in first:
            raise DataError(
                f"the manifest {path} names {name} twice, in rows {first[name]} and {row}: keep one"
            )
        first[name] = row


def _known_splits(splits: list[str], path: Path) -> list[str]:
    for row, split in enumerate(splits, start=1):
        if split not in SPLIT_NAMES:
            raise DataError(
                f"the manifest {path} states the split {split!r} in row {row}: "
                "expected train, val, validation, test or nothing"
            )
    return [SPLIT_NAMES[split] for split in splits]
