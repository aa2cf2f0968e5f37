"""What ``lookmore data check`` found, as one page with pictures, and as lists."""

import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image

from lookmore.chain.check import DataCheck
from lookmore.checkpoint.checkpoint import make_folder, write_whole
from lookmore.checkpoint.lists import write_list
from lookmore.data.leakage import Twin
from lookmore.data.pack import Pack
from lookmore.page.finding import Finding
from lookmore.page.shell import picture, section, whole_page

PAGE_NAME = "check.html"
_SHOWN = 48  # pictures of one problem; the lists name all
_CLASSES = 24  # shown, of the largest and of the smallest
_COLUMNS = (8, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048)


def write_check(folder: Path, found: DataCheck, *, title: str) -> Path:
    """Write the page and, beside it, ``problems.csv`` and ``unreadable.csv``.

    Args:
        folder: Where; made if missing.
        found: What was found.
        title: Of the page, such as the folder that was checked.

    Returns:
        The page's path.

    Raises:
        CheckpointError: If the folder cannot be written.
    """
    make_folder(folder)
    pack = found.pack
    rows = [(p.finding.name, pack.ids[row]) for p in found.problems for row in p.rows]
    write_list(folder / "problems.csv", ("problem", "id"), rows)
    write_list(folder / "unreadable.csv", ("id", "reason"), found.unreadable)
    body = (
        section("What was found", _findings(found.findings))
        + _twins("In test, and in train or val too", found.leaks, pack)
        + _twins("In val, and in train too", found.loose, pack)
        + section("Cannot be read", _unreadable(found.unreadable))
        + "".join(_problem(p.finding, p.rows, pack) for p in found.problems if p.rows)
        + section("Some of all", _thumbs(_spread(pack), pack))
        + section("Sizes", _sizes(pack))
        + section("Images in each class", _classes(pack))
        + section("Splits", _splits(found))
    )
    page = folder / PAGE_NAME
    write_whole(page, whole_page(title=title, top=_top(found), body=body).encode(errors="replace"))
    return page


def _top(found: DataCheck) -> str:
    """The headline: how many there are, and whether training would take them."""
    faults = sum(finding.verdict == "fault" for finding in found.findings)
    notes = sum(finding.verdict == "note" for finding in found.findings)
    classes = len(np.unique(found.pack.labels[found.pack.labels >= 0]))
    told = f"{len(found.pack.ids):,} images of {classes:,} classes: "
    told += f"{faults} to put right, " if faults else "training takes them, "
    return (
        f'<p class="headline">{told}{notes} to know of.</p>'
        '<p class="quiet">fault: training would refuse these images. note: look at it before you '
        "train. fine: nothing to do. Pictures are shown as training sees them: square, "
        f"{found.config.side} pixels a side.</p>"
    )


def _findings(findings: Sequence[Finding]) -> str:
    body = "".join(
        f'<tr><td class="verdict {finding.verdict}">{finding.verdict}</td>'
        f"<td>{escape(finding.name)}</td><td>{escape(finding.found)}</td>"
        f"<td>{escape(finding.advice)}</td></tr>"
        for finding in findings
    )
    head = "<th>verdict</th><th>what</th><th>found</th><th>what to do</th>"
    return (
        f'<div class="scroll"><table class="findings"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _problem(finding: Finding, rows: Sequence[int], pack: Pack) -> str:
    more = len(rows) - _SHOWN
    told = f"{finding.found}; {finding.advice}." if finding.advice else f"{finding.found}."
    rest = f'<p class="quiet">and {more:,} more: problems.csv names them</p>' if more > 0 else ""
    words = f'<p class="quiet">{escape(told)}</p>'
    name = escape(finding.name[:1].upper() + finding.name[1:])
    return section(name, words + _thumbs(rows[:_SHOWN], pack) + rest)


def _thumbs(rows: Sequence[int], pack: Pack) -> str:
    """A contact sheet: each image with its name and the size it had."""
    figures = "".join(
        f"<figure>{_thumb(pack, row)}<figcaption>{escape(pack.ids[row])}<br>"
        f"{pack.sizes[row][1]} x {pack.sizes[row][0]}</figcaption></figure>"
        for row in rows
    )
    return f'<div class="thumbs">{figures}</div>' if figures else ""


def _thumb(pack: Pack, row: int) -> str:
    pixels = np.ascontiguousarray(np.asarray(pack.images[row]).transpose(1, 2, 0))
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=88)
    return picture(data.getvalue(), alt=pack.ids[row])


def _twins(title: str, twins: Sequence[Twin], pack: Pack) -> str:
    """Pairs side by side, the training image first."""
    figures = "".join(
        f'<figure><div class="pair">{_thumb(pack, twin.train)}{_thumb(pack, twin.tried)}</div>'
        f"<figcaption>{escape(pack.ids[twin.train])}<br>{escape(pack.ids[twin.tried])}<br>"
        f"{100 * twin.likeness:.1f} % alike{', mirrored' if twin.is_mirrored else ''}</figcaption>"
        "</figure>"
        for twin in twins[: _SHOWN // 2]
    )
    more = len(twins) - _SHOWN // 2
    rest = f'<p class="quiet">and {more:,} more: twins.csv names them</p>' if more > 0 else ""
    return section(title, f'<div class="thumbs pairs">{figures}</div>{rest}' if figures else "")


def _unreadable(unreadable: Sequence[tuple[str, str]]) -> str:
    lines = "".join(
        f"<tr><td>{escape(name)}</td><td>{escape(reason)}</td></tr>"
        for name, reason in unreadable[:200]
    )
    more = len(unreadable) - 200
    rest = f'<p class="quiet">and {more:,} more: unreadable.csv</p>' if more > 0 else ""
    return f'<div class="scroll"><table class="words">{lines}</table></div>{rest}' if lines else ""


def _spread(pack: Pack) -> list[int]:
    """Rows from all over the collection."""
    return list(map(int, np.unique(np.linspace(0, len(pack.ids) - 1, 24).round().astype(int))))


def _sizes(pack: Pack) -> str:
    """How many images have which shorter side, as columns."""
    shorter = pack.sizes.min(axis=1)
    edges = (0, *_COLUMNS, int(max(shorter.max(), _COLUMNS[-1])) + 1)
    counts = np.histogram(shorter, edges)[0]
    shown = np.flatnonzero(counts)
    bars = "".join(
        f"<li><span>{counts[at]:,}</span>"
        f'<span class="bar" style="height:{90 * counts[at] / counts.max():.1f}%"></span>'
        f"<span>{edges[at]}+</span></li>"
        for at in range(shown[0], shown[-1] + 1)
    )
    low, high = pack.sizes.min(axis=0), pack.sizes.max(axis=0)
    words = (
        f"Images by their shorter side in pixels; the smallest {shorter.min()}, the middle one "
        f"{int(np.median(shorter))}, the largest {shorter.max()}. Widths {low[1]} to {high[1]}, "
        f"heights {low[0]} to {high[0]}."
    )
    return f'<p class="quiet">{words}</p><ul class="columns">{bars}</ul>'


def _classes(pack: Pack) -> str:
    """A bar for each class; of many, the largest and the smallest."""
    labels = pack.labels[pack.labels >= 0]
    if not len(labels):
        return ""
    counts = np.bincount(labels, minlength=len(pack.class_names))
    order = [int(at) for at in np.argsort(-counts, kind="stable") if counts[at]]
    middle = float(np.median(counts[counts > 0]))
    words = f"From {counts[order[-1]]:,} to {counts[order[0]]:,}, the middle class {middle:g}."
    if len(order) <= 2 * _CLASSES:
        return f'<p class="quiet">{words}</p>{_bars(order, counts, pack)}'
    return (
        f'<p class="quiet">{words}</p><h3>The largest</h3>{_bars(order[:_CLASSES], counts, pack)}'
        f"<h3>The smallest</h3>{_bars(order[-_CLASSES:], counts, pack)}"
    )


def _bars(order: Sequence[int], counts: np.ndarray, pack: Pack) -> str:
    lines = "".join(
        f'<li><span>{escape(pack.class_names[at])}</span><span class="track">'
        f'<span class="fill" style="width:{100 * counts[at] / counts.max():.2f}%"></span></span>'
        f"<span>{counts[at]:,}</span></li>"
        for at in order
    )
    return f'<ul class="bars">{lines}</ul>'


def _splits(found: DataCheck) -> str:
    lines = "".join(
        f'<tr><th scope="row">{split.name}</th><td>{split.images:,}</td>'
        f"<td>{split.classes:,}</td><td>{split.unlabelled:,}</td></tr>"
        for split in found.splits
    )
    head = "<th>split</th><th>images</th><th>classes</th><th>unlabelled</th>"
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody>'
        "</table></div>"
    )
