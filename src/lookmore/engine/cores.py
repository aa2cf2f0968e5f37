"""How many processors this process may use."""

import os


def usable_cores() -> int:
    """Return the cores this process may run on, which in a container are fewer than all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
