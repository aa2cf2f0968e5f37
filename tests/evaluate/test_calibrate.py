"""Calibration: thresholds of slow loops, validation strangers only, no rate beyond the data."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lookmore.data.pack import Pack
from lookmore.errors import DataError
from lookmore.evaluate.all_pairs import strangers
from lookmore.evaluate.calibrate import _at_side, check_far
from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.encoder import Embedder, Encoder

PEOPLE, SHOTS = 6, 4


@pytest.fixture
def pack() -> Pack:
    """Six people of four noisy images."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(PEOPLE), SHOTS)
    looks = random.integers(60, 200, size=(PEOPLE, 3, 16, 16))[labels]
    images = (looks + random.normal(0, 40, size=looks.shape)).clip(0, 255).astype(np.uint8)
    return Pack(
        images=images,
        keys=np.arange(len(labels), dtype=np.uint64),
        sizes=np.full((len(labels), 2), 16),
        ids=tuple(map(str, range(len(labels)))),
        labels=labels,
        class_names=tuple(f"p{person}" for person in range(PEOPLE)),
        splits=np.full(len(labels), "val"),
        unreadable=(),
    )


def corners(images: torch.Tensor) -> torch.Tensor:
    """Mean colours of the four quarters: an embedding of any side."""
    return torch.nn.functional.adaptive_avg_pool2d(images, 2).flatten(1) - 0.5


def test_thresholds_equal_slow_loops_over_pairs(pack: Pack, tmp_path: Path) -> None:
    student = Encoder("student", "student", corners)
    teacher = Encoder("teacher", "teacher", corners)
    embed = Embedder(pack, cache=tmp_path, report=lambda done, total, note="": None)
    rows = np.arange(len(pack.labels))
    who = Contestant("ours", student, teacher, "teacher", False)
    settings = {"embed": embed, "rows": rows, "side": 8, "degradation": "bicubic"}
    found = list(_at_side(who, fars=[0.1, 0.05], similarity="cosine", **settings))  # type: ignore[arg-type]
    assert [(f.gallery, f.far) for f in found] == [
        ("teacher", 0.1), ("teacher", 0.05), ("same side", 0.1), ("same side", 0.05),
    ]  # fmt: skip
    small = embed(student, rows, side=8).astype(np.float64)
    sharp = embed(teacher, rows, side=16).astype(np.float64)
    for threshold in found:
        other = sharp if threshold.gallery == "teacher" else small
        impostors, genuine = [], []
        for i in rows:
            for j in rows:
                if i == j or (threshold.gallery == "same side" and j < i):
                    continue
                same = pack.labels[i] == pack.labels[j]
                (genuine if same else impostors).append(float(small[i] @ other[j]))
        accepted = sum(s >= threshold.threshold for s in impostors)
        assert (threshold.impostor_pairs, threshold.genuine_pairs) == (len(impostors), len(genuine))
        assert accepted == int(threshold.far * len(impostors))  # not one more could be let in
        assert threshold.realised_far == accepted / len(impostors) <= threshold.far
        right = sum(s >= threshold.threshold for s in genuine)
        assert threshold.tar == right / len(genuine)
        assert threshold.low <= threshold.threshold <= threshold.high
        assert threshold.low < threshold.high
        assert threshold.selected_on == "validation"


def test_people_who_were_trained_on_and_the_unlabelled_are_left_out() -> None:
    labels, trained = np.array([0, 1, -1, 2, 1]), np.array([0, -1, -1, -1, -1])
    keys = np.arange(5, dtype=np.uint64)
    assert strangers(np.array([0, 1, 2, 4]), labels, trained, keys).tolist() == [1, 4]


def test_a_rate_beyond_the_data_is_refused_with_the_smallest_that_is_not() -> None:
    people = np.repeat(np.arange(6), 5)  # 15 pairs of people, 25 of images each: 375
    with pytest.raises(DataError, match=r"needs 10,000 impostor .*has 375 .*--far 0\.027 or more"):
        check_far(1e-3, people)
    check_far(0.027, people)
    with pytest.raises(DataError, match=r"--far 0\.027 or more, or raise data\.validation_share"):
        check_far(0.026, people)


def test_validation_without_strangers_or_without_genuine_pairs_is_refused() -> None:
    with pytest.raises(DataError, match=r"0 impostor .*raise data\.validation_share"):
        check_far(0.1, np.zeros(0, dtype=np.int64))
    with pytest.raises(DataError, match="no pair of one person"):
        check_far(0.1, np.arange(40))
