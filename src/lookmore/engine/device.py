"""Which device a run computes on."""

import torch

from lookmore.engine.config import MachineConfig
from lookmore.errors import ConfigError


def chosen_device(machine: MachineConfig) -> torch.device:
    """Return the device that training and evaluation compute on.

    Args:
        machine: ``device`` says which; ``auto`` is CUDA where torch finds it.

    Raises:
        ConfigError: If a device is asked for that is not there.
    """
    has_cuda = torch.cuda.is_available()
    if machine.device == "cuda" and not has_cuda:
        raise ConfigError("machine.device is cuda, but torch finds no CUDA device; set it to auto")
    is_cuda = has_cuda if machine.device == "auto" else machine.device == "cuda"
    return torch.device("cuda" if is_cuda else "cpu")
