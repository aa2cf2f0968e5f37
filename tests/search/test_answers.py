"""Answers: decided at the threshold of the probe's side, or honestly not at all."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lookmore
from lookmore.checkpoint.network import Answers
from lookmore.checkpoint.recogniser import Recogniser
from lookmore.checkpoint.thresholds import Threshold, write_thresholds
from lookmore.errors import CheckpointError, ConfigError, GalleryError
from lookmore.search import Answer, Entries, Gallery, Match, Space, ask
from lookmore.search.answers import why_no_decision


def threshold(**change: Any) -> Threshold:
    facts: dict[str, Any] = {
        "far": 0.01, "probe_side": 16, "gallery": "teacher", "threshold": 0.5, "low": 0.4,
        "high": 0.6, "realised_far": 0.01, "impostor_pairs": 1000, "genuine_pairs": 100,
        "tar": 0.8, "degradation": "bicubic", "selected_on": "validation",
    }  # fmt: skip
    return Threshold(**{**facts, **change})


@pytest.fixture
def calibrated(make_run: Callable[..., Path]) -> Recogniser:
    """A student with thresholds at 8 and 16 pixels."""
    run = make_run()
    thresholds = [threshold(), threshold(probe_side=8, threshold=0.3), threshold(far=0.1)]
    digest = lookmore.load(run).facts["weights_sha256"]
    write_thresholds(run / "student", thresholds, weights_sha256=digest)
    return lookmore.load(run)


@pytest.fixture
def pictures() -> list[np.ndarray]:
    random = np.random.default_rng(3)
    return [random.integers(0, 256, size=(side, side, 3), dtype=np.uint8) for side in (16, 9, 40)]


@pytest.fixture
def gallery(tmp_path: Path, calibrated: Recogniser, pictures: list[np.ndarray]) -> Gallery:
    """Ann is the first picture, bob the second, as the student itself sees them."""
    entries = Entries(
        people=("ann", "bob"), images=("a", "b"), embeddings=calibrated.embed(pictures[:2])
    )
    space = Space.of(calibrated, through="teacher")
    return Gallery.build(tmp_path / "g", entries, space=space)


def test_each_probe_is_decided_by_the_threshold_of_its_side(
    gallery: Gallery, calibrated: Recogniser, pictures: list[np.ndarray]
) -> None:
    found = ask(gallery, calibrated, pictures, k=2)
    assert [answer.side for answer in found] == [16, 9, 40]
    sides = [answer.threshold.probe_side for answer in found if answer.threshold is not None]
    assert sides == [16, 8, 16]
    assert [answer.matches[0].person for answer in found[:2]] == ["ann", "bob"]
    assert found[0].accepts(found[0].matches[0]) is True
    assert found[0].accepts(Match("x", 0.5, "")) is True
    assert found[0].accepts(Match("x", 0.49, "")) is False


def test_a_corrected_threshold_moves_with_the_probe(
    calibrated: Recogniser, gallery: Gallery, pictures: list[np.ndarray]
) -> None:
    known = threshold(similarity="corrected")
    sheet = replace(calibrated.artefact, thresholds=(known,))
    scores = [0.9, 0.6, 0.7]

    def tells(pixels: np.ndarray) -> Answers:
        said = calibrated.answer(pixels)
        return {**said, "recognisability": np.float32(scores)}

    found = ask(gallery, Recogniser(sheet, tells), pictures)
    for answer, score in zip(found, scores, strict=True):
        assert answer.threshold is not None
        assert answer.threshold.threshold == pytest.approx(0.5 * score**0.5)
    dumb = Recogniser(sheet, lambda pixels: {"embeddings": calibrated.answer(pixels)["embeddings"]})
    with pytest.raises(CheckpointError, match="which this student does not tell"):
        ask(gallery, dumb, pictures)


def test_the_rate_is_chosen(
    gallery: Gallery, calibrated: Recogniser, pictures: list[np.ndarray]
) -> None:
    (answer,) = ask(gallery, calibrated, pictures[:1], far=0.1)
    assert answer.threshold is not None and answer.threshold.far == 0.1
    with pytest.raises(ConfigError, match="no threshold was calibrated for a false accept rate"):
        ask(gallery, calibrated, pictures[:1], far=1e-6)


def test_without_thresholds_there_is_no_decision_and_a_way_to_one(
    tmp_path: Path, make_run: Callable[..., Path], gallery: Gallery, pictures: list[np.ndarray]
) -> None:
    plain = lookmore.load(make_run("plain"))
    (answer,) = ask(gallery, plain, pictures[:1], k=1)
    assert answer.threshold is None and answer.accepts(answer.matches[0]) is None
    assert answer.as_dict()["matches"][0]["accepted"] is None
    why = why_no_decision(gallery, plain, run="runs/x")
    assert why.endswith("lookmore calibrate runs/x --far 1e-2")


def test_the_assistants_gallery_is_not_decided_by_the_teachers_threshold(
    tmp_path: Path, whole_run: Path, pictures: list[np.ndarray]
) -> None:
    digest = lookmore.load(whole_run).facts["weights_sha256"]
    write_thresholds(whole_run / "student", [threshold()], weights_sha256=digest)
    student = lookmore.load(whole_run)
    entries = Entries(people=("ann",), images=("a",), embeddings=student.embed(pictures[:1]))
    space = Space.of(student, through="assistant")
    gallery = Gallery.build(tmp_path / "other", entries, space=space)
    (answer,) = ask(gallery, student, pictures[:1])
    assert answer.threshold is None
    assert "this gallery is the assistant's" in why_no_decision(gallery, student, run="x")


def test_many_probes_are_answered_as_one_by_one(
    gallery: Gallery, calibrated: Recogniser, pictures: list[np.ndarray]
) -> None:
    together = ask(gallery, calibrated, pictures)
    for picture, answer in zip(pictures, together, strict=True):
        (alone,) = ask(gallery, calibrated, [picture])
        assert [m.person for m in alone.matches] == [m.person for m in answer.matches]
        assert alone.matches[0].similarity == pytest.approx(answer.matches[0].similarity, abs=1e-5)


def test_recognisability_is_passed_on_where_the_student_tells_it(
    gallery: Gallery,
    calibrated: Recogniser,
    pictures: list[np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert {a.recognisability for a in ask(gallery, calibrated, pictures)} == {None}
    answer = calibrated.answer

    def telling(pixels: np.ndarray) -> dict[str, np.ndarray]:
        return {**answer(pixels), "recognisability": np.linspace(0.25, 0.75, len(pixels))}

    monkeypatch.setattr(calibrated, "answer", telling)
    assert [a.recognisability for a in ask(gallery, calibrated, pictures)] == [0.25, 0.5, 0.75]


def test_a_student_of_another_teacher_gets_no_answer(
    gallery: Gallery, make_run: Callable[..., Path], pictures: list[np.ndarray]
) -> None:
    other = lookmore.load(make_run("other", mean=0.1))
    with pytest.raises(GalleryError, match="placed in another guide space"):
        ask(gallery, other, pictures)


def test_json_holds_all_of_it() -> None:
    answer = Answer(
        side=9, recognisability=0.5, threshold=threshold(), matches=(Match("ann", 0.75, "a.png"),)
    )
    found = answer.as_dict()
    assert found["matches"] == [
        {"person": "ann", "similarity": 0.75, "image": "a.png", "accepted": True}
    ]
    assert (found["side"], found["recognisability"]) == (9, 0.5)
    assert found["threshold"]["threshold"] == 0.5
