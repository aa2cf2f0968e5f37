"""The student begins where the assistant arrived."""

import torch
from torch import nn


def warm_start(student: nn.Module, assistant: nn.Module) -> tuple[str, ...]:
    """Copy every tensor of the assistant that has a namesake of the same shape in the student.

    Between native backbones of one size that is all but the pooling over another number of
    positions; a stem's first convolution fits at every side. Batch statistics are copied too.

    Args:
        student: Changed in place.
        assistant: Left as it is; later changes to it do not reach the student.

    Returns:
        The names of the tensors copied, in the student's order; empty if nothing fitted.
    """
    given = assistant.state_dict()
    copied = []
    with torch.no_grad():
        for name, tensor in student.state_dict().items():
            if name in given and given[name].shape == tensor.shape:
                tensor.copy_(given[name])
                copied.append(name)
    return tuple(copied)
