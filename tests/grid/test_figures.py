"""Pictures and the written section of a suite, from rows alone."""

import math
from collections.abc import Callable

import pytest

from lookmore.evaluate.figures import accuracy_curve
from lookmore.grid.compare import Question
from lookmore.grid.figures import differences, for_curve, mean_rows
from lookmore.grid.glance import glance_table
from lookmore.grid.ledger import GridRow
from lookmore.grid.markdown import parts_table, reading, suite_section

Make = Callable[..., GridRow]
QUESTION = Question(8, 8, "bicubic", False, "top1_accuracy")


@pytest.fixture
def rows(row: Make) -> list[GridRow]:
    """Ours, a rival and a control over three seeds, another rival once, the teacher sharp."""
    found = [
        row(method, value + 0.01 * seed, seed=seed, probe_side=side, cell_method=cell)
        for method, cell, value in (
            ("ours", "ours", 0.9), ("kd", "kd", 0.8), ("teacher_upscaled", "ours", 0.5),
        )
        for seed in range(3)
        for side in (8, 16)
    ]  # fmt: skip
    sharp = row("teacher", 0.95, cell_method="ours", probe_side=32, degradation="none")
    return [*found, row("sp", 0.6), row("sp", 0.7, probe_side=16), sharp]


def test_means_carry_two_standard_errors_and_single_runs_their_own_interval(
    rows: list[GridRow],
) -> None:
    found = {(row.method, row.probe_side): row for row in mean_rows(rows)}
    ours = found["ours", 8]
    assert ours.value == pytest.approx(0.91)
    assert ours.high - ours.value == pytest.approx(2 * 0.01 / math.sqrt(3))
    assert (found["sp", 8].low, found["sp", 8].high) == pytest.approx((0.55, 0.65))
    assert found["sp", 8].interval == "wilson"


def test_the_curve_has_a_line_for_each_method(rows: list[GridRow], row: Make) -> None:
    other = [row(degradation="degraded"), row(student_side=16), row(metric="auc")]
    chosen = for_curve(
        [*rows, *other], student_side=8, degradation="bicubic", metric="top1_accuracy",
        same_side=False,
    )  # fmt: skip
    assert {found.method for found in chosen} == {
        "ours", "kd", "sp", "teacher", "teacher_upscaled",
    }  # fmt: skip
    figure = accuracy_curve(chosen, metric="top1_accuracy", title="")
    assert len(figure.axes) == 1


def test_the_differences_name_every_method_but_ours_and_the_sharp_teacher(
    rows: list[GridRow],
) -> None:
    figure = differences(rows, QUESTION, title="Ours less the others")
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["Teacher, probes scaled up", "SP", "KD, softened scores"]
    words = " ".join(text.get_text() for text in figure.axes[0].texts)
    assert "one run" in words
    assert "n = 3" in words


def test_a_control_far_away_is_at_the_edge_and_leaves_rivals_their_room(
    rows: list[GridRow], row: Make
) -> None:
    far = row("teacher_upscaled", 0.02, cell_method="ours")
    kept = [found for found in rows if found.method not in ("teacher_upscaled", "sp")]
    figure = differences([*kept, far], QUESTION, title="")  # kd is 10 points behind, this one 88
    (axes,) = figure.axes
    assert axes.get_xlim()[1] < 20
    (arrow,) = [line for line in axes.lines if line.get_marker() == ">"]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[int(arrow.get_ydata()[0])] == "Teacher, probes scaled up"
    assert "+88.0" in " ".join(text.get_text() for text in axes.texts)
    assert "triangles" in " ".join(text.get_text() for text in figure.texts)
    near = differences(kept, QUESTION, title="")
    assert "triangles" not in " ".join(text.get_text() for text in near.texts)


@pytest.mark.parametrize("name", ["sp", "a method with a name that says all that it does"])
def test_names_of_methods_stay_in_the_picture(name: str, rows: list[GridRow], row: Make) -> None:
    figure = differences([*rows, row(name, 0.7)], QUESTION, title="")
    axes = figure.axes[0]
    figure.canvas.draw()
    assert all(label.get_window_extent().x0 >= 0 for label in axes.get_yticklabels())
    assert axes.get_position().x1 == pytest.approx(0.80)
    assert (axes.get_position().x0 == pytest.approx(0.30)) == (name == "sp")


def test_without_ours_there_is_nothing_to_draw(row: Make) -> None:
    with pytest.raises(ValueError, match="ours was measured in"):
        differences([row("kd", 0.5)], QUESTION, title="")


def test_the_section_says_what_was_run_and_who_is_ahead(rows: list[GridRow]) -> None:
    text = suite_section("small", rows, metric="top1_accuracy")
    assert text.startswith("## Suite small")
    assert "seeds 0, 1, 2" in text
    assert "commit c" in text
    assert "| **Student, distilled** | 91.0 ± 0.6 | 3 |  |" in text
    assert "| KD, softened scores | 81.0 ± 0.6 | 3 | +10.0 ± 0.0, ahead |" in text
    assert "| SP | 60.0 (55.0 to 65.0) | 1 | +30.0 (one run) |" in text
    assert "| Teacher, sharp probes | 95.0 (90.0 to 100.0) | 1 |  |" in text
    assert "| method | 8 px | 16 px |" in text
    assert "| SP | 60.0 | 70.0 |" in text
    assert "2 of its standard errors" in reading()


def test_probes_small_in_their_files_have_a_table_of_their_own(
    rows: list[GridRow], row: Make
) -> None:
    small = {"probe_side": 0, "degradation": "none"}
    native = [row("ours", 0.8, **small), row("teacher_upscaled", 0.7, cell_method="ours", **small)]
    text = suite_section("small", [*rows, *native], metric="top1_accuracy")
    title = "**Top-1 accuracy: probes small in their files; students for 8 px**"
    table = text.partition(title)[2].partition("\n\n**")[0]
    assert "| Teacher, probes scaled up | 70.0 (65.0 to 75.0) | 1 | +10.0 (one run) |" in table


def test_what_each_part_is_worth_is_the_paired_difference(rows: list[GridRow], row: Make) -> None:
    native = [
        row(name, 0.9, probe_side=0, degradation="none", student_side=16)
        for name in ("ours", "orders_12")
    ]
    of_order_3 = [row("orders_12", 0.89), *native]
    found = parts_table({"small": ("top1_accuracy", [*rows, *of_order_3])})
    small = "probes small in their files, students for 16 px"
    assert f"| order 3 | small | {small} | +0.0 (one run) | 1 |" in found.splitlines()
    assert "| order 3 | small | bicubic probes of 8 px | +1.0 (one run) | 1 |" in found.splitlines()
    assert "| the student: the teacher, probes scaled up | small |" in found
    assert "KD" not in found


def test_at_a_glance_the_nearest_rival_stands_beside_ours(rows: list[GridRow], row: Make) -> None:
    assert glance_table({"small": ("top1_accuracy", rows)}).splitlines()[2] == (
        "| [small](#suite-small) | Top-1 accuracy: bicubic probes of 8 px | 95.0 | 51.0 | "
        "81.0 KD, softened scores | **91.0 ± 0.6** | +10.0 ± 0.0, ahead | 3 |"
    )
    # One of others, one of ours, and one in cells that ours has not.
    better = [row("cc", 0.93, seed=1), row("orders_1", 0.99, seed=1), row("pkt", 0.99, seed=9)]
    nearest = glance_table({"small": ("top1_accuracy", [*rows, *better])}).splitlines()[2]
    assert "| 93.0 CC | **91.0 ± 0.6** |" in nearest
    assert "(one run)" in nearest
    alone = [found for found in rows if found.method == "ours"]
    assert "|  |  |  | **91.0" in glance_table({"small": ("top1_accuracy", alone)})
