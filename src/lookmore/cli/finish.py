"""The end of every run: measure, write the report, say where it is."""

import sys
from pathlib import Path

from rich.console import Console

from lookmore.cli.work import working
from lookmore.evaluate.report import Report, write_report
from lookmore.evaluate.run import measure, open_subject
from lookmore.evaluate.table import summary_table
from lookmore.recipe.config import Recipe


def report_on(folder: Path, recipe: Recipe, *, console: Console) -> Report:
    """Evaluate a finished run, print its table, and say where the report lies.

    Args:
        folder: The run folder.
        recipe: As trained, but for what may change.
        console: For progress; the table goes to standard output.

    Returns:
        The report.
    """
    with working(console) as reporter:
        subject = open_subject(folder, recipe, reporter=reporter)
        rows = measure(subject, default_name=folder.name)
        report = write_report(folder, subject, rows, peak_mib=peak_mib())
    out = Console()
    out.print(summary_table(rows, side=subject.recipe.degradation.side))
    skipped = len(subject.material.pack.unreadable)
    if skipped:
        out.print(f"{skipped} unreadable images were skipped: see {folder / 'unreadable.csv'}")
    out.print(f"Report: {report.page}", soft_wrap=True)
    return report


def peak_mib() -> float | None:
    """Return the largest memory this process has had resident, in MiB; ``None`` on Windows."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, KiB on Linux
