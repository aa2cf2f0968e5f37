"""Write docs/performance.md and its pictures from the lines that benchmarks have written.

Type     python benchmarks/performance.py
Gives    a table for each benchmarks/results/*.jsonl between the page's markers, and
         docs/figures/performance-*.png, one for each
"""

import json
from collections.abc import Iterable
from pathlib import Path

from blocks import write_block
from performance_figures import FIGURES, Line

from lookmore.evaluate.figures import save_figure

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "benchmarks" / "results"
COLUMNS = {
    "what": "what",
    "n": "N",
    "engine": "engine",
    "ours": "ours",
    "other": "other",
    "unit": "unit",
    "ratio": "ratio",
    "behind": "points behind",
    "behind_error": "standard error",
    "floor": "floor",
    "peak_mib": "extra memory, MiB",
    "received_mib": "received, MiB",
    "bytes": "file, bytes",
    "threads": "threads",
    "max_relative_error": "largest relative error",
}
OTHER_WORDS = {"growth": {"peak_mib": "memory, MiB"}}  # there it is all that the process holds


def read_lines(path: Path) -> list[Line]:
    """Return the objects of a file, one a line."""
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def section(name: str, lines: list[Line]) -> str:
    """Return a benchmark's heading, where and when it ran, and its table."""
    shown = [key for key in COLUMNS if any(line.get(key) is not None for line in lines)]
    rows = [
        "| " + " | ".join((COLUMNS | OTHER_WORDS.get(name, {}))[key] for key in shown) + " |",
        "|" + "---|" * len(shown),
        *("| " + " | ".join(cell(line.get(key)) for key in shown) + " |" for line in lines),
    ]
    commands, commits, machines = (
        told(line[key] for line in lines) for key in ("command", "commit", "machine")
    )
    source = f"`{commands}`, commit {commits}, on {machines}."
    return "\n\n".join([f"### {name}", source, "\n".join(rows)])


def told(values: Iterable[str]) -> str:
    """Return what is not yet said, in order."""
    return ", ".join(dict.fromkeys(values))


def cell(value: object) -> str:
    """Return a number for people."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.1e}" if 0 < abs(value) < 1e-3 else f"{value:,.4g}"
    return str(value)


def main() -> None:
    """Write the page and the pictures."""
    files = sorted(RESULTS.glob("*.jsonl"))
    parts = []
    for path in files:
        lines = read_lines(path)
        parts.append(section(path.stem, lines))
        if path.stem in FIGURES:
            words, draw = FIGURES[path.stem]
            place = ROOT / "docs" / "figures" / f"performance-{path.stem}.png"
            parts.append(f"![{words}](figures/{save_figure(draw(lines), place).name})")
    block = "\n\n".join(parts) or "Nothing is measured yet: `make bench`, on a quiet machine."
    write_block(PAGE, block, script="performance")


if __name__ == "__main__":
    main()
