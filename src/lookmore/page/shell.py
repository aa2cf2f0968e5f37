"""One HTML file that needs no network and no script: its frame, sections and pictures."""

import base64
from html import escape
from pathlib import Path

from lookmore.page.style import STYLE

# The browser itself is told to fetch nothing and run nothing.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_KINDS = ((b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpeg"))


def whole_page(*, title: str, top: str, body: str) -> str:
    """Return a page as HTML, in the reader's light or dark, for screens down to a phone's.

    Args:
        title: In plain text; also the first heading.
        top: HTML below it.
        body: HTML of the sections.
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style>'
        f"</head>\n<body><header><h1>{escape(title)}</h1>{top}</header>\n"
        f"<main>{body}</main></body></html>\n"
    )


def section(title: str, content: str) -> str:
    """Return a titled part of a page; nothing at all if it is empty.

    Args:
        title: HTML.
        content: HTML.
    """
    return f"<section><h2>{title}</h2>{content}</section>" if content else ""


def picture(content: bytes, *, alt: str) -> str:
    """Return a picture that is carried inside the page.

    Args:
        content: Of a PNG or JPEG file.
        alt: What it shows, in plain text.

    Raises:
        ValueError: If it is neither.
    """
    kind = next((name for mark, name in _KINDS if content.startswith(mark)), None)
    if kind is None:
        raise ValueError(f"a picture of a page must be a PNG or JPEG file: {alt!r} is not")
    data = base64.b64encode(content).decode("ascii")
    return f'<img alt="{escape(alt)}" src="data:image/{kind};base64,{data}">'


def write_html(path: Path, page: str) -> None:
    """Write a page beside, then rename: the old one or the new one, never half.

    Args:
        path: Of the file.
        page: HTML.
    """
    beside = path.with_name(path.name + ".part")
    try:
        beside.write_text(page, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
