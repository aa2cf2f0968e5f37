"""blur_first: the Gaussian of the definition, and nothing at all where sigma is 0."""

import math

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d

from lookmore.degradation.blur import blur_first


def gaussian_by_loops(side: int, sigma: float) -> torch.Tensor:
    """Weights from the definition, cut at the border and made to sum to 1."""
    table = [[math.exp(-((i - j) ** 2) / (2 * sigma**2)) for j in range(side)] for i in range(side)]
    return torch.tensor([[weight / sum(row) for weight in row] for row in table])


def test_equals_the_definition() -> None:
    sigmas = np.array([0.3, 1.0, 5.0, 100.0])
    result = blur_first(torch.eye(24).expand(4, -1, -1), sigmas=sigmas)
    expected = torch.stack([gaussian_by_loops(24, float(sigma)) for sigma in sigmas])
    torch.testing.assert_close(result, expected, atol=1e-6, rtol=0)


def test_blurs_before_it_resizes() -> None:
    matrix = torch.rand(5, 60, generator=torch.Generator().manual_seed(0))
    line = np.zeros(60)
    line[25:35] = np.random.default_rng(0).random(10)
    blurred = gaussian_filter1d(line, sigma=2.0, truncate=8.0)
    result = blur_first(matrix[None], sigmas=np.array([2.0]))[0] @ torch.from_numpy(line).float()
    torch.testing.assert_close(result, matrix @ torch.from_numpy(blurred).float())


def test_sigma_0_and_almost_0_are_the_identity() -> None:
    matrices = torch.rand(2, 5, 9, generator=torch.Generator().manual_seed(0))
    assert torch.equal(blur_first(matrices, sigmas=np.array([0.0, 1e-300])), matrices)


def test_each_row_is_blurred_by_itself_and_its_argument_kept() -> None:
    matrices = torch.rand(7, 5, 9, generator=torch.Generator().manual_seed(0))
    before, sigmas = matrices.clone(), np.linspace(0, 3, 7)
    together = blur_first(matrices, sigmas=sigmas)
    assert torch.equal(blur_first(matrices[4:5], sigmas=sigmas[4:5]), together[4:5])
    assert torch.equal(matrices, before)
