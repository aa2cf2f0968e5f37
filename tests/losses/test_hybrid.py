"""HybridOrder: the orders with a weight, summed; a linear map only where widths are declared."""

import pytest
import torch
from torch import Tensor

from lookmore.errors import ConfigError
from lookmore.losses.angle import angle_loss
from lookmore.losses.distance import distance_loss
from lookmore.losses.group import group_loss
from lookmore.losses.hybrid import HybridOrder
from lookmore.losses.individual import individual_loss


def test_is_the_weighted_sum_of_its_terms(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams[0], streams[1][:, :8]
    loss = HybridOrder(individual=2, distance=10, angle=20, group=0.5, temperature=0.3)
    expected = (
        2 * individual_loss(student=student, teacher=teacher)
        + 10 * distance_loss(student=student, teacher=teacher)
        + 20 * angle_loss(student=student, teacher=teacher)
        + 0.5 * group_loss(student=student, teacher=teacher, temperature=0.3)
    )
    torch.testing.assert_close(loss(student=student, teacher=teacher), expected)


def test_terms_are_unweighted_and_only_those_with_a_weight(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    terms = HybridOrder(distance=10, group=3).terms(student=student, teacher=teacher)
    assert list(terms) == ["distance", "group"]
    torch.testing.assert_close(terms["distance"], distance_loss(student=student, teacher=teacher))


def test_widths_may_differ_without_the_individual_order(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    loss = HybridOrder(distance=1, angle=1, student_width=8, teacher_width=32)
    assert loss(student=student, teacher=teacher).isfinite()
    assert not list(loss.parameters())


def test_other_widths_are_mapped_and_the_map_learns(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    loss = HybridOrder(individual=1, student_width=8, teacher_width=32)
    optimizer = torch.optim.Adam(loss.parameters(), lr=0.05)
    before = loss(student=student, teacher=teacher).item()
    for _ in range(50):
        optimizer.zero_grad()
        loss(student=student, teacher=teacher).backward()
        optimizer.step()
    assert loss(student=student, teacher=teacher).item() < 0.2 * before


def test_the_map_is_computed_in_float32_under_autocast(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    loss = HybridOrder(individual=1, student_width=8, teacher_width=32)
    expected = loss(student=student, teacher=teacher)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(loss(student=student, teacher=teacher), expected)


def test_equal_widths_need_no_map(streams: tuple[Tensor, Tensor]) -> None:
    student, _ = streams
    loss = HybridOrder(individual=1, student_width=8, teacher_width=8)
    assert not list(loss.parameters())
    assert loss(student=student, teacher=student).item() == pytest.approx(0, abs=1e-6)


def test_teaches_the_student_only(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = (rows.requires_grad_() for rows in streams)
    loss = HybridOrder(
        individual=1, distance=1, angle=1, group=1, student_width=8, teacher_width=32
    )
    loss(student=student, teacher=teacher).backward()
    assert student.grad is not None and student.grad.abs().sum() > 0
    assert teacher.grad is None


def test_undeclared_widths_are_refused_with_the_way_out(streams: tuple[Tensor, Tensor]) -> None:
    student, teacher = streams
    with pytest.raises(ValueError, match="student_width=8 and teacher_width=32"):
        HybridOrder(individual=1)(student=student, teacher=teacher)
    with pytest.raises(ValueError, match="built for widths 16 and 32, got 8 and 32"):
        HybridOrder(individual=1, student_width=16, teacher_width=32)(
            student=student, teacher=teacher
        )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "at least one of the weights individual, distance, angle, group"),
        ({"angle": -1.0}, "weight of angle must be a number of 0 or more, got -1.0"),
        ({"distance": float("nan")}, "weight of distance must be .*, got nan"),
        ({"group": float("inf")}, "weight of group must be .*, got inf"),
        ({"group": 1.0, "temperature": 0.0}, "temperature must be above 0, got 0.0"),
        ({"individual": 1.0, "student_width": 8}, "given together, got 8 and None"),
    ],
)
def test_refuses_settings_that_cannot_be(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        HybridOrder(**settings)  # type: ignore[arg-type]
