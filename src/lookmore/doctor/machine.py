"""What this process may use: processor, cores, memory, disk, CUDA; and its threads."""

import os
import shutil
from pathlib import Path

import torch

from lookmore.checkpoint.provenance import processor
from lookmore.engine.cores import (
    allowed_cores,
    chosen_threads,
    cpu_quota,
    memory_limit,
    usable_cores,
)
from lookmore.page.finding import Finding, Verdict

PART = "Machine"
_GIB = 2**30
_LITTLE_DISK = 2 * _GIB  # decoded images and guides' answers of a few thousand pictures
_BUSY = 1.2  # busy processes per core, beyond which threads wait for one another


def look_at_machine(*, asked_threads: int = 0, folder: Path = Path()) -> list[Finding]:
    """Return what this process may use of the machine, and what it will use.

    Args:
        asked_threads: ``machine.threads``; 0 = left open.
        folder: Where runs and caches will lie; its disk is looked at.
    """
    return [_cores(), _threads(asked_threads), _load(), _memory(), _disk(folder), _cuda()]


def _cores() -> Finding:
    quota = cpu_quota()
    found = f"{processor()}; {allowed_cores()} of {os.cpu_count()} cores allowed"
    if quota is None:
        return Finding(PART, "processor", found + ", no cgroup limit", "fine")
    limit = f", cgroup limit {quota:.2g} cores: {usable_cores()} are used"
    return Finding(PART, "processor", found + limit, "fine")


def _threads(asked: int) -> Finding:
    threads = chosen_threads(asked)
    found = f"{threads.number} ({threads.reason})"
    if threads.number > usable_cores():
        advice = (
            f"more than the {usable_cores()} cores: they will wait for one another; set "
            "machine.threads=0 and leave OMP_NUM_THREADS unset"
        )
        return Finding(PART, "threads", found, "note", advice)
    other = "machine.threads=N or OMP_NUM_THREADS=N sets another number"
    return Finding(PART, "threads", found, "fine", other)


def _load() -> Finding:
    if not hasattr(os, "getloadavg"):
        return Finding(PART, "load", "not told by this system", "fine")
    load = os.getloadavg()[0]
    found = f"{load:.1f} busy processes in the last minute on {os.cpu_count()} cores"
    if load <= _BUSY * (os.cpu_count() or 1):
        return Finding(PART, "load", found, "fine")
    advice = (
        "others compute here, and threads that wait for one another are many times slower: one "
        "thread for each process (OMP_NUM_THREADS=1); timings mean little now"
    )
    return Finding(PART, "load", found, "note", advice)


def _memory() -> Finding:
    limits = [size for size in (memory_limit(), _physical_memory()) if size is not None]
    if not limits:
        return Finding(PART, "memory", "not told by this system", "fine")
    found = f"{min(limits) / _GIB:.1f} GiB for this process"
    verdict: Verdict = "fine" if min(limits) >= 2 * _GIB else "note"
    advice = "" if verdict == "fine" else "training with a large teacher wants 2 GiB or more"
    return Finding(PART, "memory", found, verdict, advice)


def _physical_memory() -> int | None:
    names = getattr(os, "sysconf_names", {})
    if "SC_PHYS_PAGES" not in names or "SC_PAGE_SIZE" not in names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    found = f"{free / _GIB:.1f} GiB free for runs and caches in {folder.absolute()}"
    if free >= _LITTLE_DISK:
        return Finding(PART, "disk", found, "fine")
    return Finding(PART, "disk", found, "note", "little: name another place with data.cache=FOLDER")


def _cuda() -> Finding:
    if not torch.cuda.is_available():
        built = torch.version.cuda
        why = (
            "torch is built without it"
            if built is None
            else f"torch is built for {built} and finds no device"
        )
        return Finding(PART, "CUDA", f"none ({why}): the CPU computes", "fine")
    devices = [
        f"{found.name} ({found.total_memory / _GIB:.0f} GiB)"
        for found in map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))
    ]
    half = "with" if torch.cuda.is_bf16_supported() else "without"
    return Finding(
        PART,
        "CUDA",
        f"{torch.version.cuda}, {', '.join(devices)}, {half} bfloat16",
        "fine",
        "used unless machine.device=cpu",
    )
