"""individual_loss: one minus the cosine, image by image, with a gradient for the student only."""

import math

import pytest
import torch
from torch import Tensor

from lookmore.losses.individual import individual_loss


@pytest.fixture
def pair() -> tuple[Tensor, Tensor]:
    """Student and teacher embeddings of five images, equally wide."""
    generator = torch.Generator().manual_seed(0)
    return torch.randn(5, 7, generator=generator), torch.randn(5, 7, generator=generator)


def penalties_by_loops(student: Tensor, teacher: Tensor) -> list[float]:
    """The definition, in Python's own floats."""
    penalties = []
    for a, b in zip(student.tolist(), teacher.tolist(), strict=True):
        product = sum(x * y for x, y in zip(a, b, strict=True))
        penalties.append(1 - product / math.hypot(*a) / math.hypot(*b))
    return penalties


def test_equals_the_definition(pair: tuple[Tensor, Tensor]) -> None:
    student, teacher = pair
    expected = sum(penalties_by_loops(student, teacher)) / 5
    assert individual_loss(student=student, teacher=teacher).item() == pytest.approx(expected)


def test_weights_make_a_weighted_mean(pair: tuple[Tensor, Tensor]) -> None:
    student, teacher = pair
    counts = [0.0, 1.0, 2.0, 0.5, 4.0]
    penalties = penalties_by_loops(student, teacher)
    expected = sum(c * p for c, p in zip(counts, penalties, strict=True)) / 7.5
    loss = individual_loss(student=student, teacher=teacher, weights=torch.tensor(counts))
    assert loss.item() == pytest.approx(expected)


def test_no_weight_at_all_is_no_penalty(pair: tuple[Tensor, Tensor]) -> None:
    student, teacher = pair
    loss = individual_loss(
        student=student.requires_grad_(), teacher=teacher, weights=torch.zeros(5)
    )
    loss.backward()
    assert loss.item() == 0.0
    assert student.grad is not None and student.grad.abs().max() == 0


def test_gradient_agrees_with_finite_differences(pair: tuple[Tensor, Tensor]) -> None:
    student, teacher = (rows.double() for rows in pair)
    assert torch.autograd.gradcheck(
        lambda rows: individual_loss(student=rows, teacher=teacher), student.requires_grad_()
    )


def test_ignores_the_lengths_of_rows(pair: tuple[Tensor, Tensor]) -> None:
    student, teacher = pair
    lengths = torch.tensor([[1e-3], [0.5], [1.0], [7.0], [1e4]])
    torch.testing.assert_close(
        individual_loss(student=lengths * student, teacher=teacher),
        individual_loss(student=student, teacher=teacher),
    )


def test_is_zero_for_a_perfect_student_and_two_for_its_opposite() -> None:
    rows = torch.eye(4)
    assert individual_loss(student=rows, teacher=rows).item() == 0.0
    assert individual_loss(student=-rows, teacher=rows).item() == 2.0


def test_one_image_is_enough() -> None:
    row = torch.tensor([[3.0, 4.0]])
    loss = individual_loss(student=row, teacher=torch.tensor([[1.0, 0.0]]))
    assert loss.item() == pytest.approx(0.4)


def test_teaches_the_student_only(pair: tuple[Tensor, Tensor]) -> None:
    student, teacher = (rows.requires_grad_() for rows in pair)
    individual_loss(student=student, teacher=teacher).backward()
    assert student.grad is not None and student.grad.abs().sum() > 0
    assert teacher.grad is None


def test_a_row_of_zeros_is_pulled_gently_towards_its_teacher(pair: tuple[Tensor, Tensor]) -> None:
    _, teacher = pair
    student = torch.zeros(5, 7, requires_grad=True)
    loss = individual_loss(student=student, teacher=teacher)
    loss.backward()
    assert loss.item() == 1.0
    assert student.grad is not None
    torch.testing.assert_close(student.grad, -teacher / teacher.norm(dim=1, keepdim=True) / 5)


def test_nan_is_not_hidden(pair: tuple[Tensor, Tensor]) -> None:
    student, teacher = pair
    student[0, 0] = float("nan")
    assert individual_loss(student=student, teacher=teacher).isnan()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(
    dtype: torch.dtype, pair: tuple[Tensor, Tensor]
) -> None:
    student, teacher = (rows.to(dtype) for rows in pair)
    with torch.autocast("cpu", torch.bfloat16):
        loss = individual_loss(student=student, teacher=teacher)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(sum(penalties_by_loops(student, teacher)) / 5, rel=1e-5)


def test_rejects_other_widths_other_images_and_other_weights(pair: tuple[Tensor, Tensor]) -> None:
    student, teacher = pair
    with pytest.raises(ValueError, match="equal widths, got 6 and 7"):
        individual_loss(student=student[:, :6], teacher=teacher)
    with pytest.raises(ValueError, match="same images, got 4 and 5 rows"):
        individual_loss(student=student[:4], teacher=teacher)
    with pytest.raises(ValueError, match=r"weights must have shape \(5,\).*got \(5, 1\)"):
        individual_loss(student=student, teacher=teacher, weights=torch.ones(5, 1))
    with pytest.raises(ValueError, match="with B >= 1"):
        individual_loss(student=student[:0], teacher=teacher[:0])
