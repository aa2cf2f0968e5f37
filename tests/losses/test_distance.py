"""distance_loss: equal to the definition, blind to scale and pose, silent on the teacher."""

import pytest
import torch
from torch import Tensor

from lookmore.losses.distance import distance_loss


def relative_distances_by_loops(rows: Tensor) -> Tensor:
    """The definition in float64, two images at a time; autograd finds the gradient."""
    rows = rows.double()
    zero = rows.new_zeros(())
    table = torch.stack(
        [
            torch.stack([zero if (a == b).all() else (a - b).square().sum().sqrt() for b in rows])
            for a in rows
        ]
    )
    total = table.sum()
    return table if total == 0 else table * (len(rows) * (len(rows) - 1)) / total


def distance_loss_by_loops(student: Tensor, teacher: Tensor) -> Tensor:
    gaps = (relative_distances_by_loops(student) - relative_distances_by_loops(teacher)).abs()
    penalties = [gap**2 / 2 if gap < 1 else gap - 0.5 for gap in gaps.flatten()]
    return torch.stack(penalties).mean()


def test_equals_the_definition_in_value_and_gradient(batch: tuple[Tensor, Tensor]) -> None:
    student, teacher = batch
    oracle = student.double().requires_grad_()
    expected = distance_loss_by_loops(oracle, teacher)
    (slope,) = torch.autograd.grad(expected, oracle)
    student.requires_grad_()
    loss = distance_loss(student=student, teacher=teacher)
    (gradient,) = torch.autograd.grad(loss, student)
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=1e-7)
    assert (gradient - slope).norm() <= 2e-5 * slope.norm() + 1e-7


def test_gradient_agrees_with_finite_differences(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = (rows.double() for rows in streams)
    assert torch.autograd.gradcheck(
        lambda rows: distance_loss(student=rows, teacher=teacher), student.requires_grad_()
    )


def test_ignores_scale_shift_and_rotation(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    rotation = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(1)))[0]
    torch.testing.assert_close(
        distance_loss(student=3.0 * student @ rotation + 7.0, teacher=teacher),
        distance_loss(student=student, teacher=teacher),
    )


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_is_as_strict_with_tiny_and_huge_embeddings(
    scale: float, streams: tuple[Tensor, Tensor]
) -> None:
    student, teacher = streams
    torch.testing.assert_close(
        distance_loss(student=scale * student, teacher=teacher),
        distance_loss(student=student, teacher=teacher),
    )


def test_is_zero_for_a_perfect_student(streams: tuple[Tensor, Tensor]) -> None:
    _, teacher = streams
    assert distance_loss(student=teacher, teacher=teacher).item() == 0.0


def test_has_nothing_to_say_about_two_images(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    assert distance_loss(student=student[:2], teacher=teacher[:2]).item() == 0.0


def test_teaches_the_student_only(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = (rows.requires_grad_() for rows in streams)
    distance_loss(student=student, teacher=teacher).backward()
    assert student.grad is not None and student.grad.abs().sum() > 0
    assert teacher.grad is None


def test_collapsed_student_gives_a_finite_loss_and_gradient(
    streams: tuple[Tensor, Tensor],
) -> None:
    _, teacher = streams
    student = torch.zeros(6, 8, requires_grad=True)
    loss = distance_loss(student=student, teacher=teacher)
    loss.backward()
    assert loss.isfinite()
    assert student.grad is not None and student.grad.isfinite().all()


def test_near_twins_keep_their_distance_in_a_large_batch() -> None:
    student = torch.randn(64, 128, generator=torch.Generator().manual_seed(0)) + 20.0
    teacher = torch.randn(64, 16, generator=torch.Generator().manual_seed(1))
    student[1] = student[0] + 1e-5
    oracle = student.double().requires_grad_()
    expected = distance_loss_by_loops(oracle, teacher)
    (slope,) = torch.autograd.grad(expected, oracle)
    loss = distance_loss(student=student.requires_grad_(), teacher=teacher)
    (gradient,) = torch.autograd.grad(loss, student)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert (gradient - slope)[:2].norm() < 1e-5 * slope[:2].norm()


def test_nan_is_not_hidden(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    student[2, 3] = float("nan")
    assert distance_loss(student=student, teacher=teacher).isnan()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32_under_autocast(
    dtype: torch.dtype, streams: tuple[Tensor, Tensor]
) -> None:
    student, teacher = (rows.to(dtype) for rows in streams)
    with torch.autocast("cpu", torch.bfloat16):
        loss = distance_loss(student=student, teacher=teacher)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss.double(), distance_loss_by_loops(student, teacher))


@pytest.mark.parametrize("shape", [(6,), (1, 8), (6, 8, 1)])
def test_rejects_what_is_not_a_batch_of_embeddings(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape \(B, D\) with B >= 2, got"):
        distance_loss(student=torch.zeros(shape), teacher=torch.zeros(shape))


def test_rejects_streams_of_different_images(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    with pytest.raises(ValueError, match="same images, got 5 and 6 rows"):
        distance_loss(student=student[:5], teacher=teacher)
