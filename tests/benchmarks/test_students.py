"""students: every backbone becomes two files, whose size and work are said as they are."""

from collections.abc import Callable
from types import ModuleType

import pytest
import torch

pytest.importorskip("onnxruntime", reason="the extra export is not installed")


@pytest.fixture(scope="module")
def students(benchmark_script: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_script("students")


def test_the_smallest_student_fits_sixty_kilobytes_in_eight_bits(students: ModuleType) -> None:
    fp32, int8 = students.speeds(["pico"], threads=1, turns=1)
    assert int8["bytes"] < 60_000 < fp32["bytes"]
    assert fp32["ratio"] == 1.0 and fp32["ours"] > 0 and int8["ours"] > 0


def test_work_is_counted_by_hand(students: ModuleType) -> None:
    stream = students.fresh("pico")
    # stem, stage by stage two convolutions (and a shortcut where the width changes), head
    by_hand = 256 * 9 * (3 * 12 + 2 * 12 * 12)
    by_hand += 64 * (9 * (12 * 24 + 24 * 24) + 12 * 24) + 16 * (9 * (24 * 40 + 40 * 40) + 24 * 40)
    assert students.work_of(stream) == by_hand + 40 * 128


def test_an_encoder_of_pixels_sums_mirror_images_where_asked(students: ModuleType) -> None:
    def network(pixels):
        return {"embeddings": pixels[:, 0, :2, 0].astype("f4")}  # the first row's first two pixels

    image = torch.zeros(1, 3, 2, 2)
    image[0, 0, 0, 0] = 1.0
    plain = students.as_encoder(network, flip=False)(image)
    both = students.as_encoder(network, flip=True)(image)
    torch.testing.assert_close(plain, torch.tensor([[1.0, 0.0]]))
    torch.testing.assert_close(both, torch.tensor([[0.5**0.5, 0.5**0.5]]))


def test_points_behind_small_are_means_over_the_folds_both_were_trained_for(
    students: ModuleType,
) -> None:
    def told(student: str, fold: int, fp32: float, int8: float) -> object:
        return students.Accuracy(student, fold, 600, {"fp32": fp32, "int8": int8})

    lines = students.accuracy_lines(
        [
            told("pico", 4, 0.80, 0.79),
            told("small", 1, 0.90, 0.89),
            told("small", 4, 0.86, 0.86),
            told("pico", 1, 0.82, 0.80),
            told("nano", 4, 0.85, 0.87),
        ]
    )
    found = {(line["student"], line["kind"]): line for line in lines}
    assert list(found) == [(s, k) for s in ("pico", "small", "nano") for k in ("fp32", "int8")]
    pico = found["pico", "int8"]
    assert (pico["ours"], pico["other"], pico["n"]) == (0.795, 0.88, 1200)
    assert pico["what"].endswith("folds 1, 4")
    # behind by 10 and 7 points: their mean, and half their difference as the error of it
    assert (pico["behind"], pico["behind_error"]) == (8.5, 1.5)
    assert (found["small", "fp32"]["behind"], found["small", "fp32"]["behind_error"]) == (0.0, 0.0)
    nano = found["nano", "int8"]
    assert (nano["behind"], nano["behind_error"]) == (-1.0, None)


def test_a_fold_whose_file_is_refused_is_named_and_not_counted(students: ModuleType) -> None:
    small = students.Accuracy("small", 1, 600, {"fp32": 0.9, "int8": 0.9})
    again = students.Accuracy("small", 4, 600, {"fp32": 0.88})
    fp32, int8 = students.accuracy_lines([small, again])
    assert fp32["ours"] == 0.89 and fp32["what"].endswith("folds 1, 4")
    assert (int8["ours"], int8["n"], int8["behind_error"]) == (0.9, 600, None)
    assert int8["what"].endswith("folds 1; export refuses folds 4")
    _, nothing = students.accuracy_lines([again])
    assert nothing["ours"] is None and nothing["what"].endswith(
        "folds none; export refuses folds 4"
    )


def test_a_fold_without_small_has_nothing_beside_it(students: ModuleType) -> None:
    pico = students.Accuracy("pico", 7, 600, {"fp32": 0.8, "int8": 0.8})
    with pytest.raises(SystemExit, match="method ours for fold 7"):
        students.accuracy_lines([pico])
