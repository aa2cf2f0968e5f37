"""Blocks of pages that scripts write: between markers that name the script."""

import re
from pathlib import Path

END = "<!-- end -->"


def begin_of(script: str) -> str:
    """Return the line above a script's block.

    Args:
        script: Its name, such as ``results``.
    """
    return f"<!-- written by benchmarks/{script}.py -->"


def write_block(page: Path, block: str, *, script: str) -> None:
    """Put a block between a script's markers of a page; the rest stays as it is.

    Args:
        page: In Markdown.
        block: What stands there from now on.
        script: The name of the script that writes it.

    Raises:
        ValueError: If the page has no such markers, or several.
    """
    begin = begin_of(script)
    old = page.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(END), re.DOTALL)
    new, count = pattern.subn(lambda found: f"{begin}\n\n{block}\n\n{END}", old)
    if count != 1:
        raise ValueError(f"{page} must hold {begin} and {END} once, and does {count} times")
    page.write_text(new, encoding="utf-8")
