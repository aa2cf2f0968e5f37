"""recognisability_loss: predicted cosines against reached ones; only the predictions learn."""

import math

import pytest
import torch
from torch import Tensor

from lookmore.losses import recognisability_loss

Batch = tuple[Tensor, Tensor, Tensor]


@pytest.fixture
def batch() -> Batch:
    """Scores, student and teacher of nine images; some cosines are negative."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(9, generator=generator)
    student = torch.randn(9, 4, generator=generator)
    return scores, student, student + 1.5 * torch.randn(9, 4, generator=generator)


def cosine(a: list[float], b: list[float]) -> float:
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def test_equals_the_divergence_of_two_coins(batch: Batch) -> None:
    scores, student, teacher = (tensor.double() for tensor in batch)
    total, negative = 0.0, 0
    rows = zip(scores.tolist(), student.tolist(), teacher.tolist(), strict=True)
    for score, ours, guide in rows:
        target = cosine(ours, guide)
        negative += target < 0
        target = max(0.0, target)
        total += (1 - target) * math.log((1 - target) / (1 - score))
        total += target * math.log(target / score) if target else 0.0
    assert negative, "the batch must have a negative cosine"
    found = recognisability_loss(scores=scores, student=student, teacher=teacher)
    assert found.item() == pytest.approx(total / 9)


def test_is_zero_when_every_cosine_is_foretold(batch: Batch) -> None:
    _, student, teacher = batch
    scores = torch.cosine_similarity(student, teacher).clamp(0, 1)
    found = recognisability_loss(scores=scores, student=student, teacher=teacher)
    assert found.item() == pytest.approx(0.0, abs=1e-6)


def test_one_score_for_all_is_best_at_their_mean_cosine(batch: Batch) -> None:
    _, student, teacher = batch
    mean = torch.cosine_similarity(student, teacher).clamp(0, 1).mean()
    score = mean.clone().requires_grad_()
    recognisability_loss(scores=score.expand(9), student=student, teacher=teacher).backward()
    assert score.grad is not None
    assert score.grad.item() == pytest.approx(0.0, abs=1e-5)


def test_only_the_scores_learn(batch: Batch) -> None:
    scores, student, teacher = (tensor.clone().requires_grad_() for tensor in batch)
    recognisability_loss(scores=scores, student=student, teacher=teacher).backward()
    assert scores.grad is not None
    assert scores.grad.abs().max() > 0
    assert student.grad is None
    assert teacher.grad is None


def test_lengths_do_not_count(batch: Batch) -> None:
    scores, student, teacher = batch
    torch.testing.assert_close(
        recognisability_loss(scores=scores, student=3 * student, teacher=0.1 * teacher),
        recognisability_loss(scores=scores, student=student, teacher=teacher),
    )


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_a_score_that_is_surely_wrong_is_finite(score: float, batch: Batch) -> None:
    _, student, teacher = batch
    scores = torch.full((9,), score, requires_grad=True)
    loss = recognisability_loss(scores=scores, student=student, teacher=teacher)
    loss.backward()
    assert loss.isfinite()
    assert scores.grad is not None
    assert scores.grad.isfinite().all()


def test_half_precision_is_compared_in_float32(batch: Batch) -> None:
    scores, student, teacher = (tensor.bfloat16() for tensor in batch)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = recognisability_loss(scores=scores, student=student, teacher=teacher)
    assert loss.dtype == torch.float32


@pytest.mark.parametrize(
    ("scores", "student", "teacher", "message"),
    [
        ((4,), (4, 3), (4, 5), "equal widths, got 3 and 5"),
        ((4,), (4, 3), (3, 3), "same images"),
        ((0,), (0, 3), (0, 3), "B >= 1"),
        ((4, 1), (4, 3), (4, 3), r"scores must have shape \(4,\), one per image, got \(4, 1\)"),
    ],
)
def test_refuses_what_cannot_be_compared(
    scores: tuple[int, ...], student: tuple[int, int], teacher: tuple[int, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        recognisability_loss(
            scores=torch.full(scores, 0.5), student=torch.ones(student), teacher=torch.ones(teacher)
        )
