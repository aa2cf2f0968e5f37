"""Gradients checked on the spot: right ones pass, and a wrong one is a fault with its size."""

import pytest
import torch
from torch import Tensor

from lookmore.doctor import relations
from lookmore.doctor.relations import LOSSES, gradient_error, look_at_relations


def squares(*, student: Tensor, teacher: Tensor) -> Tensor:
    """A loss whose gradient is known: twice the difference."""
    return (student - teacher).square().sum()


def three_halves(*, student: Tensor, teacher: Tensor) -> Tensor:
    """The right value, and half as much gradient again."""
    value = squares(student=student, teacher=teacher)
    return value + 0.5 * (value - value.detach())


def failing(*, student: Tensor, teacher: Tensor) -> Tensor:
    raise RuntimeError("no kernel image\nis available")


def undefined(*, student: Tensor, teacher: Tensor) -> Tensor:
    """Right in float64; in float32, as it trains, its gradient is no number."""
    value = squares(student=student, teacher=teacher)
    return (
        value if student.dtype == torch.float64 else value + 0 * (student - student).norm().sqrt()
    )


def test_every_order_is_right_here() -> None:
    found = look_at_relations(device="cpu")
    assert [finding.name for finding in found] == ["engine", *LOSSES]
    assert [finding for finding in found if finding.verdict != "fine"] == []


def test_a_right_gradient_has_no_error() -> None:
    assert gradient_error(squares, device="cpu") < 1e-6


def test_a_gradient_that_is_half_too_large_is_off_by_half() -> None:
    assert gradient_error(three_halves, device="cpu") == pytest.approx(0.5, rel=1e-4)


def test_a_loss_that_sends_no_gradient_is_off_by_all_of_it() -> None:
    def silent(*, student: Tensor, teacher: Tensor) -> Tensor:
        return squares(student=student, teacher=teacher).detach() + 0 * student.sum()

    assert gradient_error(silent, device="cpu") == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (three_halves, "wrong gradient, off by 50 %"),
        (undefined, "wrong gradient, off by nan %"),
        (failing, "fails: no kernel image is available"),
    ],
)
def test_what_is_wrong_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, loss: object, words: str
) -> None:
    monkeypatch.setattr(relations, "LOSSES", {"broken": loss})
    _, found = look_at_relations(device="cpu")
    assert (found.verdict, found.found) == ("fault", words)


def test_the_global_generator_is_left_alone() -> None:
    before = torch.get_rng_state()
    look_at_relations(device="cpu")
    assert torch.equal(torch.get_rng_state(), before)


def test_who_compares_triplets_is_said() -> None:
    found = look_at_relations(device="cpu", engine="torch")
    assert (found[0].name, found[0].found) == ("engine", "torch (asked for)")


def test_an_engine_that_does_not_compute_here_is_a_fault() -> None:
    (found,) = look_at_relations(device="cuda", engine="numba")
    assert found.verdict == "fault"
    assert "numba computes on cpu" in found.found
