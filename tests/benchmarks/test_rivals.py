"""Rivals' losses against their papers' formulas in slow float64 loops: they must get their due."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from lookmore.chain.foreign import SCORES
from lookmore.grid.run import read_rivals
from lookmore.losses import scores_loss

RIVALS = read_rivals(Path(__file__).parents[2] / "benchmarks" / "rivals.py")
B, D = 6, 5


class Output(NamedTuple):
    """What a learner says, as far as rivals look at it."""

    embeddings: Tensor
    logits: Tensor


@pytest.fixture
def student() -> Output:
    generator = torch.Generator().manual_seed(1)
    rows = F.normalize(torch.randn(B, D, generator=generator))
    logits = 3 * torch.randn(B, D, generator=generator)
    return Output(rows.requires_grad_(), logits.requires_grad_())


@pytest.fixture
def guides() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(2)
    rows = F.normalize(torch.randn(B, D, generator=generator))
    scores = 3 * torch.randn(B, D, generator=generator)
    return {"teacher": rows.requires_grad_(), SCORES: scores.requires_grad_()}


def huber(x: float) -> float:
    return 0.5 * x * x if abs(x) < 1 else abs(x) - 0.5


def softmax(row: np.ndarray, t: float) -> np.ndarray:
    powers = np.exp(row / t - (row / t).max())
    return powers / powers.sum()


def kd(s: np.ndarray, g: np.ndarray) -> float:
    total = 0.0
    for i in range(B):
        p, q = softmax(g[i], 4), softmax(s[i], 4)
        total += sum(p[c] * math.log(p[c] / q[c]) for c in range(D))
    return total / B


def dist(s: np.ndarray, g: np.ndarray) -> float:
    p, q = (np.stack([softmax(row, 4) for row in found]) for found in (g, s))

    def one_less_correlation(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.mean([1 - np.corrcoef(x[i], y[i])[0, 1] for i in range(len(x))]))

    return 2 * 16 * (one_less_correlation(q, p) + one_less_correlation(q.T, p.T))


def rkd_d(s: np.ndarray, g: np.ndarray) -> float:
    def relative(rows: np.ndarray) -> np.ndarray:
        d = np.array([[math.dist(a, b) for b in rows] for a in rows])
        return d / d[d > 0].mean()

    return float(np.mean([huber(x) for x in (relative(s) - relative(g)).ravel()]))


def rkd_da(s: np.ndarray, g: np.ndarray) -> float:
    def angle(rows: np.ndarray, i: int, j: int, k: int) -> float:
        a, b = rows[i] - rows[j], rows[k] - rows[j]
        lengths = np.linalg.norm(a) * np.linalg.norm(b)
        return float(a @ b / lengths) if lengths else 0.0

    places = [(i, j, k) for i in range(B) for j in range(B) for k in range(B)]
    angles = np.mean([huber(angle(s, *at) - angle(g, *at)) for at in places])
    return rkd_d(s, g) + 2 * float(angles)


def sp(s: np.ndarray, g: np.ndarray) -> float:
    def similarity(rows: np.ndarray) -> np.ndarray:
        found = np.array([[a @ b for b in rows] for a in rows])
        return np.stack([row / np.linalg.norm(row) for row in found])

    return float(((similarity(g) - similarity(s)) ** 2).sum() / B**2)


def cc(s: np.ndarray, g: np.ndarray) -> float:
    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        series = sum((0.8 * (a @ b)) ** p / math.factorial(p) for p in range(3))
        return float(math.exp(-0.8) * series)

    def matrix(rows: np.ndarray) -> np.ndarray:
        return np.array([[kernel(a, b) for b in rows] for a in rows])

    return float(np.linalg.norm(matrix(s) - matrix(g)) / B**2)


def pkt(s: np.ndarray, g: np.ndarray) -> float:
    def chances(rows: np.ndarray) -> np.ndarray:
        found = np.array([[(a @ b + 1) / 2 for b in rows] for a in rows])
        return np.stack([row / row.sum() for row in found])

    p, q = chances(g), chances(s)
    return float(np.mean(p * np.log((p + 1e-7) / (q + 1e-7))))


FORMULAS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "kd": kd, "dist": dist, "rkd-d": rkd_d, "rkd-da": rkd_da, "sp": sp, "cc": cc, "pkt": pkt,
}  # fmt: skip


def test_our_scores_loss_is_torchdistills_kd(student: Output, guides: dict[str, Tensor]) -> None:
    ours = scores_loss(student=student.logits, teacher=guides[SCORES], temperature=4.0)
    theirs = 16 * RIVALS["kd"].build()(student, guides)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)
    gradients = [torch.autograd.grad(loss, student.logits)[0] for loss in (ours, theirs)]
    torch.testing.assert_close(*gradients)


def test_every_rival_has_a_formula_here() -> None:
    assert RIVALS.keys() == FORMULAS.keys()
    assert all(name == loss.name and loss.weight > 0 for name, loss in RIVALS.items())


@pytest.mark.parametrize("name", FORMULAS)
def test_a_rival_is_its_papers_formula(
    name: str, student: Output, guides: dict[str, Tensor]
) -> None:
    loss = RIVALS[name]
    of, guide = ("logits", SCORES) if SCORES in loss.guides else ("embeddings", "teacher")
    rows = getattr(student, of)
    value = loss.build()(student, guides)
    s, g = (found.detach().double().numpy() for found in (rows, guides[guide]))
    assert value.item() == pytest.approx(FORMULAS[name](s, g), rel=1e-4)
    value.backward()
    assert rows.grad is not None
    assert rows.grad.isfinite().all()
    assert rows.grad.abs().max() > 0
    assert all(found.grad is None for found in guides.values())
