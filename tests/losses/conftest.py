"""Batches of embeddings that the losses are tried on."""

import pytest
import torch
from torch import Tensor


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def clustered(images: int, width: int, *, seed: int) -> Tensor:
    """Four images to a cluster, a hundredth of the way between clusters apart."""
    return normal(-(-images // 4), width, seed=seed).repeat_interleave(4, 0)[:images] + (
        0.01 * normal(images, width, seed=seed + 1)
    )


def duplicated(images: int, width: int, *, seed: int) -> Tensor:
    """Every second image is a copy of the one before it."""
    return normal(-(-images // 2), width, seed=seed).repeat_interleave(2, 0)[:images]


@pytest.fixture
def streams() -> tuple[Tensor, Tensor]:
    """Student and teacher embeddings of six images; widths differ on purpose."""
    return normal(6, 8, seed=0), normal(6, 32, seed=1)


@pytest.fixture(params=["random", "clustered", "duplicated", "collapsed", "far", "two", "many"])
def batch(request: pytest.FixtureRequest) -> tuple[Tensor, Tensor]:
    """Student and teacher embeddings of every kind that training meets."""
    match request.param:
        case "random":
            return normal(9, 5, seed=2), normal(9, 7, seed=3)
        case "clustered":
            return clustered(10, 5, seed=4), clustered(10, 7, seed=6)
        case "duplicated":
            return duplicated(7, 5, seed=8), normal(7, 7, seed=9)
        case "collapsed":
            return normal(6, 5, seed=10), torch.ones(6, 7)
        case "far":
            return normal(8, 5, seed=11) + 300.0, 1e-3 * normal(8, 7, seed=12) - 5.0
        case "two":
            return normal(2, 5, seed=13), normal(2, 7, seed=14)
        case _:
            return normal(32, 4, seed=15), normal(32, 4, seed=16)
