"""Shrinking by others: equal where it is antialiased bicubic, and far off where it is not."""

import sys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from lookmore.doctor.parity import Difference, differences, judge
from lookmore.doctor.pictures import drawn_picture
from lookmore.doctor.shrinkers import Way, reference, ways

SIDES = (8, 16, 24)


def measured(side: int) -> dict[tuple[str, str], Difference]:
    """Every way's difference on the drawn picture, by library and call."""
    found = differences([drawn_picture()], side=side, ways=ways())
    assert len({(way.library, way.call) for way in found}) == len(found)
    return {(way.library, way.call): way for way in found}


@pytest.mark.parametrize("side", SIDES)
def test_what_should_agree_does(side: int) -> None:
    same = [way for way in measured(side).values() if way.is_same]
    assert {way.library for way in same} == {"Pillow", "torchvision", "torch", "ONNX"}
    assert all(way.largest is not None and way.largest <= 2 for way in same)
    assert all(judge(way).verdict == "fine" for way in same)


@pytest.mark.parametrize("side", SIDES)
def test_shrinking_without_antialias_feeds_the_student_something_else(side: int) -> None:
    other = [way for way in measured(side).values() if not way.is_same]
    assert {way.library for way in other} == {"cv2", "torch", "ONNX", "Pillow"}
    assert {judge(way).verdict for way in other} == {"note"}
    linear = measured(side)["cv2", "resize(): INTER_LINEAR"]
    assert linear.largest is not None and linear.largest > 50


def test_linear_shrinking_of_cv2_and_of_torch_is_the_same_thing() -> None:
    found = measured(16)
    linear = found["cv2", "resize(): INTER_LINEAR"]
    torch_linear = found["torch", 'interpolate(mode="bilinear"): no antialias']
    assert linear.mean == pytest.approx(torch_linear.mean, abs=0.05)


def test_an_odd_factor_without_antialias_keeps_one_pixel_of_each_block() -> None:
    picture = drawn_picture()
    centres = picture[3::7, 3::7]
    for way in ways():
        if way.library == "cv2" and ("LINEAR" in way.call or "CUBIC" in way.call):
            assert way.shrink is not None
            np.testing.assert_allclose(way.shrink(picture, 16), centres, atol=1)


def test_steps_are_counted_against_lookmores_own() -> None:
    def brighter(pixels: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
        small = reference(pixels, side).astype(int)
        small[0, 0, 0] += 5 if small[0, 0, 0] < 250 else -5
        return small.astype(np.uint8)

    (found,) = differences(
        [drawn_picture()], side=16, ways=[Way("mine", "brighter", True, brighter)]
    )
    assert found.largest == 5
    assert found.mean == pytest.approx(5 / (16 * 16 * 3))


def test_the_student_judges_by_the_cosine_of_its_embeddings() -> None:
    calls: list[int] = []

    def embed(pictures: Sequence[npt.NDArray[np.uint8]]) -> npt.NDArray[np.float32]:
        calls.append(len(pictures))
        first = len(calls) == 1
        return np.array([[1, 0], [1, 0]] if first else [[0.6, 0.8], [1, 0]], np.float32)

    (found,) = differences(
        [drawn_picture()] * 2, side=16, ways=[Way("mine", "same", True, reference)], embed=embed
    )
    assert calls == [2, 2]
    assert found.cosine_mean == pytest.approx(0.8)
    assert found.cosine_worst == pytest.approx(0.6)
    assert "cosine 0.800, worst 0.600" in judge(found).found


def test_a_broken_library_is_a_fault() -> None:
    broken = Difference("Pillow", "resize", True, 80, 20.0, None, None)
    assert judge(broken).verdict == "fault"


def test_libraries_that_are_not_installed_are_said_to_be_absent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    found = differences([drawn_picture()], side=16, ways=ways())
    absent = [way for way in found if way.largest is None]
    assert {way.library for way in absent} == {"cv2", "ONNX"}
    assert {judge(way).found for way in absent} == {"not installed: not compared"}
    assert {judge(way).verdict for way in absent} == {"fine"}
