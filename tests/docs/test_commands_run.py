"""Commands of the pages for users, really run: in page order, on tiny folders, in two steps.

What takes minutes or other people's images is parsed, in test_docs.py, and listed here.
"""

import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer.main
from PIL import Image
from typer.testing import CliRunner

from lookmore.cli.main import app, main

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("quickstart", "faces", "retrieval", "classification", "doctor")
FOLDERS = ("photos", "faces", "products", "signs")
CLASSES = ("anna", "ahead", "curve-left", "curve-right", *(f"class{i}" for i in range(6)))
MORE = {
    "distill": (
        "--smoke", "data.side=32", "machine.threads=1", "student.stream.backbone=nano",
        "assistant.stream.backbone=nano",
    ),
    "train": ("--smoke",),
    "evaluate": ("evaluate.controls=[teacher]", "evaluate.sides=[8]"),
    "doctor": ("--seconds", "0"),
}  # fmt: skip
"""What is added to a command so that it takes seconds."""

PARSED_ONLY = {
    "lookmore train recipes/": "needs images of others; tests/recipe runs every recipe",
    "lookmore calibrate": "needs more people than a tiny folder has; tests/cli runs it",
    "lookmore serve": "runs until it is stopped; tests/serve starts it",
    "lookmore doctor runs/demo": "needs the demo's run; tests/cli runs it with another",
}


def commands(page: str) -> Iterator[str]:
    """Each ``lookmore`` command of a page, in order, settings of the environment cut off."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    for block in re.findall(r"^```bash\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            command = re.sub(r"^(\w+=\S+ )+", "", line.strip())
            if command.startswith("lookmore "):
                yield command


def is_parsed_only(command: str) -> bool:
    """Whether a command is not run here."""
    return command.startswith(tuple(PARSED_ONLY))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ten classes of six small pictures, no two alike; each track of two frames has a name."""
    random = np.random.default_rng(0)
    for name in CLASSES:
        colour = random.integers(40, 200, size=3)
        (tmp_path / "photos" / name).mkdir(parents=True)
        for shot in range(6):
            coarse = colour + random.integers(-40, 55, size=(5, 5, 1))
            pixels = np.kron(coarse, np.ones((8, 8, 1))).astype(np.uint8)
            path = tmp_path / "photos" / name / f"{shot // 2}_{shot % 2}.png"
            Image.fromarray(pixels).save(path)
    for other in FOLDERS[1:]:
        (tmp_path / other).symlink_to("photos")
    for crop in ("crop1", "crop2"):
        shutil.copy(tmp_path / "photos" / CLASSES[0] / "0_0.png", tmp_path / f"{crop}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(command: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a command, made short, in this process; its exit code."""
    words = shlex.split(command, comments=True)
    more = [word for word in MORE.get(words[1], ()) if word not in words]
    if "--inherit" in words:  # its network is given, and there is no assistant
        more = [word for word in more if ".stream.backbone=" not in word]
    monkeypatch.setattr(sys, "argv", [*words, *more])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page_run(
    page: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wanted = [command for command in commands(page) if not is_parsed_only(command)]
    assert wanted, f"{page} has no command to run"
    for command in wanted:
        code = run(command, monkeypatch)
        assert code == 0, f"{command}: {capsys.readouterr().err}"
        for smoke in Path("runs").glob("*-smoke"):  # later commands know it by its full name
            whole = smoke.with_name(smoke.name.removesuffix("-smoke"))
            if not whole.exists():
                whole.symlink_to(smoke.name)


def test_every_exception_is_one_of_some_page() -> None:
    found = [command for page in PAGES for command in commands(page)]
    for beginning in PARSED_ONLY:
        assert any(command.startswith(beginning) for command in found), beginning


def all_commands() -> list[tuple[str, ...]]:
    """Every command, and every command of a group, as words."""
    found: list[tuple[str, ...]] = [()]
    top: Any = typer.main.get_command(app)
    for name, command in top.commands.items():
        found.append((name,))
        found += [(name, inner) for inner in getattr(command, "commands", {})]
    return found


@pytest.mark.parametrize("words", all_commands(), ids=lambda words: " ".join(words) or "lookmore")
def test_help_is_there_for_every_command(words: tuple[str, ...]) -> None:
    found = CliRunner().invoke(app, [*words, "--help"])
    assert found.exit_code == 0
    assert "Usage:" in found.output
