"""Labels: a reader meets the same names in the same order in figures, page and terminal."""

from collections.abc import Callable
from itertools import permutations

import pytest

from lookmore.evaluate.groups import grouped
from lookmore.evaluate.labels import (
    counted,
    gallery_label,
    in_order,
    method_of,
    metric_label,
    percent_interval,
)
from lookmore.evaluate.rows import Row

MakeRow = Callable[..., Row]


def test_controls_come_first_and_ours_last_whatever_the_order(make_row: MakeRow) -> None:
    methods = ["teacher", "teacher_upscaled", "student_alone", "rkd", "ours"]
    for mixed in permutations(methods):
        rows = [make_row(method=method) for method in mixed]
        assert [row.method for row in in_order(rows)] == methods


def test_sides_rise_within_a_method(orl_rows: list[Row]) -> None:
    sides = [row.probe_side for row in in_order(orl_rows) if row.method == "ours"]
    assert sides == [8, 16, 32]


def test_an_unknown_method_is_a_rival_under_its_own_name() -> None:
    assert method_of("relational_kd") == ("relational kd", "rival")


@pytest.mark.parametrize(
    ("metric", "label"),
    [
        ("rank1", "Rank-1 identification"),
        ("tar_at_far_1e-2", "TAR at FAR 1e-2"),
        ("recall_at_8", "Recall@8"),
        ("some_new_one", "some new one"),
    ],
)
def test_metrics_have_names(metric: str, label: str) -> None:
    assert metric_label(metric) == label


@pytest.mark.parametrize(
    ("fields", "label"),
    [
        ({}, "teacher, 112 px"),
        ({"gallery_stream": "student"}, "itself, 112 px"),
        ({"gallery_stream": "student", "gallery_side": 16}, "itself, same side"),
        ({"method": "student_alone", "gallery_stream": "student_alone"}, "itself, 112 px"),
        ({"method": "teacher", "stream": "teacher", "probe_side": 112}, "teacher, 112 px"),
        ({"gallery_stream": "none", "gallery_side": 0}, ""),
    ],
)
def test_a_gallery_is_named_by_who_made_it(
    fields: dict[str, object], label: str, make_row: MakeRow
) -> None:
    assert gallery_label(make_row(**fields)) == label


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.856, 0.938, "86\u201394"), (0.926, 0.939, "92.6\u201393.9"), (0.0, 1.0, "0\u2013100")],
)
def test_narrow_intervals_keep_a_decimal(
    low: float, high: float, text: str, make_row: MakeRow
) -> None:
    assert percent_interval(make_row(low=low, high=high)) == text


@pytest.mark.parametrize(
    ("metric", "task", "text"),
    [
        ("rank1", "face", "1,200 probes"),
        ("accuracy", "face", "1,200 pairs"),
        ("recall_at_1", "metric", "1,200 queries"),
        ("top1_accuracy", "classify", "1,200 images"),
    ],
)
def test_what_was_counted_has_a_name(metric: str, task: str, text: str, make_row: MakeRow) -> None:
    assert counted([make_row(metric=metric, task=task, n=1200)]) == text


def test_different_numbers_are_not_counted_as_one(make_row: MakeRow) -> None:
    assert counted([make_row(n=200), make_row(n=199)]) == ""


def test_the_sharp_teacher_stands_in_the_group_of_every_degradation(
    orl_rows: list[Row], make_row: MakeRow
) -> None:
    groups = grouped([*orl_rows, make_row(degradation="degraded")])
    assert [group.degradation for group in groups] == ["bicubic", "degraded"]
    assert [len(group.rows) for group in groups] == [10, 2]
    assert all(group.rows[0].method == "teacher" for group in groups)


def test_no_row_is_lost_between_groups(orl_rows: list[Row], lfw_rows: list[Row]) -> None:
    alone = [row for row in lfw_rows if row.method in ("teacher", "assistant")]
    groups = grouped([*orl_rows, *alone])
    assert {row for group in groups for row in group.rows} == {*orl_rows, *alone}
