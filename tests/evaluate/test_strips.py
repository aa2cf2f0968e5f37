"""Strips: every pixel is shown as it is, equally large, and right differs from wrong by symbol."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from numpy.typing import NDArray

from lookmore.evaluate.strips import probe_strip, search_strip

Images = NDArray[np.uint8]


@pytest.fixture
def images() -> Callable[..., Images]:
    """Returns ``count`` images of noise."""
    generator = np.random.default_rng(0)

    def make(side: int, count: int = 2) -> Images:
        return generator.integers(0, 256, size=(count, 3, side, side), dtype=np.uint8)

    return make


def printed(figure: Figure, place: int) -> Images:
    """What stands on the canvas where the image of that place was put, ``(3, h, w)``."""
    assert isinstance(figure.canvas, FigureCanvasAgg)
    figure.canvas.draw()
    canvas = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    box = figure.axes[0].images[place].get_window_extent()
    left, right = round(box.x0), round(box.x1)
    top, bottom = round(len(canvas) - box.y1), round(len(canvas) - box.y0)
    return canvas[top:bottom, left:right].transpose(2, 0, 1)


def written(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


@pytest.mark.parametrize("side", [8, 12, 16, 24, 32])
def test_each_pixel_is_an_equal_square_of_its_own_colour(
    side: int, images: Callable[..., Images]
) -> None:
    probes = images(side)
    figure = probe_strip({side: probes}, images(112))
    shown = printed(figure, 3)  # two sharp ones come before
    factor = shown.shape[1] // side
    assert shown.shape == (3, side * factor, side * factor)
    expected = probes[1].repeat(factor, axis=1).repeat(factor, axis=2)
    np.testing.assert_array_equal(shown, expected)


def test_all_sides_are_printed_equally_large(images: Callable[..., Images]) -> None:
    figure = probe_strip({side: images(side) for side in (8, 14, 20)}, images(112))
    sizes = {
        (round(box.width), round(box.height))
        for box in (image.get_window_extent() for image in figure.axes[0].images)
    }
    assert len(figure.axes[0].images) == 8 and len(sizes) == 1


def test_rows_go_from_sharp_to_small_and_say_their_side(images: Callable[..., Images]) -> None:
    figure = probe_strip({8: images(8), 16: images(16)}, images(112))
    sides = [image.get_array().shape[0] for image in figure.axes[0].images]
    assert sides == [112, 112, 16, 16, 8, 8]
    heights = {
        text.get_text(): text.get_window_extent().y0
        for text in figure.findobj(Text)
        if text.get_text().endswith(" px")
    }
    assert heights["112 px"] > heights["16 px"] > heights["8 px"]


def test_words_stay_within_the_figure_for_a_single_image(images: Callable[..., Images]) -> None:
    figure = probe_strip({8: images(8, 1)}, images(112, 1))
    for text in figure.findobj(Text):
        assert text.get_window_extent().x1 <= figure.bbox.x1


@pytest.fixture
def search(images: Callable[..., Images]) -> Figure:
    return search_strip(
        images(16, 3),
        {"ours": images(112, 3), "teacher_upscaled": images(112, 3)},
        {"ours": np.array([True, True, False]), "teacher_upscaled": np.array([False] * 3)},
    )


def test_right_and_wrong_differ_by_symbol(search: Figure) -> None:
    texts = written(search)
    assert (texts.count("\u2713"), texts.count("\u2717")) == (2, 4)


def test_right_and_wrong_differ_by_the_colour_of_the_frame(search: Figure) -> None:
    frames = [patch for patch in search.axes[0].patches if isinstance(patch, Rectangle)]
    colours = [frame.get_edgecolor() for frame in frames]
    assert len(colours) == 6
    assert colours[0] == colours[1] != colours[2] == colours[3] == colours[4] == colours[5]


def test_methods_bear_their_names_and_how_many_are_right(search: Figure) -> None:
    texts = written(search)
    assert "2 of 3 right" in texts and "0 of 3 right" in texts
    assert any("distilled" in text for text in texts)
    assert "16 px" in texts


def test_refuses_a_row_of_other_length(images: Callable[..., Images]) -> None:
    with pytest.raises(ValueError, match=r"the same 2 images, probes\[8\] holds 3"):
        probe_strip({8: images(8, 3)}, images(112, 2))


def test_refuses_probes_under_a_wrong_side(images: Callable[..., Images]) -> None:
    with pytest.raises(ValueError, match=r"probes\[8\] must have that side, got 16"):
        probe_strip({8: images(16)}, images(112))


@pytest.mark.parametrize("shape", [(0, 3, 8, 8), (2, 8, 8, 3), (2, 3, 8, 9), (3, 8, 8)])
def test_refuses_what_is_no_strip_of_squares(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"must be uint8 of shape \(n, 3, side, side\)"):
        probe_strip({}, np.zeros(shape, dtype=np.uint8))


def test_refuses_floats(images: Callable[..., Images]) -> None:
    with pytest.raises(ValueError, match=r"must be uint8 .* got float64"):
        probe_strip({8: np.zeros((2, 3, 8, 8))}, images(112))  # type: ignore[dict-item]


def test_refuses_matches_without_a_verdict(images: Callable[..., Images]) -> None:
    with pytest.raises(ValueError, match=r"matches name \['ours'\], correct names \[\]"):
        search_strip(images(16), {"ours": images(112)}, {})


def test_refuses_verdicts_of_other_length(images: Callable[..., Images]) -> None:
    with pytest.raises(ValueError, match=r"correct\['ours'\] must have shape \(2,\), got \(3,\)"):
        search_strip(images(16), {"ours": images(112)}, {"ours": np.ones(3, dtype=bool)})
