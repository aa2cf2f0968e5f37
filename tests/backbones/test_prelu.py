"""PReLU against PyTorch's own and against finite differences: value, gradients, types."""

import pytest
import torch
from torch import Tensor, nn

from lookmore.backbones.prelu import PReLU

SHAPES = [(5, 4), (3, 4, 6, 5), (2, 4, 7)]


def values(shape: tuple[int, ...]) -> Tensor:
    found = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    found.flatten()[::7] = 0  # where the line bends
    return found


def both(slopes: Tensor) -> tuple[PReLU, nn.PReLU]:
    ours, theirs = PReLU(len(slopes)), nn.PReLU(len(slopes))
    for module in (ours, theirs):
        module.load_state_dict({"weight": slopes})
    return ours, theirs


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("slopes", [[0.25], [0.5, -0.3, 0.0, 1.5]])
def test_value_and_gradients_are_pytorchs(shape: tuple[int, ...], slopes: list[float]) -> None:
    modules = both(torch.tensor(slopes))
    inputs = [values(shape).requires_grad_() for _ in modules]
    back = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    answers = [module(one) for module, one in zip(modules, inputs, strict=True)]
    assert torch.equal(*answers)
    for answer in answers:
        answer.backward(back)
    assert torch.equal(inputs[0].grad, inputs[1].grad)
    torch.testing.assert_close(modules[0].weight.grad, modules[1].weight.grad)


@pytest.mark.parametrize("count", [1, 4])
def test_gradients_are_finite_differences_in_float64(count: int) -> None:
    module = PReLU(count).double()
    image = values((2, 4, 3, 3)).double() + 0.01  # nowhere on the bend
    assert torch.autograd.gradcheck(
        lambda one, slopes: torch.func.functional_call(module, {"weight": slopes}, (one,)),
        (image.requires_grad_(), module.weight.detach().clone().requires_grad_()),
    )


def test_what_is_handed_back_is_not_written_to() -> None:
    module, image = PReLU(4), values((2, 4, 3, 3)).requires_grad_()
    back = torch.randn(2, 4, 3, 3, generator=torch.Generator().manual_seed(1))
    kept = back.clone()
    module(image).backward(back)
    assert torch.equal(back, kept)


def test_channels_last_stays_so_and_half_precision_keeps_full_slopes() -> None:
    module = PReLU(4)
    image = values((2, 4, 8, 8)).contiguous(memory_format=torch.channels_last).requires_grad_()
    answer = module(image)
    assert answer.is_contiguous(memory_format=torch.channels_last)
    answer.sum().backward()
    assert image.grad.is_contiguous(memory_format=torch.channels_last)
    half = values((2, 4, 8, 8)).bfloat16().requires_grad_()
    module.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        module(half).float().sum().backward()
    assert half.grad.dtype == torch.bfloat16
    assert module.weight.grad.dtype == torch.float32
    expected = values((2, 4, 8, 8)).clamp(max=0).sum((0, 2, 3))
    torch.testing.assert_close(module.weight.grad, expected, rtol=0.02, atol=0.05)
