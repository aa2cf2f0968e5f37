"""Measured speed: every way is measured, and what is said follows from the numbers alone."""

import pytest

from lookmore.doctor import speed
from lookmore.doctor.speed import LAYOUTS, PRECISIONS, Speed, judge_speeds, measure_speeds
from lookmore.page.finding import Finding


def speeds(**rates: float) -> list[Speed]:
    """Speeds of 100 images/s, but for those given as ``bfloat16_channels_last=...``."""
    ways = [(precision, layout) for precision in PRECISIONS for layout in LAYOUTS]
    return [Speed(*way, rates.get("_".join(way), 100.0)) for way in ways]


def chosen(measured: list[Speed], *, precision: str = "float32", stated: bool = False) -> Finding:
    """The last line: what lookmore uses."""
    return judge_speeds(measured, precision=precision, stated=stated)[-1]


def test_every_precision_is_measured_in_every_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_BATCH", 2)
    rounds: list[int] = []
    found = measure_speeds(seconds=0.0, device="cpu", progress=lambda: rounds.append(1))
    assert {(way.precision, way.layout) for way in found} == {
        (precision, layout) for precision in PRECISIONS for layout in LAYOUTS
    }
    assert all(way.images_per_s > 0 for way in found)
    assert rounds == []


def test_the_fastest_comes_first_and_the_used_one_is_marked() -> None:
    first, second, *_ = judge_speeds(
        speeds(bfloat16_contiguous=250.0, float32_channels_last=200.0),
        precision="float32",
        stated=False,
    )
    assert first.name == "bfloat16, contiguous"
    assert first.found == "250 images/s, 1.25 times what is used (fastest)"
    assert second.found == "200 images/s (used)"


def test_the_default_stays_where_nothing_is_faster() -> None:
    told = chosen(speeds(bfloat16_channels_last=20.0))
    assert (told.found, told.verdict) == ("float32, channels_last (the default)", "fine")
    assert told.advice == "leave it: machine.precision=bfloat16 would be 0.20 times as fast here"


def test_a_faster_precision_is_a_note_with_its_setting() -> None:
    told = chosen(speeds(bfloat16_channels_last=160.0, bfloat16_contiguous=170.0))
    assert told.verdict == "note"
    assert told.advice.startswith("machine.precision=bfloat16 trains 1.6 times as fast here")


def test_a_recipe_that_chose_slowly_is_told_of_the_default() -> None:
    told = chosen(speeds(bfloat16_channels_last=50.0), precision="bfloat16", stated=True)
    assert told.found == "bfloat16, channels_last (as the recipe says)"
    assert told.advice.startswith("machine.precision=float32 trains 2.0 times as fast here")


def test_a_faster_layout_is_told_though_nothing_sets_it() -> None:
    told = chosen(speeds(float32_contiguous=150.0))
    assert told.verdict == "note"
    assert "float32, contiguous was 1.5 times as fast" in told.advice


@pytest.mark.parametrize("gain", [1.0, 1.19])
def test_a_small_gain_is_not_worth_a_note(gain: float) -> None:
    assert chosen(speeds(bfloat16_channels_last=100 * gain)).verdict == "fine"
