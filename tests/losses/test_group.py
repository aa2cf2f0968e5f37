"""group_loss: each image's attention to all others, compared by KL, never to itself."""

import math

import pytest
import torch
from torch import Tensor

from lookmore.losses.group import group_loss


def attention_by_loops(rows: Tensor, temperature: float) -> list[list[float]]:
    """The definition, in Python's own floats."""
    listed = rows.tolist()
    table = []
    for i, a in enumerate(listed):
        powers = []
        for j, b in enumerate(listed):
            if j != i:
                product = sum(x * y for x, y in zip(a, b, strict=True))
                cosine = product / math.hypot(*a) / math.hypot(*b)
                powers.append(math.exp(cosine / temperature))
        table.append([power / sum(powers) for power in powers])
    return table


def group_loss_by_loops(student: Tensor, teacher: Tensor, temperature: float) -> float:
    total = 0.0
    for row, guide in zip(
        attention_by_loops(student, temperature),
        attention_by_loops(teacher, temperature),
        strict=True,
    ):
        total += sum(g * math.log(g / r) for g, r in zip(guide, row, strict=True))
    return total / len(student)


@pytest.mark.parametrize("temperature", [0.05, 0.1, 1.0])
def test_equals_the_definition(batch: tuple[Tensor, Tensor], temperature: float) -> None:
    student, teacher = batch
    loss = group_loss(student=student.double(), teacher=teacher, temperature=temperature)
    expected = group_loss_by_loops(student, teacher, temperature)
    assert loss.item() == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_gradient_agrees_with_finite_differences(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = (rows.double() for rows in streams)
    assert torch.autograd.gradcheck(
        lambda rows: group_loss(student=rows, teacher=teacher), student.requires_grad_()
    )


def test_ignores_scale_and_rotation(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    rotation = torch.linalg.qr(torch.randn(8, 8, generator=torch.Generator().manual_seed(1)))[0]
    torch.testing.assert_close(
        group_loss(student=3.0 * student @ rotation, teacher=teacher),
        group_loss(student=student, teacher=teacher),
    )


def test_is_zero_for_a_perfect_student_and_for_two_images(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    assert group_loss(student=teacher, teacher=teacher).item() == 0.0
    assert group_loss(student=student[:2], teacher=teacher[:2]).item() == 0.0


def test_teaches_the_student_only(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = (rows.requires_grad_() for rows in streams)
    group_loss(student=student, teacher=teacher).backward()
    assert student.grad is not None and student.grad.abs().sum() > 0
    assert teacher.grad is None


def test_collapsed_student_gives_a_finite_loss_and_gradient(
    streams: tuple[Tensor, Tensor],
) -> None:
    student = torch.zeros(6, 8, requires_grad=True)
    loss = group_loss(student=student, teacher=streams[1])
    loss.backward()
    assert loss.isfinite()
    assert student.grad is not None and student.grad.isfinite().all()


def test_nan_is_not_hidden(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    student[2, 3] = float("nan")
    assert group_loss(student=student, teacher=teacher).isnan()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32_under_autocast(
    dtype: torch.dtype, streams: tuple[Tensor, Tensor]
) -> None:
    student, teacher = (rows.to(dtype) for rows in streams)
    with torch.autocast("cpu", torch.bfloat16):
        loss = group_loss(student=student, teacher=teacher)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(group_loss_by_loops(student, teacher, 0.1), rel=1e-4)


def test_rejects_what_it_cannot_compare(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    with pytest.raises(ValueError, match="same images, got 5 and 6 rows"):
        group_loss(student=student[:5], teacher=teacher)
    with pytest.raises(ValueError, match=r"shape \(B, D\) with B >= 2, got \(1, 8\)"):
        group_loss(student=student[:1], teacher=teacher[:1])
    with pytest.raises(ValueError, match="temperature must be above 0, got 0"):
        group_loss(student=student, teacher=teacher, temperature=0)
