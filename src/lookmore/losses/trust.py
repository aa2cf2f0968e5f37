"""A compiled engine is trusted where it says what torch says."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from lookmore.losses import corners_torch
from lookmore.losses.sides import sides_of

_LARGEST_ERROR = 1e-4
_COUNTS = (7, 48)  # compilers may make two programs: for multiples of 16, and for the rest


def fault_of(corners: Callable[[Tensor], tuple[Tensor, Tensor]], device: torch.device) -> str:
    """Say how an engine's penalty or springs are wrong on a device; empty if they are right.

    Args:
        corners: As `corners_torch.corners`.
        device: Where it computes.
    """
    generator = torch.Generator().manual_seed(0)
    for count in _COUNTS:
        for kind in (torch.float32, torch.float64):
            student, teacher = torch.randn(2, count, 5, generator=generator, dtype=kind)
            table = sides_of(student=student, teacher=teacher).table
            right = corners_torch.corners(table)
            found = corners(table.to(device))
            for name, one, other in zip(("value", "gradient"), found, right, strict=True):
                error = float((one.cpu() - other).norm() / other.norm())
                if not error <= _LARGEST_ERROR:  # nor NaN
                    off = f"off by {100 * error:.2g} %" if math.isfinite(error) else "not finite"
                    return f"its {name} for {count} images is wrong here, {off}"
    return ""
