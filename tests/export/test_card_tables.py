"""The tables of a card: every number of the rows in its cell, and no row lost."""

from lookmore.checkpoint.thresholds import Threshold
from lookmore.evaluate.rows import Row
from lookmore.export.card_tables import (
    accuracy_tables,
    markdown_table,
    robustness_table,
    threshold_table,
)


def row(method: str, side: int, value: float, **changed: object) -> Row:
    values = {
        "method": method,
        "stream": "teacher" if method.startswith("teacher") else "student",
        "guide": "teacher",
        "task": "face",
        "protocol": "people",
        "probe_side": side,
        "gallery_side": 112,
        "gallery_stream": "teacher",
        "degradation": "none" if method == "teacher" else "bicubic",
        "metric": "rank1",
        "value": value,
        "low": value - 0.1,
        "high": value + 0.1,
        "interval": "wilson",
        "n": 200,
        "selected_on": "none",
        "seed": 0,
        **changed,
    }
    return Row(**values)


ROWS = [
    row("teacher", 112, 0.95),
    row("teacher_upscaled", 8, 0.2),
    row("teacher_upscaled", 16, 0.4),
    row("ours", 8, 0.7),
    row("ours", 16, 0.91),
    row("ours", 16, 0.99, metric="rank5"),
]


def test_each_value_stands_under_its_side() -> None:
    lines = accuracy_tables(ROWS, metric="rank1").splitlines()
    assert "| method | gallery | 8 px | 16 px | sharp |" in lines
    (ours,) = [line for line in lines if line.startswith("| Student, distilled")]
    cells = [cell.split(" (")[0] for cell in ours.strip("| ").split(" | ")]
    assert cells[2:4] == ["70.0", "91.0"]
    (teacher,) = [line for line in lines if line.startswith("| Teacher, sharp")]
    assert teacher.endswith("|  |  | 95.0 (85\N{EN DASH}105) |")
    assert "99.0" not in "".join(lines)


def test_each_degradation_has_a_table_of_its_own() -> None:
    more = [*ROWS, row("ours", 8, 0.3, degradation="blur")]
    text = accuracy_tables(more, metric="rank1")
    assert text.count("| method | gallery |") == 2
    assert "blur probes" in text and "30.0" in text


def test_a_report_without_the_headline_shows_what_it_has() -> None:
    assert "99.0" in accuracy_tables(ROWS[-1:], metric="accuracy")


def test_robustness_is_the_students_alone() -> None:
    text = robustness_table(ROWS, metric="rank1")
    assert "| bicubic | a sharp gallery | 80.5 | 15 px |" in text  # 0.9 is reached at 15.5 px
    assert text.count("bicubic") == 1
    assert robustness_table(ROWS[:1], metric="rank1") == ""


def test_thresholds_keep_their_digits() -> None:
    known = Threshold(
        far=1e-3, probe_side=8, gallery="teacher", threshold=0.4126, low=0.38, high=0.45,
        realised_far=9.8e-4, impostor_pairs=20_000, genuine_pairs=300, tar=0.8,
        degradation="blur", selected_on="validation",
    )  # fmt: skip
    assert threshold_table([known]).splitlines()[2] == (
        "| 8 px, blur | teacher, sharp | 0.001 | 0.413 (0.380 to 0.450) | any | 80.0 | 20,000 |"
    )


def test_a_bar_in_a_name_does_not_split_its_cell() -> None:
    assert markdown_table(["a"], [["x|y"]]).splitlines()[2] == "| x\\|y |"
