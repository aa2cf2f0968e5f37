"""Comparing two: the dot product of what embed says, decided at the threshold of such a pair."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import lookmore
from lookmore.checkpoint.checkpoint import Checkpoint, save_checkpoint
from lookmore.checkpoint.comparison import choose_threshold
from lookmore.checkpoint.thresholds import Threshold, write_thresholds
from lookmore.errors import CheckpointError, ConfigError
from lookmore.streams.build import build_stream
from lookmore.streams.config import StreamConfig
from lookmore.teachers.space import GuideSpace

WIDTH = 8


def threshold(
    side: int, value: float, *, gallery: str = "same side", far: float = 1e-2,
    how: str = "bicubic", similarity: str = "cosine",
) -> Threshold:  # fmt: skip
    return Threshold(
        far=far, probe_side=side, gallery=gallery, threshold=value, low=value, high=value,
        realised_far=far, impostor_pairs=10_000, genuine_pairs=100, tar=0.9, degradation=how,
        selected_on="validation", similarity=similarity,
    )  # fmt: skip


@pytest.fixture
def student(tmp_path: Path) -> Callable[..., lookmore.Recogniser]:
    def make(*thresholds: Threshold, **facts: object) -> lookmore.Recogniser:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            stream = build_stream(
                StreamConfig(backbone="nano"),
                side=16,
                width=WIDTH,
                classes=0,
                recognisability=bool(facts.pop("tells", False)),
            )
        save_checkpoint(
            tmp_path,
            Checkpoint(
                stream=stream.eval(),
                guide_space=GuideSpace(
                    mean=torch.full((int(facts.pop("teacher_width", WIDTH)),), 0.5)
                ),
                facts={"recipe": {"data": {"fit": "crop"}}, "class_names": [], **facts},
            ),
        )
        digest = json.loads((tmp_path / "checkpoint.json").read_text())["weights_sha256"]
        if thresholds:
            write_thresholds(tmp_path, thresholds, weights_sha256=digest)
        return lookmore.load(tmp_path)

    return make


def picture(seed: int, side: int = 16) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, size=(side, side, 3), dtype=np.uint8)


def test_the_similarity_is_that_of_the_embeddings(student: Callable) -> None:
    one = student()
    first, second = one.embed([picture(0), picture(1)]).astype(np.float64)
    found = one.compare(picture(0), picture(1))
    assert found.similarity == pytest.approx(first @ second, abs=1e-6)
    assert one.compare(picture(0), picture(0)).similarity == pytest.approx(1, abs=1e-6)


def test_an_image_meets_the_teachers_embedding_where_it_is_placed(student: Callable) -> None:
    one = student(threshold(16, 0.99, gallery="teacher"), threshold(16, -1.0))
    own = one.embed([picture(0)])[0]
    found = one.compare(picture(0), own * 3 + 0.5)  # as a teacher with this mean would give it
    assert found.similarity == pytest.approx(1, abs=1e-5)
    assert (found.against, found.same) == ("teacher", True)
    assert one.compare(picture(1), 0.5 - own).same is False


def test_without_thresholds_nothing_is_decided(student: Callable) -> None:
    found = student().compare(picture(0), picture(1))
    assert (found.same, found.far, found.threshold) == (None, None, None)
    assert found.reason.endswith("run lookmore calibrate")


def test_the_threshold_itself_is_accepted(student: Callable) -> None:
    similarity = student().compare(picture(0), picture(1)).similarity
    assert student(threshold(16, similarity)).compare(picture(0), picture(1)).same is True
    above = float(np.nextafter(similarity, 2))
    assert student(threshold(16, above)).compare(picture(0), picture(1)).same is False


def test_the_smaller_image_is_the_probe_and_says_so(student: Callable) -> None:
    found = student(threshold(8, 0.1), threshold(16, 0.2)).compare(picture(0, 16), picture(1, 9))
    assert (found.probe_side, found.threshold.probe_side) == (9, 8)
    assert "calibrated for 8 px probes" in found.reason and "this one has 9 px" in found.reason


def test_a_sharp_image_is_held_to_the_threshold_for_sharp_ones(student: Callable) -> None:
    one = student(threshold(16, 0.1), threshold(16, 0.2, gallery="student"))
    assert one.compare(picture(0), picture(1, 96)).against == "student"
    assert one.compare(picture(0), picture(1, 20)).against == "same side"


def test_what_is_said_can_be_written_as_json(student: Callable) -> None:
    found = student(threshold(16, -1.0)).compare(picture(0), picture(1))
    told = json.loads(json.dumps(found.as_dict()))
    assert told["same"] is True
    assert told["far"] == 0.01
    assert told["threshold"]["threshold"] == -1.0


def test_a_comparison_cannot_be_changed(student: Callable) -> None:
    found = student().compare(picture(0), picture(1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.similarity = 1.0


def test_a_vector_means_nothing_to_a_student_of_its_own_space(student: Callable) -> None:
    for one in (student(guides={}), student(teacher_width=5)):
        with pytest.raises(CheckpointError, match="does not live in its teacher's space"):
            one.compare(picture(0), np.zeros(one.guide_space.width))


def test_a_vector_of_another_width_is_refused(student: Callable) -> None:
    with pytest.raises(ValueError, match=r"must be \(G, 8\), got \(1, 9\)"):
        student().compare(picture(0), np.zeros(9))


def test_the_smallest_rate_decides_unless_another_is_asked_for(student: Callable) -> None:
    one = student(threshold(16, 0.1, far=1e-2), threshold(16, 0.3, far=1e-3))
    assert one.compare(picture(0), picture(1)).far == 1e-3
    assert one.compare(picture(0), picture(1), far=1e-2).far == 1e-2
    with pytest.raises(ConfigError, match=r"rate of 0\.1, only for 0\.001, 0\.01: ask"):
        one.compare(picture(0), picture(1), far=0.1)


@pytest.mark.parametrize(("side", "nearest"), [(4, 8), (9, 8), (12, 8), (13, 16), (200, 16)])
def test_the_nearest_side_decides_and_of_two_as_near_the_smaller(side: int, nearest: int) -> None:
    known = [threshold(16, 0.2), threshold(8, 0.1)]
    found = choose_threshold(known, probe_side=side, gallery="same side", recognisability=None)
    assert found is not None and found.probe_side == nearest


def test_of_several_degradations_the_strictest_decides() -> None:
    known = [threshold(16, 0.2), threshold(16, 0.3, how="degraded"), threshold(8, 0.9)]
    found = choose_threshold(known, probe_side=16, gallery="same side", recognisability=None)
    assert found is not None and found.degradation == "degraded"


def test_thresholds_for_another_gallery_do_not_decide() -> None:
    assert (
        choose_threshold(
            [threshold(16, 0.2)], probe_side=16, gallery="teacher", recognisability=None
        )
        is None
    )


def test_a_corrected_threshold_is_lower_for_poor_images(student: Callable) -> None:
    known = threshold(16, 0.8, similarity="corrected")
    one = student(known, tells=True)
    scores = one.recognisability([picture(0), picture(1)]).astype(np.float64).clip(min=0.5)
    found = one.compare(picture(0), picture(1))
    rows = one.embed([picture(0), picture(1)], corrected=True).astype(np.float64)
    assert found.threshold.threshold == pytest.approx(0.8 * (scores[0] * scores[1]) ** 0.5)
    assert found.threshold.low == pytest.approx(found.threshold.threshold)
    assert found.same == (rows[0] @ rows[1] >= 0.8)
    assert found.similarity <= 1 and "0.800" not in found.reason
    of_teacher = threshold(16, 0.8, gallery="teacher", similarity="corrected")
    against = student(of_teacher, tells=True).compare(picture(0), np.ones(WIDTH, np.float32))
    assert against.threshold.threshold == pytest.approx(0.8 * scores[0] ** 0.5)


@pytest.mark.parametrize(("told", "left"), [([1.0], 1.0), ([0.64, 0.81], 0.72), ([0.01], 0.5**0.5)])
def test_what_is_left_of_a_threshold_is_the_root_of_recognisability(
    told: list[float], left: float
) -> None:
    found = threshold(16, 0.5, similarity="corrected").for_cosines(told)
    assert found.threshold == pytest.approx(0.5 * left)
    assert found.similarity == "cosine"
    assert found.for_cosines(told) is found  # once, not twice


def test_a_corrected_threshold_is_nothing_to_a_student_that_does_not_tell(
    student: Callable,
) -> None:
    one = student(threshold(16, 0.8, similarity="corrected"))
    with pytest.raises(CheckpointError, match="which this student does not tell: run 'lookmore"):
        one.compare(picture(0), picture(1))


def test_a_threshold_is_stated_for_typical_images() -> None:
    known = threshold(16, 0.4, similarity="corrected")
    known = dataclasses.replace(known, recognisability=0.64)
    assert known.for_cosines([0.64, 0.64]).threshold == pytest.approx(0.4)
    assert known.for_cosines([0.81, 0.64]).threshold == pytest.approx(0.4 * 0.9 / 0.8)
    assert known.for_cosines([0.1]).threshold == pytest.approx(0.4 * 0.5**0.5 / 0.8)
