"""Write recipes/RESULTS.md and the demo's block in README.md, from rows that runs have written.

Type     python benchmarks/results.py                            # from benchmarks/results/*.json
         python benchmarks/results.py runs/demo runs/lfw-16px    # and from these run folders
Gives    recipes/RESULTS.md: a section for each suite and, of the runs named, for each run; those of
         other runs stay as they are
         docs/figures/: two pictures of each suite
         docs/method.md: what each part of the method is worth
         docs/faces.md: what training through poor cameras is worth
         README.md: the block between the markers, and its pictures, from the run named demo
"""

import json
import shutil
import sys
from itertools import groupby
from pathlib import Path

from blocks import write_block

from lookmore.evaluate.figures import accuracy_curve, save_figure
from lookmore.evaluate.groups import Group, grouped
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
from lookmore.evaluate.rows import Row, read_rows
from lookmore.grid.compare import questions, standings
from lookmore.grid.figures import differences, for_curve
from lookmore.grid.glance import glance_table
from lookmore.grid.ledger import GridRow, Ledger
from lookmore.grid.markdown import parts_table, reading, suite_section, wide_table
from lookmore.grid.suite import OURS, SuiteConfig, read_suite
from lookmore.grid.table import question_label

ROOT = Path(__file__).parents[1]
# Written by a version that did not yet count the time of a process that was killed.
INTERRUPTED = {
    "dd55a6b83384": ", of which the student's is its last part alone: this run was stopped several "
    "times, moved from one thread to two, and resumed"
}
FIGURES = ROOT / "docs" / "figures"
RUNS = "# Single runs"
SUITE_FILES = [
    path
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.json"))
    if (ROOT / "benchmarks" / "suites" / path.name).with_suffix(".yaml").exists()
]


def table(group: Group) -> str:
    """Return one metric as a Markdown table: methods down, sides of the probe across."""
    sides = sorted({row.probe_side for row in group.rows})
    lines = [
        "| method | gallery | " + " | ".join(side_label(side) for side in sides) + " |",
        "|---|---|" + "---|" * len(sides),
    ]
    for (name, gallery), rows in groupby(
        group.rows, key=lambda row: (row.method, gallery_label(row))
    ):
        found = list(rows)
        label = method_of(name).label
        at = {row.probe_side: row for row in found}
        cells = [cell(at[side]) if side in at else "" for side in sides]
        if method_of(name).role == "ours":
            label = f"**{label}**"
        lines.append(f"| {label} | {gallery} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def cell(row: Row) -> str:
    """Return a value in percent with its 95 % interval."""
    return f"{percent(row.value)} ({percent_interval(row)})"


def section(run: Path) -> str:
    """Return the section of one run."""
    rows = read_rows(run / "report.json")
    facts = json.loads((run / "student" / "checkpoint.json").read_text())
    times = json.loads((run / "times.json").read_text())
    recipe = facts["recipe"]
    command = (
        "lookmore demo"
        if recipe["name"] == "demo"
        else f"lookmore train recipes/{recipe['name']}.yaml data.root=LFW/images "
        f"data.pairs=LFW/pairs.txt data.pairs_fold={recipe['data']['pairs_fold']}"
    )
    took = ", ".join(f"{name.replace('_', ' ')} {seconds:.0f} s" for name, seconds in times.items())
    parts = [
        f"## {recipe['evaluate']['name'] or recipe['name']}",
        f"`{command}`",
        f"Commit {facts['commit']}, seed {recipe['seed']}, {facts['machine']}, "
        f"{recipe['machine']['threads'] or 'all'} threads; student {facts['parameters']:,} "
        f"parameters at {facts['stream']['side']} px. Wall time: {took}; "
        f"in all {sum(times.values()) / 60:.1f} minutes"
        + INTERRUPTED.get(facts["commit"], "")
        + ".",
    ]
    for picture in sorted((run / "figures").glob("discard-*.png")):
        kept = FIGURES / f"{recipe['name']}-{picture.name}"
        shutil.copyfile(picture, kept)
        form = picture.stem.removeprefix("discard-").upper()
        parts.append(
            f"![{form}: what is left of the error when the least recognisable probes are turned "
            f"away](../docs/figures/{kept.name})"
        )
    for group in grouped(rows):
        small = [row for row in group.rows if is_same_side(row)]
        title = f"{metric_label(group.metric)}, {group.degradation} probes"
        chosen = {row.selected_on for row in group.rows} - {"none"}
        note = f"n = {group.rows[-1].n:,}; intervals 95 %, {group.rows[-1].interval}"
        if chosen:
            note += f"; threshold from {', '.join(sorted(chosen))}"
        if small:
            note += "; *same side* is LR-LR, a sharp gallery LR-HR"
        parts += [f"**{title}** in % ({note})", table(group)]
    return "\n\n".join(parts)


def kept_sections(page: str, *, but: list[str]) -> list[str]:
    """Return a page's sections of single runs, but for those whose headings ``but`` has anew."""
    told = page.partition(f"\n{RUNS}\n")[2].strip().split("\n\n## ")
    found = ["## " + text.removeprefix("## ") for text in told if text]
    replaced = {section.partition("\n")[0] for section in but}
    return [text for text in found if text.partition("\n")[0] not in replaced]


def readme_block(run: Path) -> str:
    """Return the demo's figures and table for the README, and put the figures in place."""
    FIGURES.mkdir(exist_ok=True)
    for name in ("accuracy", "matches"):
        shutil.copyfile(run / "figures" / f"{name}.png", FIGURES / f"demo-{name}.png")
    rows = read_rows(run / "report.json")
    rank1 = next(group for group in grouped(rows) if group.metric == "rank1")
    return "\n\n".join(
        [
            "![For eight 16-pixel probes: whom the teacher finds, and whom the student finds]"
            "(docs/figures/demo-matches.png)",
            "![Rank-1 identification by side of the probe](docs/figures/demo-accuracy.png)",
            f"Rank-1 identification in %, {rank1.rows[-1].n} probes, 95 % intervals:",
            table(rank1),
        ]
    )


def suite_part(suite_name: str, suite: SuiteConfig, rows: list[GridRow]) -> str:
    """Return a suite's section, and draw its two pictures."""
    pictures = []
    for question in questions(rows):
        own_side = question.probe_side == question.student_side == suite.sides[0]
        if question.metric != suite.metric or question.degradation != "bicubic" or not own_side:
            continue
        kind = "-lr-lr" if question.is_same_side else ""
        name, label = f"{suite_name}{kind}", question_label(question)
        curve = accuracy_curve(
            for_curve(
                rows, student_side=question.student_side, degradation="bicubic",
                metric=suite.metric, same_side=question.is_same_side,
            ),
            metric=suite.metric, title=f"{suite_name}: students for {question.student_side} px",
        )  # fmt: skip
        drawn = [(curve, "curve", "by side of the probe")]
        if any(found.method == OURS for found in standings(rows, question)):
            found = differences(rows, question, title=label)
            drawn.append((found, "methods", "ours less every other method"))
        for figure, ending, words in drawn:
            save_figure(figure, FIGURES / f"suite-{name}-{ending}.png")
            pictures.append(f"![{label}: {words}](../docs/figures/suite-{name}-{ending}.png)")
    section, *tables = suite_section(suite_name, rows, metric=suite.metric).split("\n\n**", 1)
    return "\n\n".join([section, *pictures, *(f"**{found}" for found in tables)])


def cameras_block(metric: str, rows: list[GridRow]) -> str:
    """Return what training through poor cameras does to each kind of probe."""
    asked = [question for question in questions(rows) if question.metric == metric]
    one_small, both_small = (
        wide_table(rows, [question for question in asked if question.is_same_side == same_side])
        for same_side in (False, True)
    )
    pairs = counted(row for row in rows if row.metric == metric)
    return (
        f"{metric_label(metric)} on one fold of LFW in %, {pairs}; the other image sharp, in the "
        f"teacher's gallery:\n\n{one_small}\n\nBoth images small:\n\n{both_small}\n\n"
        "`lookmore benchmark lfw-cameras`, intervals: [results](../recipes/RESULTS.md)."
    )


def read_suites() -> dict[str, tuple[SuiteConfig, list[GridRow]]]:
    """Return each suite that has rows, with them."""
    folder = ROOT / "benchmarks" / "suites"
    return {
        path.stem: (read_suite(folder / f"{path.stem}.yaml", quick=False), Ledger(path).rows)
        for path in SUITE_FILES
    }


def main(runs: list[Path]) -> None:
    """Write every page and picture that hangs on rows."""
    suites = read_suites()
    measured = {name: (suite.metric, rows) for name, (suite, rows) in suites.items()}
    tried = {name: measured[name] for name in suites if not suites[name][0].is_for_choosing}
    results = ROOT / "recipes" / "RESULTS.md"
    heading = (
        "# Results\n\nWritten by `python benchmarks/results.py`: suites from the rows in "
        "`benchmarks/results/`, single runs from their `report.json`. How each number is earned: "
        f"[protocols](../docs/method.md#what-is-measured).\n\n{reading()}\n\n## At a glance\n\n"
        "Students' own side (bicubic), and probes small in their files. The nearest rival is the "
        "published method that ours is least ahead of, under the same data, network and schedule, "
        "where any was run; what each part is worth: "
        "[method](../docs/method.md#which-parts-matter)."
        f"\n\n{glance_table(tried)}"
    )
    sections = [suite_part(name, suite, rows) for name, (suite, rows) in suites.items()]
    named = [section(run) for run in runs]
    told = [RUNS, *kept_sections(results.read_text(encoding="utf-8"), but=named), *named]
    write_block(ROOT / "docs" / "method.md", parts_table(measured), script="results")
    write_block(
        ROOT / "docs" / "faces.md", cameras_block(*measured["lfw-cameras"]), script="results"
    )
    results.write_text("\n\n".join([heading, *sections, *told]) + "\n", encoding="utf-8")
    readme = ROOT / "README.md"
    demo = next((run for run in runs if run.name == "demo"), None)
    if demo is not None:
        write_block(readme, readme_block(demo), script="results")


if __name__ == "__main__":
    main([Path(argument) for argument in sys.argv[1:]])
