"""Losses that bring their own gradient: made while the numbers are at hand, and kept."""

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor


class Part(NamedTuple):
    """A loss and its gradient."""

    value: Tensor
    """``()``."""

    gradient: Tensor
    """``(B, D_s)``, in the student's rows."""


Parts = Callable[[Tensor, Tensor], list[Part]]
"""Computes losses from ``(B, D_s)`` student rows and ``(B, D_t)`` teacher rows."""


def with_gradients(parts: Parts, *, student: Tensor, teacher: Tensor) -> list[Tensor]:
    """Return the values that ``parts`` computes, which autograd then takes for ordinary losses.

    Args:
        parts: Called once, outside autocast and autograd.
        student: ``(B, D_s)``; gradient flows here, once: it has no graph of its own.
        teacher: ``(B, D_t)``; none flows here.

    Returns:
        One scalar ``()`` for each part, in the student's dtype.
    """
    with torch.autocast(student.device.type, enabled=False):
        values: tuple[Tensor, ...] = _WithGradients.apply(student, teacher, parts)
    return list(values)


class _WithGradients(torch.autograd.Function):
    """Both passes at once."""

    @staticmethod
    def forward(ctx: Any, student: Tensor, teacher: Tensor, parts: Parts) -> tuple[Tensor, ...]:
        found = parts(student, teacher)
        ctx.save_for_backward(*(part.gradient.to(student.dtype) for part in found))
        return tuple(part.value.to(student.dtype) for part in found)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *upstream: Tensor) -> tuple[Tensor, None, None]:
        gradient = sum(
            slope * kept for slope, kept in zip(upstream, ctx.saved_tensors, strict=True)
        )
        return gradient, None, None
