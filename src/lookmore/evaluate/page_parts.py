"""The parts of a report page that are made from rows, as escaped HTML."""

from collections.abc import Sequence
from dataclasses import fields
from html import escape

from lookmore.evaluate.groups import Group, grouped
from lookmore.evaluate.headline import counterpart, headline, headline_row
from lookmore.evaluate.labels import (
    counted,
    gallery_label,
    is_same_side,
    method_of,
    metric_label,
    percent,
    percent_interval,
    side_label,
)
from lookmore.evaluate.robustness import TOLERANCE, Robustness, side_in_words
from lookmore.evaluate.rows import Row


def top(rows: Sequence[Row], *, side: int | None) -> str:
    """Return the headline and, below it, a bar for ours and each control; empty without ours."""
    ours = headline_row(rows, side=side)
    if ours is None:
        return ""
    names = ("teacher", "teacher_upscaled", "student_alone")
    controls = [counterpart(ours, rows, method=name) for name in names]
    bars = "".join(_bar(row) for row in (*controls, ours) if row is not None)
    about = f"{metric_label(ours.metric)} of {counted([ours])} at {side_label(ours.probe_side)}"
    return (
        f'<p class="headline">{_unbroken(escape(headline(rows, side=side)))}</p>'
        f'<ul class="bars">{bars}</ul>'
        f'<p class="quiet">{_unbroken(escape(f"{about}, in percent, with 95 % intervals."))}</p>'
    )


def _unbroken(text: str) -> str:
    """Keep numbers and their units on one line."""
    return text.replace(" %", "\u00a0%").replace(" px", "\u00a0px")


def _bar(row: Row) -> str:
    """One bar from 0 to 100 %, with its interval."""
    method = method_of(row.method)
    start, width = 100 * row.low, 100 * (row.high - row.low)
    return (
        f'<li class="{method.role}"><span>{escape(method.label)}</span>'
        f'<span class="track"><span class="fill" style="width:{100 * row.value:.2f}%"></span>'
        f'<span class="span" style="left:{start:.2f}%;width:{width:.2f}%"></span></span>'
        f"<span>{_value(row)}</span></li>"
    )


def _value(row: Row) -> str:
    return f'<b>{percent(row.value)}</b> <span class="interval">({percent_interval(row)})</span>'


def tables(rows: Sequence[Row]) -> str:
    """Return a table for each protocol, degradation and metric, with the sides as columns."""
    return "".join(_table(group) for group in grouped(rows))


def _table(group: Group) -> str:
    """One table: a line for each method, gallery and seed, a column for each side."""
    # A side of 0 is the images' own size: the sharpest, so it stands last.
    sides = sorted({row.probe_side for row in group.rows}, key=lambda side: (side == 0, side))
    is_seeded = len({row.seed for row in group.rows}) > 1
    lines: dict[tuple[str, str, bool, int], dict[int, Row]] = {}
    for row in group.rows:
        key = (row.method, row.gallery_stream, is_same_side(row), row.seed)
        lines.setdefault(key, {})[row.probe_side] = row
    body = ""
    for line in lines.values():
        row = next(iter(line.values()))
        method = method_of(row.method)
        below = f"gallery: {gallery_label(row)}" if gallery_label(row) else ""
        below += f" seed {row.seed}" if is_seeded else ""
        cells = "".join(f"<td>{_value(line[side]) if side in line else ''}</td>" for side in sides)
        body += (
            f'<tr class="{method.role}"><th scope="row">{escape(method.label)}'
            f"<small>{escape(below)}</small></th>{cells}</tr>"
        )
    head = "".join(f'<th scope="col">{side_label(side)}</th>' for side in sides)
    return (
        f"<h3>{escape(f'{metric_label(group.metric)}, {group.protocol}')}</h3>"
        f'<p class="quiet">{_unbroken(escape(_about(group)))}</p>'
        '<div class="scroll"><table class="cells"><thead><tr><th scope="col">Side of the probe</th>'
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _about(group: Group) -> str:
    """What holds for a whole table: unit, number, intervals, degradation, what chose."""
    n = counted(group.rows)
    intervals = " or ".join(sorted({row.interval for row in group.rows}))
    chosen = sorted({row.selected_on for row in group.rows} - {"none"})
    return (
        f"In percent{f' of {n}' if n else ''}, with 95 % intervals ({intervals}); "
        f"degradation: {group.degradation}"
        f"{'; selected on ' + ', '.join(chosen) if chosen else ''}."
    )


def robustness_table(found: Sequence[Robustness]) -> str:
    """Return area and side for each method and degradation; empty where there is nothing."""
    if not found:
        return ""
    body = ""
    for entry in found:
        method = method_of(entry.method)
        area = f"{percent(entry.area_low)} to {percent(entry.area_high)}"
        likely = " to ".join(
            side_in_words(entry, side) for side in (entry.good_from_low, entry.good_from_high)
        )
        kind = "small against small" if entry.is_same_side else ""
        body += (
            f'<tr class="{method.role}"><th scope="row">{escape(method.label)}'
            f"<small>{kind}</small></th><td>{escape(entry.degradation)}</td>"
            f'<td><b>{percent(entry.area)}</b> <span class="interval">({area})</span></td>'
            f"<td><b>{_unbroken(side_in_words(entry, entry.good_from))}</b> "
            f'<span class="interval">({_unbroken(likely)})</span></td></tr>'
        )
    sides = found[0].sides
    about = (
        f"Area: mean of the value in percent over log2 of the side, {sides[0]} to {sides[-1]} px. "
        f"Good from: smallest side from which upwards the value is within {100 * TOLERANCE:.0f} "
        f"points of the teacher's on sharp probes, so at {percent(found[0].level)} or above. In "
        "brackets: the same of the lower and upper ends of the 95 % intervals at each side."
    )
    return (
        f'<p class="quiet">{_unbroken(escape(about))}</p>'
        '<div class="scroll"><table class="cells"><thead><tr><th scope="col">Method</th>'
        '<th scope="col">Degradation</th><th scope="col">Area</th><th scope="col">Good from</th>'
        f"</tr></thead><tbody>{body}</tbody></table></div>"
    )


def every_row(rows: Sequence[Row]) -> str:
    """Return all rows with all their fields, folded away."""
    names = [field.name for field in fields(Row)]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{escape(_cell(getattr(row, name)))}</td>" for name in names)
        + "</tr>"
        for row in rows
    )
    return (
        f"<details><summary>All {len(rows):,} rows</summary>"
        f'<div class="scroll"><table class="words"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></details>"
    )


def _cell(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)
