"""The results at one side, for the terminal."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from lookmore.evaluate.groups import Group, grouped
from lookmore.evaluate.labels import (
    gallery_label,
    is_reference,
    method_of,
    metric_label,
    percent,
    percent_interval,
    side_label,
)
from lookmore.evaluate.rows import Row

_SEPARATOR = " \N{MIDDLE DOT} "
_STYLES = {"reference": "dim", "control": "dim", "rival": "", "ours": "bold green"}


def _names(group: Group) -> tuple[str, str, str]:
    return metric_label(group.metric), group.protocol, group.degradation


def summary_table(rows: Sequence[Row], *, side: int) -> Table:
    """Return the rows of one probe side as a table: controls first, ours last and highlighted.

    Protocol, degradation and metric stand in the title where all rows share them, and above their
    section where they do not. Values are in percent, with their 95 % intervals. Names from
    the rows are shown as they are, never read as markup.

    Args:
        rows: Rows of other sides are passed over, but for those of sharp probes.
        side: Side of the probe in pixels; 0 for images at their own size.

    Raises:
        ValueError: If no probe has that side.
    """
    sides = sorted({row.probe_side for row in rows if not is_reference(row)})
    if side not in sides:
        raise ValueError(f"no row has probes with a side of {side} pixels, got sides {sides}")
    at_side = [row for row in rows if row.probe_side == side or is_reference(row)]
    # A group of references alone belongs to another side: there is nothing to compare it with.
    groups = [group for group in grouped(at_side) if not all(map(is_reference, group.rows))]
    names = [_names(group) for group in groups]
    shared = [name for name in names[0] if all(name in others for others in names)]

    title = _SEPARATOR.join([f"Probes: {side_label(side)}", *shared])
    table = Table(title=Text(title, style="bold"), title_justify="left", box=SIMPLE_HEAD)
    table.add_column("Method")
    table.add_column("Gallery")
    table.add_column("% (95 % interval)", justify="right", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for group in groups:
        heading = _SEPARATOR.join(name for name in _names(group) if name not in shared)
        if heading:
            table.add_row(Text(heading, style="italic"))
        for row in group.rows:
            method = method_of(row.method)
            value = f"{percent(row.value)} ({percent_interval(row)})"
            cells = (method.label, gallery_label(row), value, f"{row.n:,}")
            table.add_row(*map(Text, cells), style=_STYLES[method.role])
        table.add_section()
    return table
