"""Rows like those of two runs: faces found in a gallery, and pairs of faces told apart."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from lookmore.evaluate.rows import Row

TEACHER = Row(
    method="teacher",
    stream="teacher",
    guide="none",
    task="face",
    protocol="orl-closed-set",
    probe_side=112,
    gallery_side=112,
    gallery_stream="teacher",
    degradation="none",
    metric="rank1",
    value=0.925,
    low=0.88,
    high=0.954,
    interval="wilson",
    n=200,
    selected_on="none",
    seed=0,
)


@pytest.fixture
def make_row() -> Callable[..., Row]:
    """Returns a row of ours at 16 px; any field can be named."""

    def make(**fields: Any) -> Row:
        ours = replace(
            TEACHER, method="ours", stream="student", guide="assistant", probe_side=16,
            degradation="bicubic", value=0.905, low=0.856, high=0.938,
        )  # fmt: skip
        return replace(ours, **fields)

    return make


@pytest.fixture
def orl_rows(make_row: Callable[..., Row]) -> list[Row]:
    """Identification at 8, 16 and 32 px, ours first: sorting is somebody's work."""
    upscaled = {"method": "teacher_upscaled", "stream": "teacher", "guide": "none"}
    alone = {"method": "student_alone", "gallery_stream": "student_alone", "guide": "none"}
    return [
        make_row(probe_side=32, value=0.920, low=0.874, high=0.950),
        make_row(probe_side=8, value=0.665, low=0.597, high=0.727),
        make_row(),
        make_row(probe_side=8, value=0.060, low=0.035, high=0.102, **upscaled),
        make_row(probe_side=16, value=0.315, low=0.255, high=0.382, **upscaled),
        make_row(probe_side=32, value=0.860, low=0.805, high=0.901, **upscaled),
        make_row(probe_side=8, value=0.550, low=0.481, high=0.617, **alone),
        make_row(probe_side=16, value=0.825, low=0.766, high=0.871, **alone),
        make_row(probe_side=32, value=0.860, low=0.805, high=0.901, **alone),
        TEACHER,
    ]


@pytest.fixture
def lfw_rows(make_row: Callable[..., Row]) -> list[Row]:
    """Verification at 8 and 16 px, small against small and small against sharp."""
    base = {"protocol": "lfw", "metric": "accuracy", "n": 6000, "selected_on": "other folds"}
    rows = [
        replace(TEACHER, value=0.989, low=0.986, high=0.991, **base),
        make_row(
            method="assistant", stream="assistant", guide="teacher", probe_side=112,
            gallery_stream="assistant", degradation="none", value=0.97, low=0.965, high=0.975,
            **base,
        ),
    ]  # fmt: skip
    for side, shift in ((8, 0.0), (16, 0.05)):
        for method, stream, gallery, value in (
            ("ours", "student", "student", 0.87),
            ("ours", "student", "teacher", 0.88),
            ("teacher_upscaled", "teacher", "teacher", 0.76),
        ):
            gallery_side = 112 if (method, gallery) == ("ours", "teacher") else side
            rows.append(
                make_row(
                    method=method, stream=stream, gallery_stream=gallery, probe_side=side,
                    gallery_side=gallery_side, value=value + shift, low=value + shift - 0.006,
                    high=value + shift + 0.006, **base,
                )
            )  # fmt: skip
    return rows
