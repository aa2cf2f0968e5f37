"""Which small frames are misread: a network that reads near frames only, told by brightness."""

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

Script = Callable[[str], ModuleType]
# Track, longer side, and whether the network below misreads it.
FRAMES = [("a", 30, True), ("a", 38, True), ("a", 44, False), ("a", 50, True), ("b", 32, True),
          ("c", 31, False), ("c", 60, True), ("b", 41, False)]  # fmt: skip


class _Pack:
    ids = tuple(f"00/{track}_{number}" for number, (track, _, _) in enumerate(FRAMES))
    sizes = np.array([(side - 2, side) for _, side, _ in FRAMES])

    def rows(self, split: str) -> np.ndarray:
        assert split == "test"
        return np.arange(len(FRAMES))

    def batch(self, rows: np.ndarray) -> Tensor:
        wrong = torch.tensor([FRAMES[row][2] for row in rows])
        return (wrong * 255).to(torch.uint8)[:, None, None, None].expand(-1, 3, 48, 48)


@pytest.fixture
def subject() -> Any:
    def scores(images: Tensor) -> Tensor:
        wrong = images.amax(dim=(1, 2, 3))  # class 1 where it is bright; right is class 0
        return torch.stack([0.5 - wrong, wrong - 0.5], dim=1)

    data = SimpleNamespace(group_pattern="^(.*)_", side=48)
    labels = np.zeros(len(FRAMES), dtype=np.int64)
    return SimpleNamespace(
        recipe=SimpleNamespace(data=data),
        material=SimpleNamespace(pack=_Pack(), labels=labels),
        scores={"student": scores},
    )


def test_small_frames_are_counted_and_the_near_ones_of_their_tracks(
    benchmark_script: Script, subject: Any
) -> None:
    module = benchmark_script("small_frames")
    (found,) = module.misread(subject, module.frames_of(subject))
    assert found.frames == {"00/a_0", "00/b_4"}
    assert found.tracks == 2
    assert (found.near, found.near_in_all) == (1, 3)  # of a and b alone


def test_what_every_seed_misreads_is_told(benchmark_script: Script, subject: Any) -> None:
    module = benchmark_script("small_frames")
    tried = module.frames_of(subject)
    runs = [module.misread(subject, tried), module.misread(subject, tried)]
    runs[1][0] = runs[1][0]._replace(frames=frozenset({"00/a_0"}), tracks=1)
    text = module.told(runs, frames=3, tracks=3)
    assert "| Student, distilled | 2, 1 | 2, 1 | 1 of 3, 1 of 3 |" in text
    assert "misreads 1 frames, of 1 tracks, at every seed" in text
