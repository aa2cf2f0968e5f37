"""Findings on the terminal: verdict, what, what was found, and below it the way out."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from lookmore.page.finding import Finding

_COLOURS = {"fine": "green", "note": "yellow", "fault": "bold red"}


def verdict(finding: "Finding") -> str:
    """Return a finding's verdict, coloured."""
    return f"[{_COLOURS[finding.verdict]}]{finding.verdict}[/]"


def findings_table(title: str, findings: "Sequence[Finding]") -> Table:
    """Return a table with a line for each finding.

    Args:
        title: Above it.
        findings: In order.
    """
    table = Table(
        title=title, title_justify="left", title_style="bold", show_header=False, box=None
    )
    table.add_column(width=5, no_wrap=True)
    table.add_column(min_width=14, no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        words = escape(finding.found)
        if finding.advice:
            arrow = "" if finding.verdict == "fine" else "→ "
            words += f"\n[dim]{arrow}{escape(finding.advice)}[/]"
        table.add_row(verdict(finding), escape(finding.name), words)
    return table
