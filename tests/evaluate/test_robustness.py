"""Area over log2(side) and the side where it falls: by hand, and on rows of a run."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.integrate import trapezoid

from lookmore.evaluate.figures import save_figure
from lookmore.evaluate.page_parts import robustness_table
from lookmore.evaluate.panels import by_gallery, robustness_panels
from lookmore.evaluate.robustness import (
    area_over_log2,
    robustness,
    side_in_words,
    side_where_it_falls,
)
from lookmore.evaluate.rows import Row

Make = Callable[..., Row]
SIDES = [8, 16, 32]


@pytest.fixture
def grid(make_row: Make) -> list[Row]:
    """Ours and the teacher scaled up at three sides under two degradations; the teacher, sharp."""

    def lines(values: dict[str, list[float]], **facts: Any) -> list[Row]:
        return [
            make_row(
                degradation=degradation, probe_side=side, value=value, low=value - 0.02,
                high=value + 0.02, **facts,
            )
            for degradation, found in values.items()
            for side, value in zip(SIDES, found, strict=True)
        ]  # fmt: skip

    sharp = make_row(
        method="teacher", stream="teacher", guide="none", probe_side=112, degradation="none",
        value=0.95, low=0.92, high=0.97,
    )  # fmt: skip
    ours = lines({"bicubic": [0.5, 0.9, 0.94], "blur": [0.2, 0.5, 0.8]})
    upscaled = lines({"bicubic": [0.1, 0.4, 0.92], "blur": [0.1, 0.3, 0.6]},
                     method="teacher_upscaled")  # fmt: skip
    return [sharp, *ours, *upscaled]


def test_the_area_is_scipys_trapezoid_over_octaves() -> None:
    sides, values = [8, 12, 16, 24, 48], [0.3, 0.5, 0.4, 0.8, 0.9]
    octaves = np.log2(sides)
    expected = trapezoid(values, octaves) / (octaves[-1] - octaves[0])
    assert area_over_log2(sides, values) == pytest.approx(expected)
    assert area_over_log2(sides, [0.7] * 5) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("values", "side"),
    [
        ([0.5, 0.9, 0.95], 16.0),  # at the level, exactly
        ([0.5, 0.7, 1.1], 16 * 2**0.5),  # half way, by octaves
        ([0.91, 0.92, 0.93], 8.0),  # never below
        ([0.95, 0.8, 0.89], None),  # below where it is sharpest
        ([0.95, 0.85, 0.95], 16 * 2**0.5),  # what it does further down does not help
    ],
)
def test_the_side_where_it_falls(values: list[float], side: float | None) -> None:
    assert side_where_it_falls(SIDES, values, level=0.9) == (
        None if side is None else pytest.approx(side)
    )


def test_each_method_and_degradation_has_an_entry(grid: list[Row]) -> None:
    found = {(entry.method, entry.degradation): entry for entry in robustness(grid, metric="rank1")}
    assert len(found) == 4
    ours = found["ours", "bicubic"]
    assert ours.level == pytest.approx(0.9)
    assert ours.good_from == pytest.approx(16)
    assert ours.good_from_low is not None
    assert ours.good_from_low < 16
    assert ours.good_from_high is not None
    assert ours.good_from_high > 16
    assert ours.area == pytest.approx((0.7 + 0.92) / 2)
    assert ours.area_high - ours.area == pytest.approx(0.02)
    assert found["ours", "blur"].good_from is None


def test_sharp_probes_own_sizes_and_other_metrics_have_no_place(
    grid: list[Row], make_row: Make
) -> None:
    more = [make_row(probe_side=0), make_row(metric="rank5", probe_side=8)]
    assert robustness([*grid, *more], metric="rank1") == robustness(grid, metric="rank1")
    assert robustness(grid[1:], metric="rank1") == []  # nothing to be 5 points below


def test_sides_are_put_into_words(grid: list[Row]) -> None:
    entry = robustness(grid, metric="rank1")[0]
    assert side_in_words(entry, None) == "more than 32 px"
    assert side_in_words(entry, 8.0) == "8 px or less"
    assert side_in_words(entry, 12.6) == "13 px"


def test_the_table_says_it_for_a_reader(grid: list[Row]) -> None:
    table = robustness_table(robustness(grid, metric="rank1"))
    assert "<b>16\u00a0px</b>" in table
    assert "more than 32\u00a0px" in table
    assert "90.0 or above" in table
    assert robustness_table([]) == ""


def test_a_panel_for_each_degradation_same_bytes_each_time(grid: list[Row], tmp_path: Path) -> None:
    drawn = []
    for name in ("one", "two"):
        figure = robustness_panels(grid, metric="rank1", title="What it costs")
        drawn.append(save_figure(figure, tmp_path / name).read_bytes())
        titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()]
        assert titles == ["bicubic", "blur"]
        assert {len(axes.lines) for axes in figure.axes if axes.get_visible()} == {3}
    assert drawn[0] == drawn[1]
    with Image.open(io.BytesIO(drawn[0])) as picture:
        assert picture.width > 600


def test_nothing_to_draw_is_an_error(grid: list[Row]) -> None:
    with pytest.raises(ValueError, match="none to draw"):
        robustness_panels(grid[:1], metric="rank1", title="")


def test_galleries_are_drawn_apart(grid: list[Row], make_row: Make) -> None:
    assert by_gallery(grid) == [("", grid)]
    small = make_row(gallery_side=16, gallery_stream="student")
    parts = dict(by_gallery([*grid, small]))
    assert small in parts["LR-LR"]
    assert small not in parts["LR-HR"]
    assert parts["LR-HR"][0] == parts["LR-LR"][0] == grid[0]


def test_the_file_is_plain_json(grid: list[Row]) -> None:
    from dataclasses import asdict

    text = json.dumps(
        [asdict(entry) for entry in robustness(grid, metric="rank1")], allow_nan=False
    )
    assert json.loads(text)[0]["sides"] == SIDES
