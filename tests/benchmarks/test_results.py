"""What the pages say of suites is what the rows say: nobody writes there by hand."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from lookmore.grid.glance import glance_table
from lookmore.grid.ledger import Ledger
from lookmore.grid.markdown import parts_table, suite_section
from lookmore.grid.suite import SuiteConfig, read_suite

ROOT = Path(__file__).parents[2]
RESULTS = [
    path
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.json"))
    if (ROOT / "benchmarks" / "suites" / path.name).with_suffix(".yaml").exists()
]


def suite_of(path: Path) -> SuiteConfig:
    return read_suite(ROOT / "benchmarks" / "suites" / f"{path.stem}.yaml", quick=False)


def test_some_suite_has_rows() -> None:
    assert RESULTS


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_the_results_page_says_what_the_rows_say(path: Path) -> None:
    page = (ROOT / "recipes" / "RESULTS.md").read_text(encoding="utf-8")
    section = suite_section(path.stem, Ledger(path).rows, metric=suite_of(path).metric)
    for paragraph in section.split("\n\n"):
        assert paragraph in page, "run: python benchmarks/results.py"


def test_the_results_page_begins_with_what_all_suites_say() -> None:
    page = (ROOT / "recipes" / "RESULTS.md").read_text(encoding="utf-8")
    told = [path for path in RESULTS if not suite_of(path).is_for_choosing]
    assert 0 < len(told) < len(RESULTS)
    suites = {path.stem: (suite_of(path).metric, Ledger(path).rows) for path in told}
    assert glance_table(suites) in page, "run: python benchmarks/results.py"


def test_the_page_on_faces_says_what_the_rows_of_cameras_say(
    benchmark_script: Callable[[str], ModuleType],
) -> None:
    page = (ROOT / "docs" / "faces.md").read_text(encoding="utf-8")
    (path,) = [path for path in RESULTS if path.stem == "lfw-cameras"]
    block = benchmark_script("results").cameras_block(suite_of(path).metric, Ledger(path).rows)
    assert block in page, "run: python benchmarks/results.py"


def test_the_method_page_says_what_each_part_is_worth() -> None:
    page = (ROOT / "docs" / "method.md").read_text(encoding="utf-8")
    suites = {path.stem: (suite_of(path).metric, Ledger(path).rows) for path in RESULTS}
    assert parts_table(suites) in page, "run: python benchmarks/results.py"


def test_a_run_that_is_named_replaces_its_own_section_alone(
    benchmark_script: Callable[[str], ModuleType],
) -> None:
    kept = benchmark_script("results").kept_sections
    page = "# Results\n\n## Suite a\n\nrows\n\n# Single runs\n\n## demo\n\nold\n\n## lfw\n\nfaces\n"
    assert kept(page, but=[]) == ["## demo\n\nold", "## lfw\n\nfaces"]
    assert kept(page, but=["## demo\n\nnew"]) == ["## lfw\n\nfaces"]
    assert kept("# Results\n", but=["## demo\n\nnew"]) == []
