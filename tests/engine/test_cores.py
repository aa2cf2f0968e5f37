"""Threads: as asked, or as stated, or one for each core that this process may keep busy."""

import os
from pathlib import Path

import pytest

from lookmore.engine import cores
from lookmore.engine.cores import chosen_threads, cpu_quota, memory_limit, usable_cores


def put(tmp_path: Path, path: str, content: str) -> None:
    file = tmp_path / "tree" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """Where the made-up groups lie."""
    return {"groups": tmp_path / "cgroup", "tree": tmp_path / "tree"}


def test_the_tightest_limit_above_a_process_counts(tmp_path: Path, places: dict[str, Path]) -> None:
    places["groups"].write_text("0::/outer/inner\n")
    put(tmp_path, "outer/inner/cpu.max", "max 100000\n")
    put(tmp_path, "outer/cpu.max", "150000 100000\n")
    put(tmp_path, "cpu.max", "400000 100000\n")
    assert cpu_quota(**places) == 1.5


def test_groups_of_the_first_version_are_read_too(tmp_path: Path, places: dict[str, Path]) -> None:
    places["groups"].write_text("4:memory:/box\n3:cpu,cpuacct:/box\n0::/\n")
    put(tmp_path, "cpu/box/cpu.cfs_quota_us", "50000\n")
    put(tmp_path, "cpu/box/cpu.cfs_period_us", "100000\n")
    put(tmp_path, "memory/memory.limit_in_bytes", "9223372036854771712\n")
    put(tmp_path, "memory/box/memory.limit_in_bytes", "1073741824\n")
    assert cpu_quota(**places) == 0.5
    assert memory_limit(**places) == 2**30


@pytest.mark.parametrize("limit", ["max 100000", "-1", "", "nonsense here too"])
def test_no_limit_is_none(tmp_path: Path, places: dict[str, Path], limit: str) -> None:
    places["groups"].write_text("0::/\n")
    put(tmp_path, "cpu.max", limit)
    put(tmp_path, "memory.max", "max\n")
    assert cpu_quota(**places) is None
    assert memory_limit(**places) is None


def test_a_system_without_groups_has_no_limit(places: dict[str, Path]) -> None:
    assert cpu_quota(**places) is None
    assert memory_limit(**places) is None


@pytest.mark.parametrize(
    ("allowed", "quota", "cores_used"), [(8, None, 8), (8, 2.9, 2), (2, 16.0, 2), (8, 0.3, 1)]
)
def test_a_share_of_time_bounds_the_cores(
    monkeypatch: pytest.MonkeyPatch, allowed: int, quota: float | None, cores_used: int
) -> None:
    monkeypatch.setattr(cores, "allowed_cores", lambda: allowed)
    monkeypatch.setattr(cores, "cpu_quota", lambda: quota)
    assert usable_cores() == cores_used


@pytest.mark.parametrize(
    ("asked", "stated", "count", "reason"),
    [
        (3, "5", 3, "machine.threads=3"),
        (0, "5", 5, "OMP_NUM_THREADS=5"),
        (0, "", 4, "one for each of 4 cores"),
        (0, "many", 4, "one for each of 4 cores"),
        (0, "0", 4, "one for each of 4 cores"),
    ],
)
def test_the_setting_comes_before_the_environment_and_that_before_the_cores(
    monkeypatch: pytest.MonkeyPatch, asked: int, stated: str, count: int, reason: str
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", stated)
    monkeypatch.setattr(cores, "usable_cores", lambda: 4)
    assert chosen_threads(asked) == (count, reason)


def test_this_machine_has_at_least_one_core() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)
