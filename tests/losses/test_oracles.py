"""Every order is exact at every size, value and gradient, by every engine."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lookmore.losses.angle import angle_loss
from lookmore.losses.distance import distance_loss
from lookmore.losses.group import group_loss

KINDS = ["random", "clustered", "duplicated", "collapsed", "twins"]
"""Batches as training meets them."""

SIZES = [2, 3, 8, 33, 64, 65, 130, 512]

ENGINES = [
    "torch",
    "numba",
    pytest.param("torch on cuda", marks=pytest.mark.gpu),
    pytest.param("triton on cuda", marks=pytest.mark.gpu),
]


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def streams_of(kind: str, images: int) -> tuple[Tensor, Tensor]:
    student, teacher = normal(images, 16, seed=1), normal(images, 24, seed=2)
    match kind:
        case "clustered":  # four to a cluster, a hundredth of the way between clusters apart
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


def angle_by_images(student: Tensor, teacher: Tensor) -> Iterator[Tensor]:
    """The definition, an anchor at a time: unit directions and their products."""

    def cosines(rows: Tensor, anchor: int) -> Tensor:
        sides = rows - rows[anchor]
        squares = (sides * sides).sum(1, keepdim=True)
        lengths = torch.where(squares == 0, 1.0, squares).sqrt()
        directions = torch.where(squares == 0, 0.0, sides / lengths)
        return directions @ directions.T

    for anchor in range(len(student)):
        penalty = F.smooth_l1_loss(cosines(student, anchor), cosines(teacher, anchor))
        yield penalty / len(student)


def distance_by_images(student: Tensor, teacher: Tensor) -> Iterator[Tensor]:
    """The definition, an image against all others at a time; one term, since all share a mean."""
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
    yield torch.where(gaps < 1, gaps.square() / 2, gaps - 0.5).mean()


def group_by_images(student: Tensor, teacher: Tensor) -> Iterator[Tensor]:
    """The definition, the attention of an image at a time."""

    def attention(rows: Tensor, image: int) -> Tensor:
        units = rows / rows.square().sum(1, keepdim=True).sqrt()
        cosines = (units * units[image]).sum(1) / 0.1
        others = torch.arange(len(rows)) != image
        return torch.log_softmax(cosines[others], 0)

    for image in range(len(student)):
        own, guide = attention(student, image), attention(teacher, image)
        yield (guide.exp() * (guide - own)).sum() / len(student)


ORACLES = {"angle": angle_by_images, "distance": distance_by_images, "group": group_by_images}


@cache
def expected(order: str, kind: str, images: int) -> tuple[float, Tensor]:
    """The definition in float64, term by term; autograd differentiates."""
    student, teacher = (rows.double() for rows in streams_of(kind, images))
    student.requires_grad_()
    value, slope = 0.0, torch.zeros_like(student)
    for term in ORACLES[order](student, teacher):
        slope += torch.autograd.grad(term, student)[0]
        value += term.item()
    return value, slope


def computed(
    loss: Callable[..., Tensor], kind: str, images: int, engine: str
) -> tuple[float, Tensor]:
    """Value and gradient by an engine, ``NAME`` or ``NAME on DEVICE``."""
    name, _, device = engine.partition(" on ")
    student, teacher = (rows.to(device or "cpu") for rows in streams_of(kind, images))
    student.requires_grad_()
    value = loss(student=student, teacher=teacher, engine=name)
    (gradient,) = torch.autograd.grad(value, student)
    return value.item(), gradient.cpu()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("images", [2, 3, 8, 33, 64, 65, 130])
@pytest.mark.parametrize("engine", ENGINES)
def test_angle_equals_the_definition(engine: str, kind: str, images: int) -> None:
    value, gradient = computed(angle_loss, kind, images, engine)
    right, slope = expected("angle", kind, images)
    assert value == pytest.approx(right, rel=1e-6, abs=1e-9)
    # where forces cancel to nothing, as among two copies and a third, rounding is left
    assert (gradient - slope).norm() <= 1e-5 * slope.norm() + 1e-8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("engine", ENGINES)
def test_angle_equals_the_definition_for_512_images(engine: str, kind: str) -> None:
    value, gradient = computed(angle_loss, kind, 512, engine)
    right, slope = expected("angle", kind, 512)
    assert value == pytest.approx(right, rel=1e-6)
    assert (gradient - slope).norm() <= 1e-5 * slope.norm() + 1e-8


@pytest.mark.parametrize("engine", ENGINES)
def test_a_row_far_from_twins_is_as_exact_as_they_are(engine: str) -> None:
    _, slope = expected("angle", "twins", 65)
    _, gradient = computed(angle_loss, "twins", 65, engine)
    errors = (gradient - slope).norm(dim=1) / slope.norm(dim=1)
    assert errors.max() < 1e-4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("images", SIZES)
@pytest.mark.parametrize("engine", ENGINES)
def test_distance_equals_the_definition(engine: str, kind: str, images: int) -> None:
    found, gradient = computed(distance_loss, kind, images, engine)
    value, slope = expected("distance", kind, images)
    assert found == pytest.approx(value, rel=1e-6, abs=1e-12)
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
