"""Write docs/performance.md and its picture from the lines that benchmarks have written.

Type     python benchmarks/performance.py
Gives    a table for each benchmarks/results/*.jsonl between the page's markers, and
         docs/figures/performance-relations.png
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from lookmore.evaluate.figures import save_figure

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "performance.md"
RESULTS = ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- written by benchmarks/performance.py -->", "<!-- end -->"
COLUMNS = {
    "what": "what",
    "n": "N",
    "engine": "engine",
    "ours": "ours",
    "other": "other",
    "unit": "unit",
    "ratio": "ratio",
    "floor": "floor",
    "peak_mib": "extra memory, MiB",
    "received_mib": "received, MiB",
    "bytes": "file, bytes",
    "threads": "threads",
    "max_relative_error": "largest relative error",
}
Line = dict[str, Any]


def read_lines(path: Path) -> list[Line]:
    """Return the objects of a file, one a line."""
    return [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]


def section(name: str, lines: list[Line]) -> str:
    """Return a benchmark's heading, where and when it ran, and its table."""
    shown = [key for key in COLUMNS if any(line.get(key) is not None for line in lines)]
    rows = [
        "| " + " | ".join(COLUMNS[key] for key in shown) + " |",
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


def relations_figure(lines: list[Line]) -> Figure:
    """Return time against the batch: each engine, the published form, and the floor."""
    timed = [line for line in lines if line["unit"] == "ms"]
    figure = Figure(figsize=(7.4, 4.2), layout="constrained")
    axes = figure.subplots()
    engines = list(dict.fromkeys(line["engine"] for line in timed))
    for engine in engines:
        own = [line for line in timed if line["engine"] == engine]
        axes.plot([x["n"] for x in own], [x["ours"] for x in own], marker="o", label=engine)
    last = [line for line in timed if line["engine"] == engines[-1]]
    sizes = [line["n"] for line in last]
    published = [line["other"] for line in last]
    axes.plot(sizes, published, marker="s", color="0.45", label="published form")
    axes.plot(
        sizes, [x["floor"] for x in last], ls=":", color="0.2", label="floor: arithmetic alone"
    )
    axes.set(xscale="log", yscale="log", xlabel="images in the batch", ylabel="milliseconds")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")  # mathematics is drawn as text
    axes.minorticks_off()
    axes.set_title(f"Orders 2 and 3, forward and backward, {last[0]['threads']} thread(s)")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def main() -> None:
    """Write the page and the picture."""
    files = sorted(RESULTS.glob("*.jsonl"))
    parts = []
    for path in files:
        lines = read_lines(path)
        parts.append(section(path.stem, lines))
        if path.stem == "relations":
            picture = save_figure(
                relations_figure(lines), ROOT / "docs" / "figures" / "performance-relations.png"
            )
            parts.append(f"![Time of orders 2 and 3 by size of the batch](figures/{picture.name})")
    block = "\n\n".join(parts) or "Nothing is measured yet: `make bench`, on a quiet machine."
    whole = f"{BEGIN}\n\n{block}\n\n{END}"
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(BEGIN) + ".*?" + re.escape(END), re.DOTALL)
    PAGE.write_text(pattern.sub(lambda found: whole, page, count=1), encoding="utf-8")


if __name__ == "__main__":
    main()
