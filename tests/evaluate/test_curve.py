"""accuracy_curve: draws every row where it belongs, names every line, hides and mixes nothing."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from lookmore.evaluate.curve import accuracy_curve
from lookmore.evaluate.rows import Row

MakeRow = Callable[..., Row]


def axes_of(figure: Figure) -> Axes:
    (axes,) = figure.axes
    return axes


def line_through(figure: Figure, *points: tuple[float, float]) -> Line2D:
    """The one line with exactly these points."""
    (line,) = (
        line
        for line in axes_of(figure).lines
        if line.get_xydata().shape == (len(points), 2) and np.allclose(line.get_xydata(), points)
    )
    return line


def written(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def saturation(line: Line2D) -> float:
    """Spread of the colour channels: 0 is grey."""
    channels = to_rgb(line.get_color())
    return max(channels) - min(channels)


@pytest.fixture
def figure(orl_rows: list[Row]) -> Figure:
    return accuracy_curve(orl_rows, metric="rank1", title="Faces")


def test_draws_values_in_percent_by_rising_side(figure: Figure) -> None:
    line_through(figure, (8, 66.5), (16, 90.5), (32, 92.0))
    line_through(figure, (8, 6.0), (16, 31.5), (32, 86.0))
    line_through(figure, (8, 55.0), (16, 82.5), (32, 86.0))


def test_bands_span_the_intervals(figure: Figure, orl_rows: list[Row]) -> None:
    drawn = {
        (round(x), round(y, 6))
        for band in axes_of(figure).collections
        for x, y in band.get_paths()[0].vertices
    }
    for row in orl_rows:
        if row.method != "teacher":
            assert (row.probe_side, round(100 * row.low, 6)) in drawn
            assert (row.probe_side, round(100 * row.high, 6)) in drawn


def test_the_sharp_teacher_is_a_level_line(figure: Figure) -> None:
    level = line_through(figure, (0, 92.5), (1, 92.5))
    assert level.get_transform() == axes_of(figure).get_yaxis_transform()


def test_ticks_stand_at_the_sides_present_on_a_log2_axis(figure: Figure) -> None:
    axes = axes_of(figure)
    assert axes.get_xscale() == "log"
    assert axes.xaxis.get_transform().base == 2
    assert list(axes.get_xticks()) == [8, 16, 32]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["8 px", "16 px", "32 px"]
    assert not len(axes.get_xticks(minor=True))


def test_controls_are_grey_and_dashed_ours_is_coloured_and_solid(figure: Figure) -> None:
    ours = line_through(figure, (8, 66.5), (16, 90.5), (32, 92.0))
    upscaled = line_through(figure, (8, 6.0), (16, 31.5), (32, 86.0))
    alone = line_through(figure, (8, 55.0), (16, 82.5), (32, 86.0))
    assert saturation(ours) > 0.5 and ours.get_linestyle() == "-"
    for control in (upscaled, alone):
        assert saturation(control) < 0.1 and control.get_linestyle() == "--"
        assert control.get_linewidth() < ours.get_linewidth()


def test_every_line_is_named_with_its_last_value_and_its_gallery(figure: Figure) -> None:
    texts = written(figure)
    assert "Student, distilled  92.0" in texts
    assert "Teacher, sharp probes  92.5" in texts
    assert texts.count("gallery: teacher, 112 px") == 3
    assert texts.count("gallery: itself, 112 px") == 1


def test_says_what_is_drawn(figure: Figure) -> None:
    assert "Faces" in written(figure)
    assert any("Rank-1 identification in % of 200 probes" in text for text in written(figure))


def check_that_words_keep_apart(figure: Figure) -> None:
    assert isinstance(figure.canvas, FigureCanvasAgg)
    figure.canvas.draw()
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    boxes = [text.get_window_extent() for text in texts]
    for box in boxes:
        assert figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 and box.y1 <= figure.bbox.y1
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize("step", [0.0, 0.002, 0.1])
@pytest.mark.parametrize("rivals", [0, 9])
def test_names_never_overlap_nor_leave_the_figure(
    rivals: int, step: float, orl_rows: list[Row], make_row: MakeRow
) -> None:
    rows = [*orl_rows]
    for rival in range(rivals):
        value = 0.9 - step * rival
        rows += [make_row(method=f"rival_{rival}", probe_side=s, value=value) for s in (8, 32)]
    check_that_words_keep_apart(accuracy_curve(rows, metric="rank1", title="Faces"))


def test_names_without_notes_keep_apart_too(make_row: MakeRow) -> None:
    rows = [make_row(method=f"rival_{rival}", gallery_side=16) for rival in range(9)]
    check_that_words_keep_apart(accuracy_curve(rows, metric="rank1", title="Faces"))


def test_galleries_of_one_method_are_lines_of_their_own(lfw_rows: list[Row]) -> None:
    figure = accuracy_curve(lfw_rows, metric="accuracy", title="Pairs")
    sharp = line_through(figure, (8, 88.0), (16, 93.0))
    small = line_through(figure, (8, 87.0), (16, 92.0))
    assert sharp.get_color() != small.get_color()
    assert (sharp.get_marker(), small.get_marker()) == ("o", "s")


def test_the_assistant_is_a_second_level_line(lfw_rows: list[Row]) -> None:
    figure = accuracy_curve(lfw_rows, metric="accuracy", title="Pairs")
    line_through(figure, (0, 97.0), (1, 97.0))
    line_through(figure, (0, 98.9), (1, 98.9))


def test_galleries_that_are_all_small_are_not_noted_on_every_line(lfw_rows: list[Row]) -> None:
    small = [row for row in lfw_rows if row.gallery_side in (row.probe_side, 0)]
    figure = accuracy_curve(small, metric="accuracy", title="Pairs")
    assert not any(text.startswith("gallery") for text in written(figure))


def test_a_single_side_has_whiskers_apart_from_one_another(orl_rows: list[Row]) -> None:
    rows = [row for row in orl_rows if row.probe_side in (16, 112)]
    figure = accuracy_curve(rows, metric="rank1", title="Faces")
    whiskers = [lines.get_segments()[0] for lines in axes_of(figure).collections]
    places = [x for (x, _), _ in whiskers]
    assert len(set(places)) == 3 and all(abs(place - 16) < 1 for place in places)
    assert any(np.allclose([low, high], [85.6, 93.8]) for (_, low), (_, high) in whiskers)


def test_other_metrics_and_own_sizes_are_passed_over(
    orl_rows: list[Row], make_row: MakeRow
) -> None:
    others = [make_row(metric="rank5", value=0.99), make_row(probe_side=0, degradation="none")]
    figure = accuracy_curve([*orl_rows, *others], metric="rank1", title="Faces")
    line_through(figure, (8, 66.5), (16, 90.5), (32, 92.0))
    assert len(axes_of(figure).lines) == 4


def test_a_title_is_shown_letter_by_letter(orl_rows: list[Row]) -> None:
    figure = accuracy_curve(orl_rows, metric="rank1", title="from $_^$ up")
    assert isinstance(figure.canvas, FigureCanvasAgg)
    figure.canvas.draw()
    assert "from $_^$ up" in written(figure)


@pytest.mark.parametrize("field", ["protocol", "degradation"])
def test_refuses_to_mix(field: str, orl_rows: list[Row]) -> None:
    rows = [*orl_rows, replace(orl_rows[0], **{field: "another"})]
    with pytest.raises(ValueError, match=f"one figure shows one {field}, got"):
        accuracy_curve(rows, metric="rank1", title="Faces")


def test_refuses_two_seeds_on_one_line(orl_rows: list[Row]) -> None:
    with pytest.raises(ValueError, match=r"one row for each side, got sides \[8, 16, 32, 32\]"):
        accuracy_curve([*orl_rows, replace(orl_rows[0], seed=1)], metric="rank1", title="Faces")


def test_refuses_to_draw_nothing(orl_rows: list[Row]) -> None:
    with pytest.raises(ValueError, match="no row of metric 'auc'"):
        accuracy_curve(orl_rows, metric="auc", title="Faces")
