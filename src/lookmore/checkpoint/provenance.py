"""Where a run came from: versions, commit, machine."""

import platform
import subprocess
from importlib import metadata
from pathlib import Path

import torch

from lookmore.engine.cores import usable_cores

_PACKAGES = ("lookmore", "torch", "torchvision", "timm", "pytorch-metric-learning", "numpy")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found


def commit() -> str:
    """Return the git commit of the package's own checkout, with ``+changes``; or ``unknown``.

    Rows that benchmarks have written since are no changes: they decide no number.
    """
    here = Path(__file__).parent
    try:
        # an installed copy may lie inside somebody else's repository
        subprocess.run(
            ["git", "ls-files", "--error-unmatch", Path(__file__).name],
            cwd=here,
            capture_output=True,
            check=True,
        )
        head = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        dirty = subprocess.run(
            [
                *("git", "status", "--porcelain", "--untracked-files=no"),
                *("--", ":/", ":(top,exclude)benchmarks/results"),
            ],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+changes" if dirty else "")


def processor() -> str:
    """Return the name of the processor, as precise as the system tells it."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass  # not Linux: the platform module's word is all there is
    return model


def machine(device: torch.device | None = None) -> str:
    """Return the processor, the cores this process may use and the GPU, if one computes, in words.

    Args:
        device: What computes; ``None`` = the processor.
    """
    is_gpu = device is not None and device.type == "cuda"
    gpu = f", {torch.cuda.get_device_name(device)}" if is_gpu else ""
    return f"{processor()}, {usable_cores()} cores{gpu}"
