"""scores_loss: softened class scores compared by KL, against Python's own floats."""

import math

import pytest
import torch
from torch import Tensor

from lookmore.losses import scores_loss


@pytest.fixture
def streams() -> tuple[Tensor, Tensor]:
    """Scores of seven classes for five images."""
    generator = torch.Generator().manual_seed(3)
    return (
        2 * torch.randn(5, 7, generator=generator),
        2 * torch.randn(5, 7, generator=generator),
    )


def scores_loss_by_loops(student: Tensor, teacher: Tensor, temperature: float) -> float:
    def shares(row: list[float]) -> list[float]:
        powers = [math.exp(score / temperature) for score in row]
        return [power / sum(powers) for power in powers]

    total = 0.0
    for row, guide in zip(student.tolist(), teacher.tolist(), strict=True):
        pairs = zip(shares(guide), shares(row), strict=True)
        total += sum(g * math.log(g / r) for g, r in pairs)
    return temperature**2 * total / len(student)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_equals_the_definition(streams: tuple[Tensor, Tensor], temperature: float) -> None:
    student, teacher = (rows.double() for rows in streams)
    loss = scores_loss(student=student, teacher=teacher, temperature=temperature)
    assert loss.item() == pytest.approx(scores_loss_by_loops(student, teacher, temperature))


def test_gradient_agrees_with_finite_differences(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = (rows.double() for rows in streams)
    assert torch.autograd.gradcheck(
        lambda rows: scores_loss(student=rows, teacher=teacher), student.requires_grad_()
    )


def test_a_constant_added_to_all_scores_changes_nothing(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    torch.testing.assert_close(
        scores_loss(student=student + 3.0, teacher=teacher),
        scores_loss(student=student, teacher=teacher),
    )


def test_teaches_the_student_only(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = (rows.clone().requires_grad_() for rows in streams)
    scores_loss(student=student, teacher=teacher).backward()
    assert student.grad is not None
    assert student.grad.abs().max() > 0
    assert teacher.grad is None


def test_half_precision_is_compared_in_float32(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    assert scores_loss(student=student.bfloat16(), teacher=teacher).dtype == torch.float32


@pytest.mark.parametrize(
    ("student", "teacher", "temperature", "message"),
    [
        ((4, 3), (4, 5), 1.0, "the same classes, got 3 and 5"),
        ((4, 3), (3, 3), 1.0, "same images"),
        ((0, 3), (0, 3), 1.0, "B >= 1"),
        ((4, 3), (4, 3), 0.0, "temperature must be above 0"),
    ],
)
def test_refuses_what_cannot_be_compared(
    student: tuple[int, int], teacher: tuple[int, int], temperature: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        scores_loss(
            student=torch.ones(student), teacher=torch.ones(teacher), temperature=temperature
        )
