"""The rows of a suite, in one file that outlives the runs: a cell whose rows are there is done."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lookmore.checkpoint.checkpoint import write_whole
from lookmore.evaluate.rows import Row, read_rows
from lookmore.grid.cell import Cell


@dataclass(frozen=True, kw_only=True)
class GridRow(Row):
    """One number of a grid, with the cell it belongs to and how it was made."""

    cell_method: str
    """Method of the cell; `Row.method` differs from it for the controls, measured with ours."""

    student_side: int
    """Side the cell's student was trained for, in pixels."""

    fold: int
    """Fold of the pairs; 0 = there are none."""

    settings: str
    """Hash of all settings but for where the images lie."""

    commit: str
    """Of lookmore."""

    machine: str
    """Processor, cores and GPU, the precision where it is not float32, and how many runs there
    were at once where that is more than one."""

    seconds: float
    """Wall time of the training of the cell's student."""

    @property
    def cell(self) -> Cell:
        """The cell that this row belongs to."""
        return Cell(self.cell_method, self.student_side, self.seed, self.fold)


class Ledger:
    """All rows of a suite; what is written is on the disk before the next cell begins.

    Args:
        path: ``SUITE.json``; need not exist.

    Raises:
        DataError: If the file holds anything but rows.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = self._read()

    def has(self, cell: Cell, settings: str) -> bool:
        """Tell whether a cell was measured under these very settings."""
        return any(row.cell == cell and row.settings == settings for row in self.rows)

    def add(self, cell: Cell, rows: Sequence[GridRow]) -> None:
        """Put a cell's rows in, in place of any it had; other processes' rows stay."""
        with _locked(self.path):
            others = [row for row in self._read() if row.cell != cell]
            self.rows = sorted([*others, *rows], key=lambda row: row.cell)
            text = ",\n".join(json.dumps(asdict(row)) for row in self.rows)
            write_whole(self.path, f"[\n{text}\n]\n".encode())

    def _read(self) -> list[GridRow]:
        return read_rows(self.path, GridRow) if self.path.exists() else []


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock beside a file; where the system has none, go on without."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:  # Windows: run one process at a time there
        yield
        return
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
