"""Muon against the singular value decomposition, slow float64 loops, and PyTorch's own."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lookmore.engine.muon import Muon, is_mixing_kernel, orthogonal


def rows(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(8, 27), (64, 32), (16, 16), (1, 9)])
def test_all_directions_count_about_the_same(shape: tuple[int, int]) -> None:
    matrix = rows(*shape)
    turned = orthogonal(matrix)
    left, _, right = torch.linalg.svd(matrix.double(), full_matrices=False)
    inner = left.T @ turned.double() @ right.T  # in the matrix's own directions
    strengths = inner.diagonal()
    assert strengths.min() > 0.6
    assert strengths.max() < 1.3
    assert (inner - inner.diagonal().diag()).abs().max() < 1e-4


@pytest.mark.parametrize("shape", [(64, 576), (48, 48), (96, 32)])
def test_directions_of_very_different_strength_are_turned_as_in_float64(
    shape: tuple[int, int],
) -> None:
    left, _, right = torch.linalg.svd(rows(*shape).double(), full_matrices=False)
    strengths = torch.logspace(0, -6, min(shape), dtype=torch.float64)
    matrix = (left * strengths) @ right
    x = matrix / matrix.norm()
    for _ in range(5):
        y = x @ x.T
        x = 3.4445 * x + (-4.7750 * y + 2.0315 * y @ y) @ x
    assert (orthogonal(matrix.float()).double() - x).norm() < 1e-3 * x.norm()


def test_nothing_is_turned_into_nothing() -> None:
    assert orthogonal(torch.zeros(3, 5)).abs().max() == 0


def test_pytorchs_own_turns_a_matrix_the_same_way() -> None:
    start, gradient = rows(12, 40), rows(12, 40, seed=1)
    theirs = nn.Parameter(start.clone())
    other = torch.optim.Muon(
        [theirs], lr=0.1, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"
    )
    ours = nn.Parameter(start.clone().reshape(12, 10, 2, 2))
    optimizer = Muon([{"params": [ours], "weight_decay": 0.05}], lr=0.1)
    for _ in range(3):
        theirs.grad, ours.grad = gradient.clone(), gradient.clone().reshape(12, 10, 2, 2)
        other.step()
        optimizer.step()
    moved = (ours.detach().reshape(12, 40) - start).norm()
    assert (ours.detach().reshape(12, 40) - theirs.detach()).norm() < 0.02 * moved  # it is bfloat16


def test_steps_are_the_formula_in_float64() -> None:
    kernel = nn.Parameter(rows(6, 4, 3, 3))
    expected = kernel.detach().double().numpy().copy()
    optimizer = Muon([{"params": [kernel], "weight_decay": 0.1}], lr=0.02, momentum=0.9)
    average = np.zeros_like(expected)
    for step in range(4):
        gradient = rows(6, 4, 3, 3, seed=step + 1)
        kernel.grad = gradient.clone()
        optimizer.step()
        g = gradient.double().numpy()
        average = 0.9 * average + 0.1 * g
        x = (0.1 * g + 0.9 * average).reshape(6, 36)
        x = x / np.sqrt((x**2).sum())
        for _ in range(5):
            y = x @ x.T
            x = 3.4445 * x + (-4.7750 * y + 2.0315 * y @ y) @ x
        expected = expected * (1 - 0.02 * 0.1) - 0.02 * 0.2 * 6 * x.reshape(6, 4, 3, 3)
    assert np.abs(kernel.detach().numpy() - expected).max() < 1e-5


def test_matrices_are_turned_each_by_itself() -> None:
    matrices = rows(3, 24, 9) * torch.tensor([1e-3, 1.0, 50.0]).view(3, 1, 1)
    turned = orthogonal(matrices)
    for matrix, found in zip(matrices, turned, strict=True):
        assert (found - orthogonal(matrix)).abs().max() < 1e-5


@pytest.mark.gpu
def test_kernels_that_a_gpu_steps_at_once_end_where_the_cpu_steps_them_one_by_one() -> None:
    shapes = [(6, 4, 3, 3), (6, 4, 3, 3), (8, 4, 1, 1), (6, 4, 3, 3), (5,)]
    ended = []
    for device in ("cpu", "cuda"):
        found = [nn.Parameter(rows(*shape, seed=n).to(device)) for n, shape in enumerate(shapes)]
        optimizer = Muon([{"params": found, "weight_decay": 0.1}], lr=0.02)
        for step in range(4):
            for place, parameter in enumerate(found):
                parameter.grad = rows(*parameter.shape, seed=10 * step + place).to(device)
            optimizer.step()
        ended.append([parameter.detach().cpu() for parameter in found])
    for one, other in zip(*ended, strict=True):
        assert (one - other).abs().max() < 1e-4


def test_all_else_is_adamw() -> None:
    def parameters() -> list[nn.Parameter]:
        shapes = ((5,), (7, 3), (4, 2, 2), (6, 1, 3, 3))  # bias, matrix, pooling, depthwise
        return [nn.Parameter(rows(*shape)) for shape in shapes]

    ours, theirs = parameters(), parameters()
    assert not any(map(is_mixing_kernel, ours))
    optimizers = (Muon(ours, lr=0.01), torch.optim.AdamW(theirs, lr=0.01))
    for step in range(3):
        for found, optimizer in zip((ours, theirs), optimizers, strict=True):
            for place, parameter in enumerate(found):
                parameter.grad = rows(*parameter.shape, seed=10 * step + place)
            optimizer.step()
    assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))


def test_a_closure_is_refused() -> None:
    with pytest.raises(ValueError, match="takes no closure"):
        Muon([nn.Parameter(rows(2))], lr=0.1).step(lambda: 0.0)
