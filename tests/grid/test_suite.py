"""Suites and methods as YAML: what is read, cut and refused."""

from pathlib import Path

import pytest
import yaml

from lookmore.errors import ConfigError
from lookmore.grid.suite import read_methods, read_suite

ROOT = Path(__file__).parents[2]
SUITES = sorted((ROOT / "benchmarks" / "suites").glob("*.yaml"))


def test_quick_cuts_seeds_and_methods_and_adds_its_changes(home: Path) -> None:
    path = home / "benchmarks" / "suites" / "small.yaml"
    whole, quick = read_suite(path, quick=False), read_suite(path, quick=True)
    assert (whole.seeds, quick.seeds) == ((0, 1), (0,))
    assert quick.methods == ("ours",)
    assert quick.sides == whole.sides
    assert quick.set == ("views.count=1", "views.blends=0")


def test_a_suite_without_ours_is_refused(home: Path) -> None:
    path = home / "benchmarks" / "suites" / "small.yaml"
    values = yaml.safe_load(path.read_text()) | {"methods": ["closer"]}
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(ConfigError, match="methods must hold 'ours'"):
        read_suite(path, quick=False)


def test_every_fault_is_named_with_its_file(home: Path) -> None:
    path = home / "benchmarks" / "methods.yaml"
    path.write_text("ours: {}\nother: {orderz: [distance], loss: 3}\n")
    with pytest.raises(ConfigError, match=r"methods.yaml: .*other.orderz.*did you mean orders"):
        read_methods(path)
    path.write_text("- a\n")
    with pytest.raises(ConfigError, match="must hold a mapping"):
        read_methods(path)
    with pytest.raises(ConfigError, match="cannot read"):
        read_methods(home / "none.yaml")


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_the_suites_we_ship_name_methods_we_describe(path: Path) -> None:
    methods = read_methods(ROOT / "benchmarks" / "methods.yaml")
    for quick in (False, True):
        suite = read_suite(path, quick=quick)
        assert set(suite.methods) <= methods.keys()
        assert (ROOT / suite.recipe).exists()


def test_there_is_a_suite_for_each_task() -> None:
    assert {path.stem for path in SUITES} >= {"lfw", "cars196", "gtsrb", "cifar10-jpeg"}
