"""The lines that benchmarks print and keep for docs/performance.md, and where each comes from."""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch

from lookmore.checkpoint.checkpoint import write_whole
from lookmore.checkpoint.provenance import commit, machine

Line = dict[str, object]


def parser_of(purpose: str) -> argparse.ArgumentParser:
    """Return a parser that knows ``--json`` and ``--out``.

    Args:
        purpose: The script's docstring; its first line is shown.
    """
    # abbreviations would slip through `command_line`
    parser = argparse.ArgumentParser(description=purpose.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--out", type=Path, help="file that gets the lines, too")
    return parser


def report(
    lines: Iterable[Line],
    *,
    options: argparse.Namespace,
    arguments: Sequence[str],
    places: Mapping[str, str],
) -> None:
    """Print each line as it is measured; keep all in ``options.out`` in the end, if asked to.

    Args:
        lines: Without command, commit and machine, which are added.
        options: Of `parser_of`.
        arguments: What was typed: ``sys.argv``.
        places: As for `command_line`.
    """
    born = {
        "command": command_line(arguments, places=places),
        "commit": commit(),
        "machine": machine(torch.device(getattr(options, "device", "cpu"))),
    }
    kept = []
    for line in lines:
        kept.append(json.dumps(line | born))
        print(kept[-1] if options.json else words(line), flush=True)
    if options.out:
        write_whole(options.out, ("\n".join(kept) + "\n").encode())


def words(line: Line) -> str:
    """Return a line for people who wait."""
    beside = ("engine", "other", "ratio", "floor")
    more = [f", {name} {line[name]}" for name in beside if line.get(name) is not None]
    return f"{line['what']}, N = {line['n']}: {line['ours']} {line['unit']}{''.join(more)}"


def command_line(arguments: Sequence[str], *, places: Mapping[str, str]) -> str:
    """Return how to measure the same again.

    Where lines went is left out. Folders of this machine get the names that the documentation gives
    them; ``...`` stands for others.

    Args:
        arguments: The script and its options.
        places: Names of what options and overrides such as ``data.root`` point to.
    """
    script, *rest = arguments
    shown, left = ["python", f"benchmarks/{Path(script).name}"], iter(rest)
    for word in left:
        name, sign, value = word.partition("=")
        if name == "--json":
            continue
        if name in ("--out", *places) and not sign:
            value = next(left)
        if name in places:
            shown.append(f"{name}{sign or ' '}{places[name]}")
        elif name != "--out":
            shown.append("..." if _is_here(word) else f"{name}=..." if _is_here(value) else word)
    return " ".join(shown)


def _is_here(word: str) -> bool:
    return Path(word).is_absolute() or word.startswith("~")
