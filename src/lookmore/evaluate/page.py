"""report.html: everything a run has shown, in one file that opens anywhere."""

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path

from lookmore.evaluate.page_parts import every_row, robustness_table, tables, top
from lookmore.evaluate.page_style import STYLE
from lookmore.evaluate.robustness import Robustness
from lookmore.evaluate.rows import Row

# The browser itself is told to fetch nothing and run nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def _figure(caption: str, path: Path) -> str:
    """One picture, carried inside the page."""
    content = path.read_bytes()
    if not content.startswith(b"\x89PNG"):
        raise ValueError(f"a figure of a page must be a PNG file, {path} is not")
    data = base64.b64encode(content).decode("ascii")
    return (
        f'<figure><div class="sheet"><img alt="{escape(caption)}" '
        f'src="data:image/png;base64,{data}"></div><figcaption>{escape(caption)}</figcaption>'
        "</figure>"
    )


def _section(title: str, content: str) -> str:
    """A titled part of the page; nothing at all if it is empty."""
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def write_page(
    path: Path,
    *,
    title: str,
    rows: Sequence[Row],
    figures: Sequence[tuple[str, Path]],
    facts: Sequence[tuple[str, str]],
    notes: Sequence[str],
    side: int | None = None,
    robust: Sequence[Robustness] = (),
) -> None:
    """Write a report as one self-contained page, beside first and then renamed.

    It needs no network and no script, follows the reader's light or dark, and fits a phone.

    Args:
        path: Where, such as ``runs/demo/report.html``.
        title: Name of the run or experiment.
        rows: All results; the headline, the tables and the full list are made from them.
        figures: Caption and PNG file of each, in order.
        facts: Name and value of each: machine, commit, recipe, wall times, memory.
        notes: Sentences, in order.
        side: Side of the probe, in pixels, that the headline is about; None for the middle one of
            those measured. No headline is written if ours was not measured there.
        robust: What `robustness` made of the rows; a table of its own.

    Raises:
        ValueError: If a figure is not a PNG file.
    """
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    noted = "".join(f"<li>{escape(note)}</li>" for note in notes)
    page = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style>'
        f"</head>\n<body><header><h1>{escape(title)}</h1>{top(rows, side=side)}</header>\n<main>"
        + _section("Figures", "".join(_figure(caption, png) for caption, png in figures))
        + _section("How much detail can be lost", robustness_table(robust))
        + _section("Results", tables(rows))
        + _section("How it was made", f'<dl class="facts">{listed}</dl>' if listed else "")
        + _section("Notes", f'<ul class="notes">{noted}</ul>' if noted else "")
        + f"{every_row(rows)}</main></body></html>\n"
    )
    beside = path.with_name(path.name + ".part")
    try:
        beside.write_text(page, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
