"""AdamW, but for kernels of convolutions, whose momentum is made orthogonal first (Muon)."""

from collections.abc import Callable
from typing import Any, cast, overload

import torch
from torch import Tensor

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of the quintic of Jordan et al.
_STEPS = 5


class Muon(torch.optim.AdamW):
    """Steps kernels of convolutions by an orthogonal matrix, and all else as AdamW does.

    A kernel is taken as a matrix of output channels by everything else. Its momentum is replaced
    by the nearest matrix whose directions all count the same, scaled so that its entries are as
    large as AdamW's steps: rate and decay of AdamW serve both. Depthwise kernels, which mix no
    channels, are stepped by AdamW. PyTorch's own Muon takes matrices only, and computes in
    bfloat16, which some processors lack.

    Args:
        groups: As of AdamW.
        lr: As of AdamW.
        momentum: Of kernels, in [0, 1).

    Source:
        Jordan et al., *Muon: An optimizer for hidden layers in neural networks*, 2024,
        https://kellerjordan.github.io/posts/muon/; scaled as in Liu et al., *Muon is Scalable for
        LLM Training*, 2025 (section 2.2), https://arxiv.org/abs/2502.16982. Equal to, in float32.
    """

    def __init__(self, groups: Any, *, lr: float, momentum: float = 0.95) -> None:
        super().__init__(groups, lr=lr)
        self.momentum = momentum

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Update all parameters; gradients of kernels are used up by it.

        Raises:
            ValueError: If a closure is given: gradients must be there already.
        """
        if closure is not None:
            raise ValueError("Muon takes no closure: call backward first")
        with torch.no_grad():
            for group in self.param_groups:
                alike: dict[object, list[Tensor]] = {}
                for kernel in group["params"]:
                    if is_mixing_kernel(kernel) and kernel.grad is not None:
                        # a GPU waits for each call, not for the numbers; the CPU for the numbers
                        key = kernel.shape if kernel.is_cuda else kernel
                        alike.setdefault(key, []).append(kernel)
                for kernels in alike.values():
                    self._step_kernels(kernels, group)
        super().step()
        return None

    def _step_kernels(self, kernels: list[Tensor], group: dict[str, Any]) -> None:
        """Step kernels of one shape at once."""
        averages = [self._average_of(kernel) for kernel in kernels]
        gradients = [cast(Tensor, kernel.grad) for kernel in kernels]
        for kernel in kernels:
            kernel.grad = None  # AdamW passes it over
        torch._foreach_lerp_(averages, gradients, 1 - self.momentum)
        ahead = torch._foreach_lerp(gradients, averages, self.momentum)
        matrices = [kernel.flatten(1) for kernel in ahead]
        turned = orthogonal(torch.stack(matrices) if matrices[1:] else matrices[0])
        rate = group["lr"]
        steps = turned.view(-1, *kernels[0].shape).unbind()
        torch._foreach_mul_(kernels, 1 - rate * group["weight_decay"])
        torch._foreach_add_(kernels, steps, alpha=-0.2 * max(turned.shape[-2:]) ** 0.5 * rate)

    def _average_of(self, kernel: Tensor) -> Tensor:
        state = self.state[kernel]
        if not state:
            state["step"] = torch.zeros(())  # AdamW looks for it when a state is loaded
            state["average"] = torch.zeros_like(kernel)
        return cast(Tensor, state["average"])


def is_mixing_kernel(parameter: Tensor) -> bool:
    """Say whether a parameter is a kernel of a convolution that mixes channels."""
    return parameter.ndim == 4 and parameter.shape[1] > 1


def orthogonal(matrices: Tensor) -> Tensor:
    """Return about the nearest matrices with all singular values 1: they come out in 0.6 to 1.3.

    The quintic is applied to the small matrix of the rows' products, and the wide one is multiplied
    once, at the end: the same numbers, with less than half of the work for a kernel of 3 x 3.

    Args:
        matrices: ``(..., R, C)`` float32, each by itself.

    Returns:
        ``(..., R, C)``; zero for zero.
    """
    is_tall = matrices.shape[-2] > matrices.shape[-1]
    wide = matrices.mT if is_tall else matrices
    wide = wide / torch.linalg.matrix_norm(wide, keepdim=True).clamp(min=1e-7)
    gram = wide @ wide.mT
    turn = mixed = _mixed(gram)
    for _ in range(_STEPS - 1):
        # Everything here is a polynomial of the first gram matrix, so that all products commute.
        gram = mixed @ gram @ mixed
        mixed = _mixed(gram)
        turn = mixed @ turn
    turned: Tensor = turn @ wide
    return turned.mT.contiguous() if is_tall else turned


def _mixed(gram: Tensor) -> Tensor:
    a, b, c = _COEFFICIENTS
    mixed = gram @ gram
    mixed.mul_(c).add_(gram, alpha=b)
    mixed.diagonal(dim1=-2, dim2=-1).add_(a)
    return mixed
