"""angle_loss: equal to the definition in value and gradient, blind to pose, small in memory."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lookmore.losses.angle import angle_loss


def angle_loss_by_corners(student: Tensor, teacher: Tensor) -> Tensor:
    """The definition in float64, one anchor at a time; slow, and autograd finds the gradient."""

    def cosines(rows: Tensor, i: int) -> Tensor:
        directions = []
        for row in rows:
            side = row - rows[i]
            length = side.square().sum()
            directions.append(side * 0 if length == 0 else side / length.sqrt())
        table = torch.stack(directions)
        return (table[:, None] * table[None]).sum(2)

    student, teacher = student.double(), teacher.double()
    penalties = [
        F.smooth_l1_loss(cosines(student, i), cosines(teacher, i)) for i in range(len(student))
    ]
    return torch.stack(penalties).mean()


def value_and_gradient(student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
    student = student.detach().clone().requires_grad_()
    loss = angle_loss(student=student, teacher=teacher)
    loss.backward()
    assert student.grad is not None
    return loss.detach(), student.grad


def test_equals_the_definition_in_value_and_gradient(batch: tuple[Tensor, Tensor]) -> None:
    student, teacher = batch
    oracle = student.double().requires_grad_()
    expected = angle_loss_by_corners(oracle, teacher)
    (slope,) = torch.autograd.grad(expected, oracle)
    loss, gradient = value_and_gradient(student, teacher)
    torch.testing.assert_close(loss.double(), expected.detach(), rtol=1e-5, atol=1e-7)
    error = (gradient - slope).norm()
    assert error <= 2e-5 * slope.norm() + 1e-9


def test_gradient_agrees_with_finite_differences(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = (rows.double() for rows in streams)
    assert torch.autograd.gradcheck(
        lambda rows: angle_loss(student=rows, teacher=teacher), student.requires_grad_()
    )


def test_a_right_angle_against_a_straight_line_by_hand() -> None:
    corner = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    line = torch.tensor([[0.0], [1.0], [2.0]])
    half = 2**-0.5
    # at 0: cosine 0 against 1; at 1: half against -1; at 2: half against 1; each twice of 27
    expected = 2 * (0.5 + (1 + half - 0.5) + (1 - half) ** 2 / 2) / 27
    assert angle_loss(student=corner, teacher=line).item() == pytest.approx(expected)


def test_ignores_scale_shift_and_rotation(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    rotation = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(1)))[0]
    torch.testing.assert_close(
        angle_loss(student=3.0 * student @ rotation + 7.0, teacher=teacher),
        angle_loss(student=student, teacher=teacher),
    )


def test_ignores_the_order_of_the_images(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    torch.testing.assert_close(
        angle_loss(student=student[order], teacher=teacher[order]),
        angle_loss(student=student, teacher=teacher),
    )


def test_is_zero_without_gradient_for_a_perfect_student(streams: tuple[Tensor, Tensor]) -> None:
    loss, gradient = value_and_gradient(streams[1], streams[1])
    assert loss.item() == pytest.approx(0, abs=1e-12)
    assert gradient.abs().max() < 1e-7


def test_teaches_the_student_only(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = (rows.requires_grad_() for rows in streams)
    (3 * angle_loss(student=student, teacher=teacher)).backward()
    assert student.grad is not None
    assert teacher.grad is None
    torch.testing.assert_close(student.grad, 3 * value_and_gradient(student, teacher)[1])


def test_collapsed_student_gives_a_finite_loss_and_no_gradient(
    streams: tuple[Tensor, Tensor],
) -> None:
    loss, gradient = value_and_gradient(torch.full((6, 8), 0.1), streams[1])
    assert loss.isfinite()
    assert gradient.abs().max() == 0


def test_near_twins_keep_their_angles_in_a_large_batch() -> None:
    generator = torch.Generator().manual_seed(0)
    student = torch.randn(64, 16, generator=generator) + 20.0
    student[1] = student[0] + 1e-4 * torch.randn(16, generator=generator)
    teacher = torch.randn(64, 16, generator=generator)
    oracle = student.double().requires_grad_()
    expected = angle_loss_by_corners(oracle, teacher)
    (slope,) = torch.autograd.grad(expected, oracle)
    loss, gradient = value_and_gradient(student, teacher)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert (gradient - slope).norm() < 1e-4 * slope.norm()


def test_copies_of_one_image_stay_in_one_place_in_a_wide_batch() -> None:
    generator = torch.Generator().manual_seed(0)
    student = torch.randn(21, 129, generator=generator).repeat(3, 1) + 3.0
    teacher = torch.randn(63, 16, generator=generator)
    oracle = student.double().requires_grad_()
    expected = angle_loss_by_corners(oracle, teacher)
    (slope,) = torch.autograd.grad(expected, oracle)
    loss, gradient = value_and_gradient(student, teacher)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6)
    assert (gradient - slope).norm() < 1e-5 * slope.norm()


def test_a_batch_far_from_the_origin_keeps_its_angles(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = (rows.double() for rows in streams)
    torch.testing.assert_close(
        angle_loss(student=student + 1e7, teacher=teacher),
        angle_loss(student=student, teacher=teacher),
        rtol=1e-6,
        atol=0,
    )


def test_nan_is_not_hidden(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    student[2, 3] = float("nan")
    loss, gradient = value_and_gradient(student, teacher)
    assert loss.isnan()
    assert gradient.isnan().any()
    assert angle_loss(student=teacher, teacher=student).isnan()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32_under_autocast(
    dtype: torch.dtype, streams: tuple[Tensor, Tensor]
) -> None:
    student, teacher = (rows.to(dtype) for rows in streams)
    with torch.autocast("cpu", torch.bfloat16):
        loss, gradient = value_and_gradient(student, teacher)
    expected, slope = value_and_gradient(student.float(), teacher.float())
    assert loss.dtype == torch.float32
    assert gradient.dtype == dtype
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradient, slope.to(dtype))


@pytest.mark.parametrize("shape", [(6,), (1, 8), (6, 8, 1)])
def test_rejects_what_is_not_a_batch_of_embeddings(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape \(B, D\) with B >= 2, got"):
        angle_loss(student=torch.zeros(shape), teacher=torch.zeros(shape))


def test_rejects_streams_of_different_images(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    with pytest.raises(ValueError, match="same images, got 5 and 6 rows"):
        angle_loss(student=student[:5], teacher=teacher)
