"""The batch of all processes on each of them, so that relations span it whole."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


def gather_rows(rows: Tensor) -> Tensor:
    """Return the rows of all processes, in the order of their ranks, with a gradient to one's own.

    Compute a loss of the whole batch from it on every process, and let gradients be *averaged* over
    the processes, as ``DistributedDataParallel`` does: every parameter then has the gradient that
    one process with the whole batch would have. What is sent is the rows; nothing is sent back.

    Args:
        rows: ``(b, ...)``, the same shape and dtype on every process.

    Returns:
        ``(processes * b, ...)``; ``rows`` itself where there is one process or no group of them.

    Raises:
        ValueError: If the processes hold different numbers of rows.
    """
    if not (dist.is_available() and dist.is_initialized()) or dist.get_world_size() == 1:
        return rows
    gathered: Tensor = _Gather.apply(rows)
    return gathered


class _Gather(torch.autograd.Function):
    """Every process computes the same loss, so its own rows' part of the slope is all it needs."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        count = torch.tensor([len(rows)], device=rows.device)
        counts = [torch.empty_like(count) for _ in range(dist.get_world_size())]
        dist.all_gather(counts, count)
        if any(int(other) != len(rows) for other in counts):
            raise ValueError(
                "every process must hold as many images, got "
                f"{[int(other) for other in counts]}: make the batch a multiple of the processes"
            )
        parts = [torch.empty(rows.shape, dtype=rows.dtype, device=rows.device) for _ in counts]
        dist.all_gather(parts, rows.contiguous())
        ctx.first = dist.get_rank() * len(rows)
        ctx.count = len(rows)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:
        # averaging over the processes divides by their number what only this one contributes
        return upstream[0].narrow(0, ctx.first, ctx.count) * dist.get_world_size()
