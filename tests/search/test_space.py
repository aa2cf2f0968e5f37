"""The stamp: a student of the same teacher and mean is welcome, any other is named and refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import lookmore
from lookmore.errors import CheckpointError, GalleryError
from lookmore.search import Space

Runs = Callable[..., Path]


def test_another_student_of_the_same_teacher_is_welcome(make_run: Runs, space: Space) -> None:
    other = lookmore.load(make_run("other"))
    assert other.facts["weights_sha256"] != space.student
    space.check(other, gallery="the gallery")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"teacher": {"name": "onnx:net", "fingerprint": "7" * 64, "width": 8}},
            "another teacher, dlib-face 55555555, than this student's, onnx:net 77777777",
        ),
        ({"mean": 0.25}, "placed in another guide space"),
        ({"width": 12}, "holds embeddings of width 8, this student's have 12"),
        ({"guides": {}}, "does not fit this student: .* a space of its own"),
    ],
)
def test_a_student_that_does_not_fit_is_told_why(
    make_run: Runs, space: Space, change: dict[str, Any], message: str
) -> None:
    other = lookmore.load(make_run("other", **change))
    with pytest.raises(GalleryError, match=f"^the gallery .*{message}"):
        space.check(other, gallery="the gallery")


def test_through_the_assistant_the_assistant_must_be_the_same(make_run: Runs) -> None:
    first = lookmore.load(make_run(assistant="a" * 64))
    space = Space.of(first, through="assistant")
    space.check(lookmore.load(make_run("same", assistant="a" * 64)), gallery="it")
    with pytest.raises(GalleryError, match="another assistant"):
        space.check(lookmore.load(make_run("other", assistant="b" * 64)), gallery="it")


def test_through_the_student_the_student_must_be_the_same(make_run: Runs) -> None:
    run = make_run()
    space = Space.of(lookmore.load(run), through="student")
    space.check(lookmore.load(run), gallery="it")
    with pytest.raises(GalleryError, match="another student"):
        space.check(lookmore.load(make_run("other")), gallery="it")


@pytest.mark.parametrize("through", ["teacher", "assistant"])
def test_a_student_with_a_space_of_its_own_has_a_gallery_of_its_own(
    make_run: Runs, through: str
) -> None:
    alone = lookmore.load(make_run(guides={}))
    with pytest.raises(CheckpointError, match="--through student"):
        Space.of(alone, through=through)
    assert Space.of(alone, through="student").through == "student"


def test_it_is_kept_as_plain_facts(space: Space) -> None:
    assert Space.from_facts(space.facts()) == space
    with pytest.raises(GalleryError, match="must state"):
        Space.from_facts({"through": "teacher"})
    with pytest.raises(GalleryError, match="must state"):
        Space.from_facts({**space.facts(), "width": "8"})
