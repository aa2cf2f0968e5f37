"""Recognition parity: worked by hand on a few vectors, and blind to what does not matter."""

import dataclasses

import numpy as np
import pytest

from lookmore.checkpoint.network import Answers
from lookmore.checkpoint.thresholds import Threshold
from lookmore.export.parity import FLOAT, INT8, Finding, Limits, answers_of, recognition_parity

STRICT = Limits(
    cosine=1, worst_cosine=1, worse_nearest=0, margin=0.01, lost_rank1=0, far_growth=1,
    other_class=0, recognisability=0, spared=0, doubt=0,
)  # fmt: skip
UNKNOWN = np.full(4, -1)


def unit(*degrees: float) -> Answers:
    """Embeddings on a circle."""
    angles = np.radians(degrees)
    return {"embeddings": np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)}


def findings(run: Answers, file: Answers, labels: object = UNKNOWN, **more: object) -> dict:
    named = {"limits": STRICT, "side": 16, **more}
    found = recognition_parity(run=run, file=file, labels=np.asarray(labels), **named)
    return {one.what.split(",")[0]: one for one in found}


def test_cosines_are_those_of_the_angles() -> None:
    found = findings(unit(0, 20, 90, 120), unit(0, 20, 90, 180))
    assert found["cosine to the run's embedding"].value == pytest.approx((3 + 0.5) / 4)
    assert found["the same"].value == pytest.approx(0.5)
    assert not found["the same"].holds


def test_the_nearest_is_sought_among_the_runs_images() -> None:
    run = unit(0, 10, 50, 60)
    found = findings(run, unit(0, 49, 50, 60))  # the second now lies by the third, not the first
    assert found["a worse image is nearest"].value == 0.25
    assert not found["a worse image is nearest"].holds


def test_an_image_about_as_near_is_no_worse() -> None:
    run = unit(0, 10, 20.1, 90)  # the second lies between two that are as near to it
    assert findings(run, unit(0, 10.2, 20.1, 90))["a worse image is nearest"].value == 0


def test_rank1_is_counted_where_a_label_has_two_images() -> None:
    run = unit(0, 10, 50, 60)
    found = findings(run, unit(0, 49, 50, 60), labels=[7, 7, 8, -1])["rank-1 lost"]
    assert (found.value, found.images, found.holds) == (0.5, 2, False)
    assert "rank-1 lost" not in findings(run, run, labels=[1, 2, 3, -1])


def test_what_is_won_makes_up_for_what_is_lost() -> None:
    run = unit(0, 10, 50, 60)
    found = findings(run, unit(0, 10, 1, 60), labels=[7, 8, 7, 8])["rank-1 lost"]
    assert (found.value, found.holds) == (-0.25, True)


def test_few_images_are_spared() -> None:
    spared = dataclasses.replace(STRICT, spared=2)
    run, labels = unit(0, 10, 50, 60), [7, 7, 8, 8]
    one = findings(run, unit(0, 49, 50, 60), labels=labels, limits=spared)
    assert one["a worse image is nearest"].holds and not one["rank-1 lost"].holds
    three = findings(run, unit(55, 49, 5, 60), labels=labels, limits=spared)
    assert not three["a worse image is nearest"].holds


@pytest.mark.parametrize(
    ("lost", "gained", "holds"),
    # 120 images, 2 % of them 2.4; a net loss may be 1.64 roots of all changes beyond
    [(3, 0, True), (5, 0, True), (7, 0, False), (7, 3, True), (13, 5, True), (16, 5, False)],
)
def test_rank1_is_refused_where_chance_does_not_explain_it(
    lost: int, gained: int, holds: bool
) -> None:
    doubtful = dataclasses.replace(STRICT, lost_rank1=0.02, doubt=1.64)
    classes = np.repeat(np.eye(60, dtype=np.float32), 2, axis=0)
    right, moved = {"embeddings": classes}, {"embeddings": np.roll(classes, 2, axis=0)}
    run, file = right["embeddings"].copy(), right["embeddings"].copy()
    file[: 2 * lost : 2] = moved["embeddings"][: 2 * lost : 2]  # one image of each of the first
    run[60 : 60 + 2 * gained : 2] = moved["embeddings"][60 : 60 + 2 * gained : 2]
    labels = np.repeat(np.arange(60), 2)
    found = findings({"embeddings": run}, {"embeddings": file}, labels=labels, limits=doubtful)[
        "rank-1 lost"
    ]
    assert (found.value, found.images) == (pytest.approx((lost - gained) / 120), 120)
    assert found.holds == holds
    assert found.holds == (lost - gained <= 2.4 + 1.64 * (lost + gained) ** 0.5)


def test_classes_are_compared_where_they_are_scored() -> None:
    scores = np.eye(4, dtype=np.float32)
    run, file = (
        {**unit(0, 10, 50, 60), "logits": logits} for logits in (scores, scores[[0, 1, 3, 2]])
    )
    found = findings(run, file)["another class"]
    assert (found.value, found.holds) == (0.5, False)


def test_recognisability_is_compared_where_it_is_told() -> None:
    run, file = (
        {**unit(0, 10, 50, 60), "recognisability": np.float32(told)}
        for told in ([0.5, 0.5, 0.5, 0.5], [0.5, 0.6, 0.4, 0.5])
    )
    found = findings(run, file)["recognisability differs"]
    assert found.value == pytest.approx(0.05)
    assert not found.holds


def threshold(value: float, **changed: object) -> Threshold:
    values = {
        "far": 0.01, "probe_side": 16, "gallery": "same side", "threshold": value, "low": value,
        "high": value, "realised_far": 0.01, "impostor_pairs": 4, "genuine_pairs": 2, "tar": 1.0,
        "degradation": "bicubic", "selected_on": "validation",
    }  # fmt: skip
    return Threshold(**{**values, **changed})


def test_false_accepts_are_counted_over_pairs_of_two_people() -> None:
    run, file = unit(0, 10, 50, 60), unit(0, 42, 50, 60)  # one pair of strangers comes together
    known = threshold(float(np.cos(np.radians(15))))
    named = {"labels": [7, 7, 8, 8], "thresholds": [known]}
    found = findings(run, file, **named)["false accepts at FAR 0.01 (bicubic)"]
    assert (found.value, found.limit, found.holds) == (0.25, 0.0, False)
    assert findings(run, run, **named)["false accepts at FAR 0.01 (bicubic)"].holds


def test_false_accepts_at_a_corrected_threshold_are_counted_with_what_a_file_tells() -> None:
    told = {"recognisability": np.full(4, 1, np.float32)}
    poor = {"recognisability": np.full(4, 0.64, np.float32)}  # cosines count 1 / 0.64 times
    known = threshold(float(np.cos(np.radians(35))), similarity="corrected")
    named = {"labels": [7, 7, 8, 8], "thresholds": [known]}
    what, rows = "false accepts at FAR 0.01 (bicubic)", unit(0, 10, 50, 60)
    assert findings({**rows, **told}, {**rows, **told}, **named)[what].value == 0.0
    assert findings({**rows, **told}, {**rows, **poor}, **named)[what].value > 0.0


@pytest.mark.parametrize("changed", [{"probe_side": 8}, {"gallery": "teacher"}])
def test_thresholds_for_other_pairs_are_not_tried(changed: dict[str, object]) -> None:
    run = unit(0, 10, 50, 60)
    named = {"labels": [7, 7, 8, 8], "thresholds": [threshold(0.5, **changed)]}
    assert not any(what.startswith("false") for what in findings(run, run, **named))


def test_a_network_is_asked_in_batches_and_answers_in_order() -> None:
    sizes = []

    def network(pixels: np.ndarray) -> Answers:
        sizes.append(len(pixels))
        return {"embeddings": pixels[:, 0, 0].astype(np.float32)}

    pixels = np.arange(150 * 3, dtype=np.int64).astype(np.uint8).reshape(150, 1, 1, 3)
    found = answers_of(network, pixels)["embeddings"]
    assert sizes == [64, 64, 22]
    assert np.array_equal(found, pixels[:, 0, 0].astype(np.float32))


def test_eight_bits_are_held_to_wider_limits_in_everything() -> None:
    for field in dataclasses.fields(Limits):
        exact, rounded = getattr(FLOAT, field.name), getattr(INT8, field.name)
        assert rounded < exact if "cosine" in field.name else rounded > exact


@pytest.mark.parametrize(
    ("larger", "value", "holds"),
    [(True, 0.5, True), (True, 0.4, False), (False, 0.5, True), (False, 0.6, False)],
)
def test_the_limit_itself_holds(larger: bool, value: float, holds: bool) -> None:
    found = Finding(what="x", side=8, value=value, limit=0.5, larger_is_better=larger, images=9)
    assert found.holds is holds


def test_shares_are_told_in_percent_and_cosines_as_they_are() -> None:
    share = Finding(what="x", side=8, value=0.015, limit=0.02, larger_is_better=False, images=9)
    assert share.told == ("1.50 %", "at most 2 %")
    cosine = dataclasses.replace(share, value=0.99912, limit=0.99, larger_is_better=True)
    assert cosine.told == ("0.99912", "at least 0.99")
