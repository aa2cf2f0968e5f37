"""headline: one true sentence from the rows, about the side that was asked for."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from lookmore.evaluate.headline import headline
from lookmore.evaluate.rows import Row

MakeRow = Callable[..., Row]


def test_identification_names_probes_and_the_upscaled_teacher(orl_rows: list[Row]) -> None:
    assert headline(orl_rows, side=16) == (
        "At 16 px the student finds the right person in 90.5 % of 200 probes; "
        "its teacher, fed the same probes scaled up, in 31.5 %."
    )


def test_the_middle_side_is_chosen_whatever_its_result(orl_rows: list[Row]) -> None:
    worse = [replace(row, value=0.01) if row.probe_side == 16 else row for row in orl_rows]
    assert headline(worse).startswith("At 16 px the student finds the right person in 1.0 %")


def test_a_worse_student_is_not_hidden(orl_rows: list[Row]) -> None:
    assert "in 92.0 % of 200 probes; its teacher" in headline(orl_rows, side=32)
    worse = [replace(row, value=0.5) if row.method == "ours" else row for row in orl_rows]
    assert headline(worse, side=32).endswith("scaled up, in 86.0 %.")


def test_verification_compares_the_same_kind_of_pairs(lfw_rows: list[Row]) -> None:
    # Ours is best known against sharp images; the teacher was only tried small against small.
    assert headline(lfw_rows, side=16) == (
        "With one of two images at 16 px the student tells rightly whether two faces are one "
        "person's in 93.0 % of 6,000 pairs."
    )
    small = [row for row in lfw_rows if row.gallery_side == row.probe_side]
    assert headline(small, side=16) == (
        "With both at 16 px the student tells rightly whether two faces are one person's in "
        "92.0 % of 6,000 pairs; its teacher, fed the same pairs scaled up, in 81.0 %."
    )


@pytest.mark.parametrize(
    ("metric", "task", "said"),
    [
        ("recall_at_1", "metric", "puts an image of the right class first for 90.5 % of 200 que"),
        ("top1_accuracy", "classify", "names the right class for 90.5 % of 200 images"),
    ],
)
def test_other_tasks_have_sentences_of_their_own(
    metric: str, task: str, said: str, make_row: MakeRow
) -> None:
    assert said in headline([make_row(metric=metric, task=task)])


def test_images_at_their_own_size_are_said_to_be(make_row: MakeRow) -> None:
    row = make_row(probe_side=0, metric="top1_accuracy", task="classify", degradation="none")
    assert headline([row]).startswith("At the images' own size the student names")


def test_a_teacher_under_another_degradation_or_seed_is_no_counterpart(
    orl_rows: list[Row], make_row: MakeRow
) -> None:
    upscaled = next(r for r in orl_rows if (r.method, r.probe_side) == ("teacher_upscaled", 16))
    for other in (replace(upscaled, degradation="degraded"), replace(upscaled, seed=1)):
        assert "teacher" not in headline([make_row(), other], side=16)


def test_rows_without_ours_make_no_sentence(orl_rows: list[Row]) -> None:
    assert headline([row for row in orl_rows if row.method != "ours"]) == ""
    assert headline(orl_rows, side=20) == ""
    assert headline([]) == ""
