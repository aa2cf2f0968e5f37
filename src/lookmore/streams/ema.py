"""A moving average of weights, often better than the last ones."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from lookmore.errors import CheckpointError, ConfigError

_STEPS = "steps"


class MovingAverage:
    """An exponential moving average of a module's parameters; its buffers are the newest.

    Early on the average follows quickly: after ``n`` updates the decay is
    ``min(decay, (1 + n) / (10 + n))``, so that the first random weights are soon forgotten.

    Args:
        module: Whose weights to start from.
        decay: Share of the old average kept at each update in the long run, in [0, 1).

    Raises:
        ConfigError: If ``decay`` is outside [0, 1).

    Source:
        The warm-up is that of TensorFlow's ``ExponentialMovingAverage`` with ``num_updates``,
        https://www.tensorflow.org/api_docs/python/tf/train/ExponentialMovingAverage.
    """

    def __init__(self, module: nn.Module, *, decay: float) -> None:
        if not 0.0 <= decay < 1.0:
            raise ConfigError(f"the decay of a moving average must be in [0, 1), got {decay}")
        self._decay = decay
        self._steps = 0
        self._averages = _copy(module.state_dict())

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Move the average towards the module's weights; call it after each optimiser step."""
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        self._steps += 1
        newest = {name: tensor.detach() for name, tensor in module.state_dict().items()}
        learnt = [name for name, _ in module.named_parameters()]
        torch._foreach_lerp_(
            [self._averages[name] for name in learnt],
            [newest.pop(name) for name in learnt],
            1.0 - decay,
        )
        for name, tensor in newest.items():
            self._averages[name].copy_(tensor)

    def copy_to(self, module: nn.Module) -> None:
        """Give the module the averaged weights, and the newest buffers."""
        module.load_state_dict(self._averages)

    def state_dict(self) -> dict[str, Tensor]:
        """Return a copy of everything needed to go on, tensors only: the averages and the steps."""
        return {**_copy(self._averages), _STEPS: torch.tensor(self._steps)}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a state.

        Raises:
            CheckpointError: If its names or shapes are not those of this average; nothing is
                changed then.
        """
        expected = {name: tensor.shape for name, tensor in self.state_dict().items()}
        if {name: tensor.shape for name, tensor in state.items()} != expected:
            raise CheckpointError(
                "the state of the moving average belongs to another network; start a new run, or "
                "resume with the recipe that wrote it"
            )
        for name, average in self._averages.items():
            average.copy_(state[name])
        self._steps = int(state[_STEPS])


def _copy(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: tensor.detach().clone(memory_format=torch.contiguous_format)
        for name, tensor in tensors.items()
    }
