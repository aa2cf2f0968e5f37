"""Whether the relational losses' gradients are right on this machine, and who computes them."""

import time
from collections.abc import Callable
from functools import partial
from typing import Final

import torch
from torch import Tensor

from lookmore.errors import LookmoreError
from lookmore.losses import angle_loss, distance_loss, group_loss, individual_loss
from lookmore.losses.engines import choose_engine
from lookmore.page.finding import Finding

PART = "Relations, forward and backward"
_LARGEST_ERROR = 1e-3  # of the gradient, relative; float32 gives 1e-6 to 1e-5
_STEP = 1e-6  # of the finite differences, in float64
_BATCH, _WIDTH = 256, 128

LOSSES: Final[dict[str, Callable[..., Tensor]]] = {
    "individual": individual_loss,
    "distance": distance_loss,
    "angle": angle_loss,
    "group": group_loss,
}


def look_at_relations(*, device: str, engine: str = "auto") -> list[Finding]:
    """Return who compares triplets, and each order's error of the gradient and time.

    A wrong gradient is worse than none: training goes on, and ends nowhere. So each loss in
    float32, as it trains, is compared with finite differences of its value in float64.

    Args:
        device: ``cpu`` or ``cuda``.
        engine: ``machine.relations``.
    """
    chosen = _engine(engine, device)
    if chosen.verdict == "fault":
        return [chosen]
    losses = dict(LOSSES)
    if "angle" in losses:
        losses["angle"] = partial(angle_loss, engine=engine)
    return [chosen, *(_judge(name, loss, device) for name, loss in losses.items())]


def _engine(engine: str, device: str) -> Finding:
    try:
        chosen = choose_engine(engine, torch.device(device))
    except LookmoreError as error:
        return Finding(PART, "engine", str(error), "fault", "machine.relations=auto")
    other = "machine.relations=NAME takes another; all are exact"
    return Finding(PART, "engine", f"{chosen.name} ({chosen.why})", "fine", other)


def _judge(name: str, loss: Callable[..., Tensor], device: str) -> Finding:
    try:
        error = gradient_error(loss, device=device)
        took = _milliseconds(loss, device=device)
    except Exception as reason:  # a compiled engine may fail in any way of its own
        words = " ".join(str(reason).split()) or type(reason).__name__
        return Finding(PART, name, f"fails: {words}", "fault", _WAY_OUT)
    found = f"gradient right to {error:.0e}; {took:,.1f} ms for {_BATCH} images"
    if not error <= _LARGEST_ERROR:  # nor NaN
        found = f"wrong gradient, off by {100 * error:.2g} %"
        return Finding(PART, name, found, "fault", _WAY_OUT)
    return Finding(PART, name, found, "fine")


_WAY_OUT = "do not train here: install the versions of constraints.txt, or another torch"


def gradient_error(loss: Callable[..., Tensor], *, device: str) -> float:
    """Return how far a loss's float32 gradient is from finite differences of its value.

    Args:
        loss: Called with ``student=`` and ``teacher=``, ``(7, 5)`` each.
        device: ``cpu`` or ``cuda``.

    Returns:
        Norm of the difference over the norm of the right one.
    """
    generator = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 7, 5, dtype=torch.float64, generator=generator)
    right = torch.zeros_like(student)
    for place in range(student.numel()):
        step = torch.zeros_like(student)
        step.view(-1)[place] = _STEP
        ends = [loss(student=student + sign * step, teacher=teacher) for sign in (1, -1)]
        right.view(-1)[place] = (ends[0] - ends[1]) / (2 * _STEP)
    learner = student.float().to(device).requires_grad_()
    loss(student=learner, teacher=teacher.float().to(device)).backward()
    found = torch.zeros_like(right) if learner.grad is None else learner.grad.double().cpu()
    return float((found - right).norm() / right.norm())


def _milliseconds(loss: Callable[..., Tensor], *, device: str) -> float:
    """Return the time of one forward and backward pass, the best of three."""
    generator = torch.Generator().manual_seed(0)
    rows, teacher = torch.randn(2, _BATCH, _WIDTH, generator=generator).to(device)
    student = rows.clone().requires_grad_()
    best = float("inf")
    for _ in range(3):
        began = time.perf_counter()
        loss(student=student, teacher=teacher).backward()
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
    return 1000 * best
