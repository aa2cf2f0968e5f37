"""The pictures of docs/performance.md, each drawn from one benchmark's lines."""

from collections.abc import Callable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

Line = dict[str, Any]


def relations_figure(lines: list[Line]) -> Figure:
    """Return time against the batch: each engine, the published form, and the floor."""
    timed = [line for line in lines if line["unit"] == "ms"]
    figure = Figure(figsize=(7.4, 4.2), layout="constrained")
    axes = figure.subplots()
    engines = list(dict.fromkeys(line["engine"] for line in timed))
    _curves(axes, timed, by="engine")
    last = [line for line in timed if line["engine"] == engines[-1]]
    sizes = [line["n"] for line in last]
    published = [line["other"] for line in last]
    axes.plot(sizes, published, marker="s", color="0.45", label="published form")
    floors = [x["floor"] or None for x in last]  # under half a microsecond it is rounded to nothing
    axes.plot(sizes, floors, ls=":", color="0.2", label="floor: arithmetic alone")
    axes.set(xscale="log", yscale="log", xlabel="images in the batch", ylabel="milliseconds")
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")  # mathematics is drawn as text
    axes.minorticks_off()
    where = "on a GPU" if last[0].get("device") == "cuda" else f"{last[0]['threads']} thread(s)"
    axes.set_title(f"Orders 2 and 3, forward and backward, {where}")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def scaling_figure(lines: list[Line]) -> Figure:
    """Return time against the batch of two processes: the gather, and the relations after it."""
    figure = Figure(figsize=(7.4, 3.8), layout="constrained")
    axes = figure.subplots()
    _curves(axes, lines)
    axes.set(xscale="log", yscale="log", xlabel="images in the whole batch", ylabel="milliseconds")
    axes.set_title("Two processes: what is sent, and what is computed")
    axes.legend(frameon=False, loc="upper left")
    _plain_ticks(axes, lines)
    return figure


def growth_figure(lines: list[Line]) -> Figure:
    """Return time and memory against the images trained on, and against the people among them."""
    figure = Figure(figsize=(9.6, 3.8), layout="constrained")
    with_images, with_people = figure.subplots(1, 2)
    people = [line for line in lines if "arcface" in line["what"]]
    images = [line for line in lines if line not in people]
    _curves(with_images, images)
    with_images.set(xscale="log", xlabel="images trained on", ylabel="milliseconds for an image")
    with_images.set_ylim(bottom=0)
    _curves(with_people, people)
    with_people.set(
        xscale="log", yscale="log", xlabel="people among them", ylabel="milliseconds for a step"
    )
    for axes, own in ((with_images, images), (with_people, people)):
        _plain_ticks(axes, own)
        memory = axes.twinx()
        held = {line["n"]: line["peak_mib"] for line in own}
        memory.plot(list(held), list(held.values()), ls=":", color="0.45", label="memory")
        memory.set_ylim(0, 1.25 * max(held.values()))
        memory.set_ylabel("MiB, all that the process holds", color="0.35")
        memory.grid(False)
        handles = [*axes.get_lines(), *memory.get_lines()]
        axes.legend(handles=handles, frameon=False, loc="upper left", fontsize="small")
    with_images.set_ylim(top=1.6 * max(line["ours"] for line in images))
    return figure


def students_figure(lines: list[Line]) -> Figure:
    """Return speed against size, and accuracy against speed where it was measured."""
    speed = {(line["student"], line["kind"]): line for line in lines if line["bytes"] is not None}
    told = [line for line in lines if line["unit"] == "of 1" and line["ours"] is not None]
    right = {(line["student"], line["kind"]): line for line in told}
    figure = Figure(figsize=(9.6, 4.2) if right else (6.2, 4.2), layout="constrained")
    axes, *more = figure.subplots(1, 2 if right else 1, squeeze=False)[0]
    names = list(dict.fromkeys(name for name, _ in speed))
    for place, name in enumerate(names):
        own = [speed[name, kind] for kind in ("fp32", "int8")]
        _pair(axes, name, [x["bytes"] / 1000 for x in own], [x["ours"] for x in own], place)
        tried = [(name, kind) for kind in ("fp32", "int8") if (name, kind) in right]
        if tried:
            rates, shares = ([of[key]["ours"] for key in tried] for of in (speed, right))
            _pair(more[0], name, rates, [100 * share for share in shares], place)
    axes.set(xscale="log", yscale="log", xlabel="file, kB", ylabel="images a second")
    axes.set_title("Filled: fp32, hollow: INT8")
    for beside in more:
        counts = [line["n"] for line in right.values()]
        pairs = " to ".join(f"{count:,}" for count in sorted({min(counts), max(counts)}))
        beside.set(xscale="log", xlabel="images a second", ylabel="accuracy LR-HR, %")
        beside.set_title(f"Verification at 16 px, {pairs} pairs")
    for panel in (axes, *more):
        panel.margins(0.18)  # room for the names
        _plain(panel.xaxis)
    _plain(axes.yaxis)
    return figure


def throughput_figure(lines: list[Line]) -> Figure:
    """Return what an epoch costs by the image: the ordinary loop, ours, and the steps alone."""
    epochs = [line for line in lines if line["unit"] == "ms"]
    figure = Figure(figsize=(7.4, 0.9 + 1.1 * len(epochs)), layout="constrained")
    axes = figure.subplots()
    rows = [(line, key) for line in reversed(epochs) for key in ("floor", "ours", "other")]
    words = {"other": "ordinary loop", "ours": "ours", "floor": "the steps alone"}
    colours = {"other": "0.6", "ours": "C0", "floor": "0.85"}
    places = [place + place // 3 * 0.6 for place in range(len(rows))]  # a gap behind each student
    bars = axes.barh(
        places,
        [line[key] for line, key in rows],
        color=[colours[key] for _, key in rows],
    )
    axes.bar_label(bars, [f"{line[key]:.3g}" for line, key in rows], padding=3)
    named = [f"{line['student']}, {words[key]}" for line, key in rows]
    axes.set_yticks(places, named)
    axes.set_xlim(right=1.12 * max(line["other"] for line in epochs))
    axes.set(xlabel="milliseconds for an image of an epoch")
    return figure


FIGURES: dict[str, tuple[str, Callable[[list[Line]], Figure]]] = {
    "growth": ("Time and memory by images and by people", growth_figure),
    "relations": ("Time of orders 2 and 3 by size of the batch", relations_figure),
    "relations-cuda": ("Time of orders 2 and 3 by size of the batch, on a GPU", relations_figure),
    "scaling": ("Time of the gather and of the relations by size of the batch", scaling_figure),
    "students": ("Size, speed and accuracy of students", students_figure),
    "throughput": ("Time of an epoch, the ordinary loop and ours", throughput_figure),
}
"""Words and picture of each benchmark that has one, by the name of its file of lines."""


def _curves(axes: Axes, lines: list[Line], *, by: str = "what") -> None:
    for name in dict.fromkeys(line[by] for line in lines):
        own = [line for line in lines if line[by] == name]
        axes.plot([x["n"] for x in own], [x["ours"] for x in own], marker="o", label=name)


def _pair(axes: Axes, name: str, x: list[float], y: list[float], place: int) -> None:
    """Draw one student in fp32 and in eight bits, joined, its name beside the first."""
    colour = f"C{place}"
    axes.plot(x, y, color=colour, lw=1)
    axes.plot(x[:1], y[:1], "o", color=colour)
    axes.plot(x[1:], y[1:], "o", color=colour, mfc="white")
    axes.annotate(name, (x[0], y[0]), (6, 4), textcoords="offset points", color=colour)


def _plain_ticks(axes: Axes, lines: list[Line]) -> None:
    sizes = sorted({line["n"] for line in lines})
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    if axes.get_yscale() == "log":
        _plain(axes.yaxis)


def _plain(axis: Axis) -> None:
    """Write the numbers of a logarithmic axis out, at 1 and 3."""
    axis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axis.set_major_formatter(lambda value, _: f"{value:,g}")
    axis.set_minor_locator(NullLocator())
