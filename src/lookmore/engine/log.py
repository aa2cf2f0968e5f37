"""The run log: one CSV line per epoch, which a resumed run continues in the right place."""

import csv
from collections.abc import Mapping
from pathlib import Path

from lookmore.errors import CheckpointError


class RunLog:
    """Append-only table of what each epoch measured.

    Args:
        path: The CSV file; made with its folder.
        columns: Names after ``epoch``.
        keep_epochs: Epochs already trained; lines of later epochs (written by a run that was
            cut off after them) are dropped.
    """

    def __init__(self, path: Path, *, columns: list[str], keep_epochs: int) -> None:
        self.path = path
        self.columns = ["epoch", *columns]
        kept: list[dict[str, str]] = []
        if keep_epochs and path.exists():
            with path.open(newline="") as file:
                for line in csv.DictReader(file):
                    epoch = line.get("epoch") or ""
                    # a line cut short by a kill has no number, or misses cells: drop it
                    if epoch.isdigit() and int(epoch) <= keep_epochs and None not in line.values():
                        kept.append(line)
        beside = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("w", newline="") as file:
                writer = csv.DictWriter(file, self.columns, restval="", extrasaction="ignore")
                writer.writeheader()
                writer.writerows(kept)
            beside.replace(path)
        except OSError as error:
            raise _unwritable(path, error) from error

    def add(self, epoch: int, values: Mapping[str, float]) -> None:
        """Write the line of one epoch; ``epoch`` counts from 1.

        Raises:
            ValueError: If a value has no column.
            CheckpointError: If the disk is full.
        """
        unknown = sorted(values.keys() - set(self.columns))
        if unknown:
            raise ValueError(f"the run log has no columns {unknown}; it has {self.columns}")
        try:
            with self.path.open("a", newline="") as file:
                writer = csv.DictWriter(file, self.columns, restval="")
                writer.writerow({"epoch": epoch, **{k: f"{v:.6g}" for k, v in values.items()}})
        except OSError as error:
            raise _unwritable(self.path, error) from error


def _unwritable(path: Path, error: OSError) -> CheckpointError:
    return CheckpointError(
        f"cannot write {path}: {error.strerror}; free some space or choose another folder, then "
        "run the same command again"
    )
