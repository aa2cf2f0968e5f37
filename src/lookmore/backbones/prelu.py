"""PReLU with a quicker way back than PyTorch's on a CPU."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PReLU(nn.PReLU):
    """``torch.nn.PReLU``, value and gradient, with a gradient out of whole-tensor operations.

    PyTorch 2.14 computes it number by number on a CPU. Like other operations with a gradient of
    their own, it has no second derivative.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return values of the shape of ``input``, ``(B, C)`` or ``(B, C, ...)``."""
        found: Tensor = _Bent.apply(input, self.weight)
        return found


class _Bent(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, slopes: Tensor) -> Tensor:
        ctx.save_for_backward(values, slopes)
        return F.prelu(values, slopes)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor]:
        values, slopes = ctx.saved_tensors
        above = torch.ops.aten.threshold_backward(gradient, values, 0)
        below = gradient - above
        of_slopes = (below * values).sum_to_size(_broad(slopes, values).shape).flatten()
        return above.add_(below.mul_(_broad(slopes, values))), of_slopes.to(slopes.dtype)


def _broad(slopes: Tensor, values: Tensor) -> Tensor:
    """Return slopes in a shape that meets ``values`` channel by channel."""
    return slopes.reshape(1, -1, *(1 for _ in values.shape[2:]))
