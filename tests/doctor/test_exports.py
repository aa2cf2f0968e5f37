"""Exported files beside a run: another student, or another answer, is a fault."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest

from lookmore.doctor import exports
from lookmore.doctor.exports import look_at_exports
from lookmore.doctor.pictures import drawn_picture
from lookmore.errors import CheckpointError, MissingExtraError
from lookmore.page.finding import Finding

Look = Callable[..., list[Finding]]


def student(*rows: Sequence[float], weights: str = "a") -> SimpleNamespace:
    """A student that always answers with these embeddings."""

    def embed(pictures: Sequence[object]) -> npt.NDArray[np.float32]:
        return np.array(rows, np.float32)

    return SimpleNamespace(facts={"weights_sha256": weights}, embed=embed)


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Look:
    """Looks at exported files that open as given, beside a student with one embedding (1, 0)."""

    def findings(exported: object, *names: str) -> list[Finding]:
        for name in names:
            (tmp_path / name).touch()

        def load(path: Path) -> object:
            if isinstance(exported, Exception):
                raise exported
            return exported

        monkeypatch.setattr(exports, "load", load)
        own = student((1.0, 0.0))
        return look_at_exports(own, tmp_path, pictures=[drawn_picture()])  # type: ignore[arg-type]

    return findings


def test_nothing_is_said_where_nothing_was_exported(look: Look) -> None:
    assert look(student((1.0, 0.0)), "other.onnx") == []


def test_the_same_answer_is_fine(look: Look) -> None:
    (found,) = look(student((1.0, 1e-6)), "student.onnx")
    assert (found.name, found.verdict) == ("student.onnx", "fine")
    assert found.found == "differs by 1e-06 at most; cosine 1.000, worst 1.000, on 1 pictures"


def test_another_answer_is_a_fault_of_float32_and_told_of_eight_bits(look: Look) -> None:
    whole, small = look(student((0.6, 0.8)), "student.onnx", "student-int8.onnx")
    assert (whole.verdict, small.verdict) == ("fault", "fine")
    assert "cosine 0.600" in small.found


def test_an_answer_that_is_no_number_is_a_fault_in_every_precision(look: Look) -> None:
    found = look(student((float("nan"), 0.0)), "student.onnx", "student-int8.onnx")
    assert [finding.verdict for finding in found] == ["fault", "fault"]


def test_a_file_of_other_weights_is_a_fault(look: Look) -> None:
    (found,) = look(student((1.0, 0.0), weights="b"), "student.onnx")
    assert (found.verdict, found.found) == ("fault", "was exported from other weights")


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (CheckpointError("student.onnx is damaged"), "fault"),
        (MissingExtraError(package="onnxruntime", extra="export", purpose="this"), "note"),
    ],
)
def test_a_file_that_does_not_open_is_told(look: Look, error: Exception, verdict: str) -> None:
    (found,) = look(error, "student.onnx")
    assert found.verdict == verdict
    assert str(error) in (found.found, found.advice)
