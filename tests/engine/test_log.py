"""RunLog: a resumed run's log has every epoch once, whatever a kill left behind."""

from pathlib import Path

import pytest

from lookmore.engine.log import RunLog


def test_a_resumed_log_drops_what_came_after_and_half_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    log = RunLog(path, columns=["total"], keep_epochs=0)
    for epoch in (1, 2, 3):
        log.add(epoch, {"total": float(epoch)})
    with path.open("a") as file:
        file.write("4,0.1")  # cut off: no line end, but whole cells
        file.write("\n5")
    RunLog(path, columns=["total"], keep_epochs=2).add(3, {"total": 9.0})
    assert path.read_text().splitlines() == ["epoch,total", "1,1", "2,2", "3,9"]


def test_a_new_log_starts_empty(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("epoch,total\n1,5\n")
    RunLog(path, columns=["total"], keep_epochs=0)
    assert path.read_text().splitlines() == ["epoch,total"]


def test_missing_values_are_empty_cells(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    RunLog(path, columns=["total", "validation"], keep_epochs=0).add(1, {"total": 0.5})
    assert path.read_text().splitlines()[1] == "1,0.5,"


def test_refuses_a_value_without_a_column(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "log.csv", columns=["total"], keep_epochs=0)
    with pytest.raises(ValueError, match="no columns \\['other'\\]"):
        log.add(1, {"other": 1.0})
