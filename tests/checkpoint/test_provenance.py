"""commit: names the checkout that made a number, and whether its code had been changed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lookmore.checkpoint import provenance


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository that holds the module, a file of rows and another file."""
    (tmp_path / "benchmarks" / "results").mkdir(parents=True)
    (tmp_path / "benchmarks" / "results" / "lfw.json").write_text("[]")
    (tmp_path / "recipe.yaml").write_text("name: try")
    shutil.copy(provenance.__file__, tmp_path / "provenance.py")
    for words in (
        "init -q",
        "add .",
        "-c user.name=a -c user.email=a@b commit -q -m first",
    ):
        subprocess.run(["git", *words.split()], cwd=tmp_path, check=True)
    return tmp_path


def said(checkout: Path) -> str:
    code = "import provenance; print(provenance.commit())"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True
    )
    return ended.stdout.strip()


def test_only_what_decides_a_number_counts_as_a_change(checkout: Path) -> None:
    clean = said(checkout)
    assert len(clean) == 12
    (checkout / "benchmarks" / "results" / "lfw.json").write_text("[1]")
    (checkout / "notes.txt").write_text("untracked")
    assert said(checkout) == clean
    (checkout / "recipe.yaml").write_text("name: other")
    assert said(checkout) == f"{clean}+changes"


def test_outside_of_a_repository_it_is_unknown(tmp_path: Path) -> None:
    shutil.copy(provenance.__file__, tmp_path / "provenance.py")
    assert said(tmp_path) == "unknown"
