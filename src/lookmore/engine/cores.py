"""How many processors this process may use, and how many threads it starts on them."""

import os
from pathlib import Path
from typing import NamedTuple

_GROUPS = Path("/proc/self/cgroup")
_TREE = Path("/sys/fs/cgroup")


class Threads(NamedTuple):
    """How many threads compute, and what said so."""

    number: int
    """1 or more."""

    reason: str
    """In words, for people."""


def chosen_threads(asked: int = 0) -> Threads:
    """Return the threads that training and evaluation start.

    Where nobody says otherwise it is a thread for each core this process may use: more would
    wait for one another. Other busy processes are not looked at, since they come and go.

    Args:
        asked: ``machine.threads``; 0 = left open.
    """
    if asked:
        return Threads(asked, f"machine.threads={asked}")
    stated = os.environ.get("OMP_NUM_THREADS", "")
    if stated.isdecimal() and int(stated) > 0:
        return Threads(int(stated), f"OMP_NUM_THREADS={stated}")
    count = usable_cores()
    return Threads(count, f"one for each of {count} cores" if count > 1 else "there is one core")


def usable_cores() -> int:
    """Return the cores this process may keep busy, which in a container are fewer than all."""
    allowed, quota = allowed_cores(), cpu_quota()
    return allowed if quota is None else max(1, min(allowed, int(quota)))


def allowed_cores() -> int:
    """Return the cores this process may run on, whatever its share of their time."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_quota(*, groups: Path = _GROUPS, tree: Path = _TREE) -> float | None:
    """Return the cores' worth of time that control groups grant; ``None`` without a limit.

    Args:
        groups: File that names the groups of this process.
        tree: Folder of all groups.
    """
    found = []
    for folder in _own_groups("cpu", groups=groups, tree=tree):
        limit = _words(folder / "cpu.max")  # version 2: "150000 100000", or "max 100000"
        if not limit:
            limit = [*_words(folder / "cpu.cfs_quota_us"), *_words(folder / "cpu.cfs_period_us")]
        if len(limit) == 2 and limit[0].isdecimal() and limit[1].isdecimal() and int(limit[1]):
            found.append(int(limit[0]) / int(limit[1]))
    return min(found, default=None)


def memory_limit(*, groups: Path = _GROUPS, tree: Path = _TREE) -> int | None:
    """Return the bytes of memory that control groups grant; ``None`` without a limit.

    Args:
        groups: File that names the groups of this process.
        tree: Folder of all groups.
    """
    found = []
    for folder in _own_groups("memory", groups=groups, tree=tree):
        limit = _words(folder / "memory.max") or _words(folder / "memory.limit_in_bytes")
        # version 1 writes nearly 2 ** 63 where there is no limit
        if limit and limit[0].isdecimal() and int(limit[0]) < 2**60:
            found.append(int(limit[0]))
    return min(found, default=None)


def _own_groups(controller: str, *, groups: Path, tree: Path) -> list[Path]:
    """Return the folders whose limits hold for this process: its groups and those above them."""
    folders: list[Path] = []
    try:
        lines = groups.read_text().splitlines()
    except OSError:
        return []  # no such thing here: macOS, Windows
    for line in lines:
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        top = tree / controller if names else tree
        inner = top / path.lstrip("/")
        folders += [folder for folder in (inner, *inner.parents) if folder.is_relative_to(top)]
    return folders


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
