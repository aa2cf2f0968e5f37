"""Batch norm over the batches of all processes: its statistics are those of the whole batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def shared_statistics(module: nn.Module) -> Iterator[None]:
    """Let every batch norm inside see the whole batch while training, on any device.

    torch's ``SyncBatchNorm`` runs on GPUs only. Gradients are then to be averaged over the
    processes, and losses to be of the whole batch, as `gather_rows` makes them. Modules, parameters
    and their names stay what they are. With one process nothing changes.

    Args:
        module: Holds the norms; in evaluation mode they do what they always do.
    """
    several = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
    norms = [part for part in module.modules() if isinstance(part, _BatchNorm)] if several else []
    for norm in norms:
        norm.__dict__["forward"] = partial(_normalised, norm)
    try:
        yield
    finally:
        for norm in norms:
            del norm.__dict__["forward"]


def _normalised(norm: _BatchNorm, images: Tensor) -> Tensor:
    """Do what the norm does, with the mean and variance of all processes' images.

    Args:
        norm: In training mode, or else it works as ever.
        images: ``(b, C, ...)``, as many on every process.
    """
    if not norm.training:
        plain: Tensor = type(norm).forward(norm, images)
        return plain
    with torch.autocast(images.device.type, enabled=False):
        rows = images.float()
        over = [axis for axis in range(rows.ndim) if axis != 1]
        shape = [-1 if axis == 1 else 1 for axis in range(rows.ndim)]
        count = rows.numel() // rows.shape[1] * dist.get_world_size()
        mean = _total(rows.sum(over)) / count
        # in two rounds: a variance from sums of squares would cancel
        centred = rows - mean.view(shape)
        variance = _total(centred.square().sum(over)) / count
        _remember(norm, mean.detach(), variance.detach() * count / max(1, count - 1))
        scale = torch.rsqrt(variance + norm.eps)
        if norm.affine:
            scale = scale * norm.weight
        found = centred * scale.view(shape)
        if norm.affine:
            found = found + norm.bias.view(shape)
        return found.to(images.dtype)


def _remember(norm: _BatchNorm, mean: Tensor, variance: Tensor) -> None:
    """Move the running statistics as batch norm does."""
    if norm.running_mean is None or norm.running_var is None:
        return
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked.add_(1)
    share = norm.momentum
    if share is None:
        share = 1.0 / float(norm.num_batches_tracked)
    norm.running_mean.lerp_(mean.to(norm.running_mean.dtype), share)
    norm.running_var.lerp_(variance.to(norm.running_var.dtype), share)


def _total(part: Tensor) -> Tensor:
    total: Tensor = _Total.apply(part)
    return total


class _Total(torch.autograd.Function):
    """The sum over all processes, which every one of them reads: slopes are summed likewise."""

    @staticmethod
    def forward(ctx: Any, part: Tensor) -> Tensor:
        total = part.contiguous().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *upstream: Tensor) -> Tensor:
        slope = upstream[0].contiguous().clone()
        dist.all_reduce(slope)
        return slope
