"""Lists for people and their tables: a heading and a line for each thing, as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from lookmore.checkpoint.checkpoint import write_whole


def write_list(path: Path, heading: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a list whole or not at all.

    Names of files stand as the disk has them, also those that are no UTF-8.

    Args:
        path: The file.
        heading: Names of the columns.
        rows: A value for each.

    Raises:
        CheckpointError: If it cannot be written.
    """
    text = io.StringIO()
    csv.writer(text).writerows([heading, *rows])
    write_whole(path, text.getvalue().encode(errors="surrogateescape"))
