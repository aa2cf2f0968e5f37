"""Rows: what is written is what is read, whole or not at all, and nothing else passes for rows."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lookmore.errors import DataError
from lookmore.evaluate.rows import Row, read_rows, write_rows


def test_come_back_equal_and_in_order(orl_rows: list[Row], tmp_path: Path) -> None:
    write_rows(orl_rows, tmp_path / "report.json")
    assert read_rows(tmp_path / "report.json") == orl_rows


def test_numbers_come_back_to_the_last_bit(make_row: Callable[..., Row], tmp_path: Path) -> None:
    write_rows([make_row(value=1 / 3, low=0.1 + 0.2)], tmp_path / "report.json")
    (found,) = read_rows(tmp_path / "report.json")
    assert (found.value, found.low) == (1 / 3, 0.1 + 0.2)


def test_are_a_plain_json_list_of_objects(make_row: Callable[..., Row], tmp_path: Path) -> None:
    write_rows(iter([make_row()]), tmp_path / "report.json")
    (found,) = json.loads((tmp_path / "report.json").read_text())
    assert (found["method"], found["probe_side"], found["value"]) == ("ours", 16, 0.905)


def test_no_rows_are_an_empty_list(tmp_path: Path) -> None:
    write_rows([], tmp_path / "report.json")
    assert read_rows(tmp_path / "report.json") == []


def test_replace_an_older_report_and_leave_nothing_else(
    orl_rows: list[Row], tmp_path: Path
) -> None:
    write_rows(orl_rows, tmp_path / "report.json")
    write_rows(orl_rows[:1], tmp_path / "report.json")
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]
    assert read_rows(tmp_path / "report.json") == orl_rows[:1]


def test_a_missing_report_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no report at .*report\.json: run 'lookmore evaluate'"):
        read_rows(tmp_path / "report.json")


def test_a_cut_off_report_is_refused(orl_rows: list[Row], tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_rows(orl_rows, path)
    path.write_text(path.read_text()[:-20])
    with pytest.raises(DataError, match="is not JSON"):
        read_rows(path)


@pytest.mark.parametrize("content", ['{"rows": []}', '[{"method": "ours"}]', '"rows"', "[{}]"])
def test_other_json_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(DataError, match="does not hold report rows"):
        read_rows(tmp_path / "report.json")


def test_an_unknown_field_is_refused(make_row: Callable[..., Row], tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_rows([make_row()], path)
    path.write_text(path.read_text().replace('"seed": 0', '"seed": 0, "colour": "red"'))
    with pytest.raises(DataError, match="does not hold report rows"):
        read_rows(path)


def test_a_row_cannot_be_changed(make_row: Callable[..., Row]) -> None:
    with pytest.raises(AttributeError):
        make_row().value = 1.0  # type: ignore[misc]
