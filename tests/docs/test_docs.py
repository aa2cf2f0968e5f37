"""What the pages say works: their Python runs, their commands parse, their links lead somewhere."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import typer.main
import yaml

import lookmore.losses
from lookmore.cli.main import app
from lookmore.recipe.load import recipe_from

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("recipes/*.md")])
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", flags=re.MULTILINE | re.DOTALL)
COMMANDS = typer.main.get_command(app)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [code for kind, code in found if kind == language]


def runnable(page: Path) -> list[str]:
    """The Python blocks of a page that need nothing but themselves."""
    return [code for code in blocks(page, "python") if not code.startswith("# needs a run")]


def commands(text: str) -> Iterator[list[str]]:
    """Each command of a shell text as words, comments and continuations resolved."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words:
            ends = [at for at, word in enumerate(words) if word in ("&&", "||", "|", ";")]
            yield words[: ends[0]] if ends else words
            words = words[ends[0] + 1 :] if ends else []


def parse(words: list[str]) -> None:
    """Check a ``lookmore`` command without running it; raises on what would be refused."""
    command: Any = COMMANDS
    rest = [word for word in words[1:] if word != "--help"]
    while hasattr(command, "commands") and rest:
        name = rest.pop(0)
        assert name in command.commands, f"{name!r} is none of {', '.join(command.commands)}"
        command = command.commands[name]
    if rest or "--help" not in words:
        command.make_context(words[0], rest)


def fault(words: list[str], makefile: str) -> str:
    """What is wrong with a command of ours; empty if nothing is, or if it is not ours."""
    if Path(words[0]).name == "lookmore":
        try:
            parse(words)
        except Exception as error:  # Typer's errors have no public common root
            return f"{shlex.join(words)}: {error}"
    if words[0] == "make":
        targets = re.findall(r"^(\w[\w-]*):", makefile, flags=re.MULTILINE)
        unknown = [word for word in words[1:] if "=" not in word and word not in targets]
        return f"{shlex.join(words)}: the Makefile has no {unknown}" if unknown else ""
    return ""


def links(text: str) -> list[str]:
    """Targets of the relative links of a page, without the place within them."""
    prose = BLOCK.sub("", text)
    found = re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(r'(?:src|href)="([^"]+)"', prose)
    local = (link for link in found if not re.match(r"[a-z]+:|#", link))
    return [link.split("#")[0] for link in local]


def test_there_is_something_to_check() -> None:
    assert {"docs/losses.md", "docs/method.md", "docs/recipes.md"} <= set(NAMES)
    assert runnable(ROOT / "docs" / "losses.md")
    ours = [words for page in PAGES for text in blocks(page, "bash") for words in commands(text)]
    assert any(words[0] == "lookmore" for words in ours)
    assert any(links(page.read_text(encoding="utf-8")) for page in PAGES)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_python_on_a_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": page.stem}
    with torch.random.fork_rng(devices=[]):
        for number, code in enumerate(runnable(page), start=1):
            exec(compile(code, f"{page.name}, block {number}", "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_python_on_a_page_that_needs_a_run_compiles(page: Path) -> None:
    for code in blocks(page, "python"):
        compile(code, page.name, "exec")


def test_recipes_on_a_page_load() -> None:
    found = [(page, text) for page in PAGES for text in blocks(page, "yaml")]
    recipes = [(page, text) for page, text in found if text.startswith("name:")]
    assert recipes
    for page, text in recipes:
        recipe_from(yaml.safe_load(text), source=page.name)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_on_a_page_parse(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    texts = blocks(page, "bash")
    faults = [fault(words, makefile) for text in texts for words in commands(text) if words]
    assert not any(faults), "\n".join(filter(None, faults))


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_to_files(page: Path) -> None:
    found = links(page.read_text(encoding="utf-8"))
    missing = [link for link in found if not (page.parent / link).exists()]
    assert not missing, f"{page.name} links to what is not there: {missing}"


def test_every_loss_has_its_row() -> None:
    page = (ROOT / "docs" / "losses.md").read_text(encoding="utf-8")
    losses = [name for name in lookmore.losses.__all__ if name.endswith("_loss")]
    functions = [name for name in losses if not name.startswith("build_")]
    assert len(functions) > 3
    assert [name for name in functions if f"\n| `{name}` |" not in page] == []


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("lookmore tain recipe.yaml", "'tain' is none of"),
        ("lookmore train recipe.yaml --fast", "--fast"),
        ("lookmore train", "recipe"),
        ("lookmore data inspect photographs", "'inspect' is none of"),
        ("make && lookmore evaluate", "run"),
        ("make everything", "no \\['everything'\\]"),
    ],
)
def test_a_planted_fault_is_found(command: str, reason: str) -> None:
    found = "".join(fault(words, "setup:\n") for words in commands(command))
    assert re.search(reason, found)


@pytest.mark.parametrize(
    "command",
    [
        "lookmore --help",
        "lookmore train recipe.yaml seed=1 --smoke  # quick",
        ".venv/bin/lookmore data check photographs \\\n  data.side=64",
        "pip install 'lookmore[demo]' && lookmore demo",
    ],
)
def test_what_would_run_is_no_fault(command: str) -> None:
    assert [fault(words, "setup:\n") for words in commands(command) if fault(words, "")] == []
