"""summary_table: one side at a glance in the terminal, ours last and in another colour."""

from collections.abc import Callable
from io import StringIO

import pytest
from rich.console import Console

from lookmore.evaluate.rows import Row
from lookmore.evaluate.table import summary_table


def printed(rows: list[Row], *, side: int, width: int = 100, colour: bool = False) -> list[str]:
    """The table's lines, as the terminal shows them."""
    stream = StringIO()
    Console(
        file=stream, width=width, force_terminal=colour, color_system="standard" if colour else None
    ).print(summary_table(rows, side=side))
    return [line.strip() for line in stream.getvalue().splitlines() if line.strip()]


def test_shows_method_gallery_value_interval_and_number(orl_rows: list[Row]) -> None:
    assert [line.split() for line in printed(orl_rows, side=16)[3:]] == [
        ["Teacher,", "sharp", "probes", "teacher,", "112", "px", "92.5", "(88\u201395)", "200"],
        [
            "Teacher,",
            "probes",
            "scaled",
            "up",
            "teacher,",
            "112",
            "px",
            "31.5",
            "(26\u201338)",
            "200",
        ],
        ["Student", "without", "teacher", "itself,", "112", "px", "82.5", "(77\u201387)", "200"],
        ["Student,", "distilled", "teacher,", "112", "px", "90.5", "(86\u201394)", "200"],
    ]


def test_the_title_says_what_all_rows_share(orl_rows: list[Row]) -> None:
    title = printed(orl_rows, side=16)[0]
    assert (
        title == "Probes: 16 px \u00b7 Rank-1 identification \u00b7 orl-closed-set \u00b7 bicubic"
    )


def test_what_differs_stands_above_each_section(orl_rows: list[Row], lfw_rows: list[Row]) -> None:
    lines = printed([*orl_rows, *lfw_rows], side=16)
    first = lines.index("Rank-1 identification \u00b7 orl-closed-set")
    second = lines.index("Verification accuracy \u00b7 lfw")
    assert lines[0] == "Probes: 16 px \u00b7 bicubic"
    assert second - first == 5


def test_ours_stands_out_and_controls_stand_back(orl_rows: list[Row]) -> None:
    lines = printed(orl_rows, side=16, colour=True)
    assert "\x1b[1;32m" in lines[-1]
    assert all("\x1b[2m" in line for line in lines[-4:-1])


def test_fits_eighty_columns(orl_rows: list[Row], lfw_rows: list[Row]) -> None:
    lines = printed([*orl_rows, *lfw_rows], side=16, width=80)
    assert sum("(" in line for line in lines) == 4 + 5 + 1  # one line each, and the header


def test_other_sides_are_left_out(orl_rows: list[Row]) -> None:
    assert "66.5" not in " ".join(printed(orl_rows, side=16))


def test_names_are_never_read_as_markup(make_row: Callable[..., Row]) -> None:
    row = make_row(method="[bold]kd", protocol="[red]p", gallery_stream="[blink]t")
    text = " ".join(printed([row], side=16))
    assert all(name in text for name in ("[bold]kd", "[red]p", "[blink]t"))


def test_a_side_that_was_not_measured_is_refused(orl_rows: list[Row]) -> None:
    with pytest.raises(ValueError, match=r"a side of 20 pixels, got sides \[8, 16, 32\]"):
        summary_table(orl_rows, side=20)
