"""Commands run in this process, seen as from outside, and photographs to run them on."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from lookmore.cli.main import main


class Finished(NamedTuple):
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Finished]:
    """Run a command in the folder where the test stands: torch loads once for all tests."""

    def run(*arguments: str) -> Finished:
        monkeypatch.setattr(sys, "argv", ["lookmore", *arguments])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        return Finished(int(stopped.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def run_in() -> Callable[..., None]:
    """Run a command that must succeed in a folder, for what many tests share."""

    def run(folder: Path, *arguments: str) -> None:
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as stopped:
            patch.chdir(folder)
            patch.setattr(sys, "argv", ["lookmore", *arguments])
            main()
        assert not stopped.value.code

    return run


@pytest.fixture(scope="session")
def photograph() -> Callable[..., None]:
    """Fill a folder with classes of six noisy pictures, each class with a pattern of its own."""

    def take(folder: Path, *classes: str, columns: int = 10, suffix: str = ".png") -> None:
        for number, name in enumerate(classes):
            look = np.random.default_rng(number).integers(30, 225, size=(4, 4, 3))
            (folder / name).mkdir(parents=True)
            for shot in range(6):
                draw = np.random.default_rng(100 * number + shot)
                pixels = np.kron(look, np.ones((10, columns, 1)))
                pixels = pixels + draw.normal(0, 10, size=pixels.shape)
                image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
                image.save(folder / name / f"{shot}{suffix}")

    return take
