"""The parts form a line; each may import only from itself and those before it."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "lookmore"
LINE = [
    *(
        "errors",
        "page",
        "data",
        "degradation",
        "teachers",
        "backbones",
        "streams",
        "losses",
        "metrics",
    ),
    *(
        "engine",
        "recipe",
        "checkpoint",
        "chain",
        "evaluate",
        "grid",
        "export",
        "doctor",
        "search",
        "serve",
        "cli",
    ),
]
FILES = sorted(PACKAGE.rglob("*.py"))


def part_of(path: Path, package: Path) -> str:
    """Name of the part that a file belongs to; "" for the top level, which may import anything."""
    first = path.relative_to(package).parts[0].removesuffix(".py")
    return first if first == "errors" or (package / first).is_dir() else ""


def our_imports(path: Path) -> list[tuple[int, str]]:
    """Line and full name of everything of ours that a file imports, wherever in it."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level > 0:
            found.append((node.lineno, "." * node.level + (node.module or "")))
        elif isinstance(node, ast.ImportFrom):
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
    return [(line, name) for line, name in found if name.split(".")[0] in ("", "lookmore")]


def faults(path: Path, package: Path = PACKAGE) -> list[str]:
    """One readable sentence per import that points the wrong way."""
    here = part_of(path, package)
    before = LINE[: LINE.index(here) + 1] if here in LINE else LINE
    found: list[str] = []
    for line, name in our_imports(path):
        where = f"{path.relative_to(package.parent)}:{line}: "
        part = [*name.split("."), ""][1]
        if name.startswith("."):
            found.append(f"{where}write the import in full, not 'from {name}'")
        elif here and part not in before:
            why = "comes later in the line" if part in LINE else "has no place in the line of parts"
            found.append(f"{where}{here} must not import {name}: {part or 'lookmore'} {why}")
    return found


def test_the_line_names_every_part() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__"}
    assert folders, f"no parts under {PACKAGE}"
    strangers = sorted(folders - set(LINE))
    assert not strangers, f"parts without a place in LINE: {strangers}"


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])
def test_imports_point_backwards(path: Path) -> None:
    found = faults(path)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("from lookmore.engine.step import Batch", "losses must not import lookmore.engine.step"),
        ("from lookmore import engine", "losses must not import lookmore.engine"),
        ("import lookmore.cli.main", "losses must not import lookmore.cli.main"),
        ("def f():\n    import lookmore.serve", "lookmore/losses/new.py:2: losses must not"),
        ("import lookmore", "losses must not import lookmore: lookmore has no place"),
        ("from lookmore import load", "losses must not import lookmore.load: load has no place"),
        ("from . import distance", "write the import in full"),
        ("from ..engine.step import Batch", "write the import in full"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, statement: str, fault: str) -> None:
    planted = tmp_path / "lookmore" / "losses" / "new.py"
    planted.parent.mkdir(parents=True)
    planted.write_text(statement + "\n")
    (found,) = faults(planted, tmp_path / "lookmore")
    assert fault in found


@pytest.mark.parametrize(
    ("place", "statement"),
    [
        ("losses/new.py", "from lookmore.losses.distance import distance_loss"),
        ("losses/new.py", "import numpy\nfrom lookmore.errors import ConfigError"),
        ("__init__.py", "from lookmore.cli.main import main"),
        ("loading.py", "from lookmore.serve.page import page"),
    ],
)
def test_what_is_allowed_is_not_a_fault(tmp_path: Path, place: str, statement: str) -> None:
    planted = tmp_path / "lookmore" / place
    planted.parent.mkdir(parents=True)
    planted.write_text(statement + "\n")
    assert faults(planted, tmp_path / "lookmore") == []
