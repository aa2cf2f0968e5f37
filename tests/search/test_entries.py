"""Entries: every image has one person and one unit row; additions and removals keep it so."""

from typing import Any

import numpy as np
import pytest

from lookmore.errors import GalleryError
from lookmore.search import Entries


def entries(**images: str) -> Entries:
    """Images named a, b, c, ... with the person of each; row i points along axis i."""
    rows = np.eye(8, dtype=np.float32)[[ord(name) - ord("a") for name in images]]
    return Entries(people=tuple(images.values()), images=tuple(images), embeddings=rows)


def test_they_stand_by_person_in_the_order_given() -> None:
    found = entries(a="bob", b="ann", c="bob")
    assert found.people == ("ann", "bob", "bob")
    assert found.images == ("b", "a", "c")
    np.testing.assert_array_equal(found.embeddings, np.eye(8)[[1, 0, 2]])


def test_rows_are_put_right_within_rounding_and_kept_when_right() -> None:
    rough = np.full((1, 3), 0.57735, np.float16)
    found = Entries(people=("ann",), images=("a",), embeddings=rough)
    again = Entries(people=("ann",), images=("a",), embeddings=found.embeddings)
    assert np.linalg.norm(found.embeddings[0].astype(np.float64)) == pytest.approx(1, abs=1e-6)
    np.testing.assert_array_equal(again.embeddings, found.embeddings)


def test_an_image_added_again_takes_the_old_ones_place() -> None:
    moved = Entries(people=("ann",), images=("a",), embeddings=np.eye(8, dtype=np.float32)[7:])
    found = entries(a="ann", b="bob").plus(moved)
    assert found.images == ("a", "b")
    np.testing.assert_array_equal(found.embeddings, np.eye(8)[[7, 1]])


def test_what_images_count_goes_with_them() -> None:
    new = Entries(
        people=("ann",), images=("x",), embeddings=np.eye(8)[:1], quality=np.array([0.25])
    )
    found = entries(a="bob", b="ann").plus(new).without({"bob"})
    assert found.images == ("b", "x")
    np.testing.assert_array_equal(found.counts, [1, 0.25])


def test_removal_takes_all_images_of_a_person() -> None:
    assert entries(a="bob", b="ann", c="bob").without({"bob"}).images == ("b",)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": ("a", "a")}, "the image 'a' is enrolled more than once"),
        ({"people": ("ann", "")}, "must be printable and not empty, got ''"),
        ({"people": ("ann", "b\nob")}, r"must be printable and not empty, got 'b\\nob'"),
    ],
)
def test_what_a_user_can_put_right_is_one_line(change: dict[str, Any], message: str) -> None:
    good = {"people": ("ann", "bob"), "images": ("a", "b"), "embeddings": np.eye(2)}
    with pytest.raises(GalleryError, match=message):
        Entries(**{**good, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embeddings": 3 * np.eye(2)}, "rows of length 1, .* got length 3"),
        ({"embeddings": np.array([[np.nan, 1], [0, 1]])}, "must be finite"),
        ({"embeddings": np.ones(2)}, r"finite \(N, D\)"),
        ({"embeddings": np.eye(3)}, r"each image needs a person, an id and an embedding"),
        ({"quality": np.array([1.0, 1.5])}, r"quality must be \(2,\) in \[0, 1\]"),
        ({"quality": np.array([np.nan, 0.5])}, r"quality must be \(2,\) in \[0, 1\]"),
    ],
)
def test_wrong_arrays_are_refused(change: dict[str, Any], message: str) -> None:
    good = {"people": ("ann", "bob"), "images": ("a", "b"), "embeddings": np.eye(2)}
    with pytest.raises(ValueError, match=message):
        Entries(**{**good, **change})


def test_an_image_cannot_become_somebody_elses() -> None:
    with pytest.raises(GalleryError, match=r"'a' is already enrolled as 'ann', not as 'bob'"):
        entries(a="ann").plus(entries(a="bob"))


def test_another_width_is_refused() -> None:
    other = Entries(people=("bob",), images=("z",), embeddings=np.eye(3)[:1])
    with pytest.raises(GalleryError, match="width 8, the new ones have 3"):
        entries(a="ann").plus(other)


def test_a_stranger_cannot_be_removed_and_alike_names_are_offered() -> None:
    with pytest.raises(GalleryError, match=r"nobody .* is called 'anne'; .* 2 people are 'ann'"):
        entries(a="ann", b="bob").without({"anne"})
