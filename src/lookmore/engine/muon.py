"""AdamW, but for kernels of convolutions, whose momentum is made orthogonal first (Muon)."""

from collections.abc import Callable
from typing import Any, overload

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
                for kernel in group["params"]:
                    if is_mixing_kernel(kernel) and kernel.grad is not None:
                        self._step_kernel(kernel, group)
                        kernel.grad = None  # AdamW passes it over
        super().step()
        return None

    def _step_kernel(self, kernel: Tensor, group: dict[str, Any]) -> None:
        state = self.state[kernel]
        if not state:
            state["step"] = torch.zeros(())  # AdamW looks for it when a state is loaded
            state["average"] = torch.zeros_like(kernel)
        gradient = kernel.grad
        assert gradient is not None
        average = state["average"].lerp_(gradient, 1 - self.momentum)
        ahead = gradient.lerp(average, self.momentum)
        turned = orthogonal(ahead.reshape(len(ahead), -1))
        rate = group["lr"]
        kernel.mul_(1 - rate * group["weight_decay"])
        kernel.add_(turned.reshape(kernel.shape), alpha=-0.2 * max(turned.shape) ** 0.5 * rate)


def is_mixing_kernel(parameter: Tensor) -> bool:
    """Say whether a parameter is a kernel of a convolution that mixes channels."""
    return parameter.ndim == 4 and parameter.shape[1] > 1


def orthogonal(matrix: Tensor) -> Tensor:
    """Return about the nearest matrix with all singular values 1: they come out in 0.6 to 1.3.

    The quintic is applied to the small matrix of the rows' products, and the wide one is multiplied
    once, at the end: the same numbers, with less than half of the work for a kernel of 3 x 3.

    Args:
        matrix: ``(R, C)`` float32.

    Returns:
        ``(R, C)``; zero for zero.
    """
    is_tall = matrix.shape[0] > matrix.shape[1]
    wide = matrix.T if is_tall else matrix
    wide = wide / matrix.norm().clamp(min=1e-7)
    gram = wide @ wide.T
    turn = mixed = _mixed(gram)
    for _ in range(_STEPS - 1):
        # Everything here is a polynomial of the first gram matrix, so that all products commute.
        gram = mixed @ gram @ mixed
        mixed = _mixed(gram)
        turn = mixed @ turn
    turned: Tensor = turn @ wide
    return turned.T if is_tall else turned


def _mixed(gram: Tensor) -> Tensor:
    a, b, c = _COEFFICIENTS
    mixed = torch.addmm(gram, gram, gram, beta=b, alpha=c)
    mixed.diagonal().add_(a)
    return mixed
