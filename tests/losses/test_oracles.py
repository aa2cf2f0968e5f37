"""Distance and group losses are exact at every size, value and gradient, by every engine."""

from functools import cache

import pytest
import torch
from torch import Tensor

from lookmore.losses.distance import distance_loss
from lookmore.losses.group import group_loss

KINDS = ["random", "clustered", "duplicated", "collapsed", "twins"]
SIZES = [2, 3, 8, 33, 64, 65, 130, 512]


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def streams_of(kind: str, images: int) -> tuple[Tensor, Tensor]:
    student, teacher = normal(images, 16, seed=1), normal(images, 24, seed=2)
    match kind:
        case "clustered":
            at = torch.arange(images) // 4
            return student[at] + 0.01 * student, teacher[at] + 0.01 * teacher
        case "duplicated":
            return student[torch.arange(images) // 2], teacher
        case "collapsed":
            return student, torch.full((images, 24), 0.1)
        case "twins":
            student += 20.0
            student[1] = student[0] + 1e-5 * normal(16, seed=3)
    return student, teacher


def distance_by_images(student: Tensor, teacher: Tensor) -> Tensor:
    """The definition in float64, an image against all others at a time; autograd differentiates."""
    tables = []
    for rows in (student, teacher):
        lengths = []
        for row in rows:
            squares = (rows - row).square().sum(1)
            apart = squares > 0
            lengths.append(torch.where(apart, torch.where(apart, squares, 1.0).sqrt(), 0.0))
        table = torch.stack(lengths)
        total = table.sum()
        tables.append(table if total == 0 else table * len(rows) * (len(rows) - 1) / total)
    gaps = (tables[0] - tables[1]).abs()
    return torch.where(gaps < 1, gaps.square() / 2, gaps - 0.5).mean()


def group_by_images(student: Tensor, teacher: Tensor) -> Tensor:
    """The definition in float64, the attention of an image at a time."""

    def attention(rows: Tensor, image: int) -> Tensor:
        units = rows / rows.square().sum(1, keepdim=True).sqrt()
        cosines = (units * units[image]).sum(1) / 0.1
        others = torch.arange(len(rows)) != image
        return torch.log_softmax(cosines[others], 0)

    divergences = []
    for image in range(len(student)):
        own, guide = attention(student, image), attention(teacher, image)
        divergences.append((guide.exp() * (guide - own)).sum())
    return torch.stack(divergences).mean()


ORACLES = {"distance": distance_by_images, "group": group_by_images}


@cache
def expected(order: str, kind: str, images: int) -> tuple[float, Tensor]:
    student, teacher = (rows.double() for rows in streams_of(kind, images))
    student.requires_grad_()
    value = ORACLES[order](student, teacher)
    (slope,) = torch.autograd.grad(value, student)
    return value.item(), slope


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("images", SIZES)
@pytest.mark.parametrize("engine", ["torch", "numba"])
def test_distance_equals_the_definition(engine: str, kind: str, images: int) -> None:
    student, teacher = streams_of(kind, images)
    student.requires_grad_()
    loss = distance_loss(student=student, teacher=teacher, engine=engine)
    (gradient,) = torch.autograd.grad(loss, student)
    value, slope = expected("distance", kind, images)
    assert loss.item() == pytest.approx(value, rel=1e-6, abs=1e-12)
    assert (gradient - slope).norm() <= 1e-5 * slope.norm() + 1e-8
    far = slope.norm(dim=1) > 1e-6
    errors = (gradient - slope).norm(dim=1)[far] / slope.norm(dim=1)[far]
    assert not far.any() or errors.max() < 1e-4  # each row, not only all of them


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("images", SIZES)
def test_group_equals_the_definition(kind: str, images: int) -> None:
    student, teacher = streams_of(kind, images)
    student.requires_grad_()
    loss = group_loss(student=student, teacher=teacher)
    (gradient,) = torch.autograd.grad(loss, student)
    value, slope = expected("group", kind, images)
    assert loss.item() == pytest.approx(value, rel=1e-4, abs=1e-6)
    assert (gradient - slope).norm() <= 1e-4 * slope.norm() + 1e-6
