"""Names: numbers count as numbers, classes get numbers, gaps mean no label."""

import random

import pytest

from lookmore.data.names import class_name, natural_order, numbered
from lookmore.errors import DataError


def test_numbers_count_as_numbers() -> None:
    names = ["a", "a1.jpg", "a2.jpg", "a02.jpg", "a10.jpg", "a/1.jpg", "b"]
    assert natural_order(names) == ["a", "a/1.jpg", "a1.jpg", "a02.jpg", "a2.jpg", "a10.jpg", "b"]


def test_order_does_not_depend_on_where_one_begins() -> None:
    names = [f"{head}{number}" for head in ("x", "X", "é", "²", "") for number in ("1", "01", "")]
    shuffled = random.Random(0).sample(names, len(names))
    assert natural_order(shuffled) == natural_order(names)


def test_classes_are_numbered_in_natural_order() -> None:
    labels, names = numbered(["s10", "s9", "s10", ""])
    assert names == ("s9", "s10") and labels.tolist() == [1, 0, 1, -1]


@pytest.mark.parametrize(
    ("value", "name"), [(3, "3"), (3.0, "3"), ("03", "03"), (None, ""), (float("nan"), "")]
)
def test_labels_become_names(value: object, name: str) -> None:
    assert class_name(value) == name


@pytest.mark.parametrize("value", [0.5, float("inf"), [1, 2], b"cat"])
def test_refuses_labels_that_name_no_class(value: object) -> None:
    with pytest.raises(DataError, match="text or a whole number, got"):
        class_name(value)
