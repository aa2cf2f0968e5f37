"""How fast the small student trains here, in each precision and memory layout: measured."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from lookmore.page.finding import Finding
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.streams.stream import Stream

PART = "Speed of the small student, forward and backward at 16 px"
LAYOUTS: Final = {
    "channels_last": torch.channels_last,
    "contiguous": torch.contiguous_format,
}
PRECISIONS: Final = ("float32", "bfloat16")
USED_LAYOUT: Final = "channels_last"
"""What every stream does to its images, see `Stream.prepare`."""

_BATCH, _SIDE, _WIDTH = 32, 16, 128
_WORTH_SAYING = 1.2  # times as fast; less than this comes and goes with the load


class Speed(NamedTuple):
    """One way of computing, and how fast it was."""

    precision: str
    """``float32``, or ``bfloat16`` by autocast."""

    layout: str
    """``channels_last`` or ``contiguous``."""

    images_per_s: float
    """Forward and backward of the small student at 16 pixels, in the fastest step."""


def measure_speeds(
    *, seconds: float, device: str, progress: Callable[[], None] | None = None
) -> list[Speed]:
    """Measure all ways, step by step in turn, so that a passing load falls on all of them.

    The fastest step counts: others' load can only make a step slower.

    Args:
        seconds: Of measuring, for each way; one step may take longer.
        device: ``cpu`` or ``cuda``.
        progress: Called after each round of steps.

    Returns:
        One for each precision and layout.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        config = StreamConfig(backbone="small")
        student = build_stream(config, side=_SIDE, width=_WIDTH, classes=0).train().to(device)
        images = torch.rand(_BATCH, 3, _SIDE, _SIDE, device=device)
        guide = F.normalize(torch.randn(_BATCH, _WIDTH, device=device))
    ways = [(precision, layout) for layout in LAYOUTS for precision in PRECISIONS]
    # the first step of each compiles kernels; it counts where there is no time for a second
    times = {way: [_step(student, images, guide, *way)] for way in ways}
    while waiting := [way for way in ways if sum(times[way]) < seconds]:
        for way in waiting:
            times[way].append(_step(student, images, guide, *way))
        if progress is not None:
            progress()
    return [Speed(*way, _BATCH / min(found)) for way, found in times.items()]


def _step(student: Stream, images: Tensor, guide: Tensor, precision: str, layout: str) -> float:
    """Return the seconds of one forward and backward pass, the stream's own but for the layout."""
    device = images.device.type
    autocast: AbstractContextManager[object] = (
        torch.autocast(device, torch.bfloat16) if precision == "bfloat16" else nullcontext()
    )
    began = _now(device)
    student.zero_grad(set_to_none=True)
    seen = student.prepare(images).contiguous(memory_format=LAYOUTS[layout])
    with autocast:
        features = student.backbone(seen)
    embeddings = F.normalize(student.head(features.float()))
    (1 - (embeddings * guide).sum(1)).mean().backward()
    return _now(device) - began


def _now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def judge_speeds(speeds: Sequence[Speed], *, precision: str, stated: bool) -> list[Finding]:
    """Say which way is the fastest, and which one lookmore uses.

    Args:
        speeds: What `measure_speeds` returned.
        precision: ``machine.precision``.
        stated: Whether a run's recipe says so; else it is the default.
    """
    used = next(s for s in speeds if (s.precision, s.layout) == (precision, USED_LAYOUT))
    ordered = sorted(speeds, key=lambda speed: -speed.images_per_s)
    why = "as the recipe says" if stated else "the default"
    lines = [_line(speed, used=used, best=ordered[0]) for speed in ordered]
    return [*lines, _chosen(ordered, used=used, why=why)]


def _line(speed: Speed, *, used: Speed, best: Speed) -> Finding:
    found = f"{speed.images_per_s:,.0f} images/s"
    if speed is not used:
        found += f", {speed.images_per_s / used.images_per_s:.2f} times what is used"
    notes = [word for word, says in (("fastest", speed is best), ("used", speed is used)) if says]
    name = f"{speed.precision}, {speed.layout}"
    return Finding(PART, name, found + (f" ({', '.join(notes)})" if notes else ""), "fine")


def _chosen(ordered: Sequence[Speed], *, used: Speed, why: str) -> Finding:
    """Say what is used and, where another way is clearly faster, how to have it."""
    name, found = "lookmore uses", f"{used.precision}, {used.layout} ({why})"
    best = ordered[0]
    other = next(s for s in ordered if s.layout == USED_LAYOUT and s.precision != used.precision)
    gain = other.images_per_s / used.images_per_s
    if gain >= _WORTH_SAYING:
        advice = (
            f"machine.precision={other.precision} trains {gain:.1f} times as fast here; it changes "
            "results a little, so train what is compared in one precision"
        )
        return Finding(PART, name, found, "note", advice)
    beaten = best.images_per_s / used.images_per_s
    if beaten >= _WORTH_SAYING:
        advice = (
            f"{best.precision}, {best.layout} was {beaten:.1f} times as fast in this measurement; "
            "there is no setting for the layout, so measure again when nothing else runs"
        )
        return Finding(PART, name, found, "note", advice)
    advice = f"leave it: machine.precision={other.precision} would be {gain:.2f} times as fast here"
    return Finding(PART, name, found, "fine", advice)
