"""The doctor's list of packages: what is missing is named with the command that brings it."""

import tomllib
from pathlib import Path

import pytest

from lookmore.doctor import packages
from lookmore.doctor.packages import EXTRAS, look_at_packages
from lookmore.page.finding import Finding

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


def found(name: str, *requirements: str) -> Finding:
    """The finding of one name, for requirements as metadata has them."""
    return {finding.name: finding for finding in look_at_packages(requirements)}[name]


def test_every_extra_says_what_it_gives() -> None:
    assert set(PROJECT["optional-dependencies"]) <= set(EXTRAS)


def test_a_core_that_is_all_there_is_fine_and_names_its_versions() -> None:
    core = found("the core", "numpy>=1", "pillow>=1")
    assert core.verdict == "fine"
    assert core.found.startswith("numpy 2") and "pillow 1" in core.found


@pytest.mark.parametrize(
    ("requirement", "reason", "way_out"),
    [
        ("numpy>=99", "numpy 2", "pip install 'numpy>=99'"),
        ("no-such-thing>=1", "no-such-thing is not installed", "pip install 'no-such-thing>=1'"),
    ],
)
def test_a_core_package_that_is_missing_or_too_old_is_a_fault(
    requirement: str, reason: str, way_out: str
) -> None:
    core = found("the core", "pillow", requirement)
    assert core.verdict == "fault"
    assert core.found.startswith(reason)
    assert core.advice == way_out


def test_an_extra_that_is_not_installed_is_a_note_with_what_it_would_give() -> None:
    extra = found("extra export", 'no-such-thing>=1; extra == "export"')
    assert (extra.verdict, extra.found) == ("note", "not installed")
    assert extra.advice.startswith("pip install 'lookmore[export]' (ONNX")


def test_half_an_extra_is_a_note_and_an_outdated_one_a_fault() -> None:
    half = found("extra demo", 'numpy; extra == "demo"', 'no-such-thing; extra == "demo"')
    assert (half.verdict, half.found) == ("note", "no-such-thing is not installed")
    old = found("extra demo", 'numpy>=99; extra == "demo"', 'pillow; extra == "demo"')
    assert old.verdict == "fault"
    assert "too old or too new: >=99 is needed" in old.found


def test_a_package_that_does_not_import_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise OSError(f"lib{name}.so: cannot open\nshared object file")

    monkeypatch.setattr(packages.importlib, "import_module", broken)
    core = found("the core", "torchvision")
    assert core.verdict == "fault"
    assert "does not import: libtorchvision.so: cannot open shared object file" in core.found


def test_what_is_installed_here_is_without_fault() -> None:
    assert [finding for finding in look_at_packages() if finding.verdict == "fault"] == []
