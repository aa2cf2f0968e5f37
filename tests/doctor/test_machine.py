"""What the doctor says of the machine: what bounds a run, and what to do about it."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from lookmore.doctor import machine
from lookmore.doctor.machine import look_at_machine
from lookmore.page.finding import Finding


def found(name: str, *, asked_threads: int = 0, folder: Path = Path()) -> Finding:
    """The finding of one name."""
    findings = look_at_machine(asked_threads=asked_threads, folder=folder)
    return {finding.name: finding for finding in findings}[name]


def test_a_limit_of_time_is_told_with_the_cores_it_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "cpu_quota", lambda: 1.5)
    monkeypatch.setattr(machine, "usable_cores", lambda: 1)
    assert found("processor").found.endswith("cgroup limit 1.5 cores: 1 are used")


def test_threads_are_told_with_what_set_them() -> None:
    assert found("threads", asked_threads=1).found == "1 (machine.threads=1)"


def test_more_threads_than_cores_are_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "usable_cores", lambda: 2)
    told = found("threads", asked_threads=3)
    assert told.verdict == "note"
    assert told.advice.startswith("more than the 2 cores: they will wait for one another")


@pytest.mark.parametrize(("load", "verdict"), [(0.5, "fine"), (2.1, "fine"), (9.0, "note")])
def test_a_busy_machine_is_a_note(
    monkeypatch: pytest.MonkeyPatch, load: float, verdict: str
) -> None:
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(machine.os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert found("load").verdict == verdict


def test_the_smaller_of_memory_and_its_limit_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "memory_limit", lambda: 2**30)
    told = found("memory")
    assert (told.found, told.verdict) == ("1.0 GiB for this process", "note")


def test_little_room_is_a_note_with_the_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine.shutil, "disk_usage", lambda path: SimpleNamespace(free=10**8))
    told = found("disk", folder=tmp_path)
    assert told.verdict == "note"
    assert "data.cache=FOLDER" in told.advice
