"""report.html: everything a run has shown, in one file that opens anywhere."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

from lookmore.evaluate.page_parts import every_row, robustness_table, tables, top
from lookmore.evaluate.robustness import Robustness
from lookmore.evaluate.rows import Row
from lookmore.page.shell import picture, section, whole_page, write_html


def _figure(caption: str, path: Path) -> str:
    """One picture, carried inside the page."""
    content = path.read_bytes()
    if not content.startswith(b"\x89PNG"):
        raise ValueError(f"a figure of a page must be a PNG file, {path} is not")
    return (
        f'<figure><div class="sheet">{picture(content, alt=caption)}</div>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


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
    body = (
        section("Figures", "".join(_figure(caption, png) for caption, png in figures))
        + section("How much detail can be lost", robustness_table(robust))
        + section("Results", tables(rows))
        + section("How it was made", f'<dl class="facts">{listed}</dl>' if listed else "")
        + section("Notes", f'<ul class="notes">{noted}</ul>' if noted else "")
        + every_row(rows)
    )
    write_html(path, whole_page(title=title, top=top(rows, side=side), body=body))
