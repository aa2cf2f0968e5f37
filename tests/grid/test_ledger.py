"""The ledger: rows that outlive the runs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lookmore.errors import DataError
from lookmore.grid.ledger import GridRow, Ledger

Make = Callable[..., GridRow]


def test_rows_come_back_equal_one_to_a_line(row: Make, tmp_path: Path) -> None:
    path = tmp_path / "results" / "small.json"
    rows = [row("ours", 0.9), row("teacher", 0.95, cell_method="ours")]
    Ledger(path).add(rows[0].cell, rows)
    assert Ledger(path).rows == rows
    assert len(path.read_text().splitlines()) == 2 + len(rows)
    assert isinstance(json.loads(path.read_text()), list)


def test_a_cell_is_there_only_under_its_own_settings(row: Make, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "small.json")
    found = row("ours")
    assert not ledger.has(found.cell, "a")
    ledger.add(found.cell, [found])
    assert ledger.has(found.cell, "a")
    assert not ledger.has(found.cell, "b")
    assert not ledger.has(found.cell._replace(seed=1), "a")


def test_measured_again_a_cell_loses_its_old_rows_and_others_keep_theirs(
    row: Make, tmp_path: Path
) -> None:
    ledger = Ledger(tmp_path / "small.json")
    ours, other = row("ours", 0.9), row("closer", 0.8)
    ledger.add(ours.cell, [ours])
    ledger.add(other.cell, [other])
    again = row("ours", 0.7, settings="b")
    ledger.add(again.cell, [again])
    assert sorted(found.value for found in ledger.rows) == [0.7, 0.8]


def test_two_processes_may_write_the_same_file(row: Make, tmp_path: Path) -> None:
    one, other = Ledger(tmp_path / "small.json"), Ledger(tmp_path / "small.json")
    for ledger, seed in ((one, 0), (other, 1)):
        found = row("ours", seed=seed)
        ledger.add(found.cell, [found])
    assert {found.seed for found in Ledger(tmp_path / "small.json").rows} == {0, 1}


@pytest.mark.parametrize("content", ["{}", '[{"method": "ours"}]', "nothing"])
def test_a_file_of_something_else_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "small.json").write_text(content)
    with pytest.raises(DataError, match=r"small\.json"):
        Ledger(tmp_path / "small.json")
