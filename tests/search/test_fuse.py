"""Fusing: the mean direction, in which an image that agrees with the others counts more."""

import numpy as np
import pytest

from lookmore.search.entries import Entries
from lookmore.search.fuse import fused, vectors_of


@pytest.fixture
def rows() -> np.ndarray:
    """Five images of one person, and a sixth of somebody else among them."""
    random = np.random.default_rng(0)
    found = random.standard_normal(16) + 0.4 * random.standard_normal((6, 16))
    found[5] = random.standard_normal(16)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def by_loops(rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The definition, one image after the other."""
    total = np.zeros(rows.shape[1])
    for i in range(len(rows)):
        others = [float(np.dot(rows[i], rows[j])) for j in range(len(rows)) if j != i]
        total += max(0.05, sum(others) / len(others)) * counts[i] * rows[i]
    return total / np.sqrt((total**2).sum())


def test_equals_the_definition(rows: np.ndarray) -> None:
    counts = np.linspace(0.2, 1, 6).astype(np.float32)
    np.testing.assert_allclose(fused(rows, counts=counts), by_loops(rows, counts), atol=1e-6)


def test_a_stranger_moves_it_less_than_the_plain_mean(rows: np.ndarray) -> None:
    honest = rows[:5].mean(axis=0)
    plain = rows.mean(axis=0)
    found = fused(rows, counts=np.ones(6, np.float32))
    cosine = [
        float(v @ honest / np.linalg.norm(v) / np.linalg.norm(honest)) for v in (found, plain)
    ]
    assert cosine[0] > cosine[1]


def test_one_image_is_itself_and_two_count_alike(rows: np.ndarray) -> None:
    ones = np.ones(2, np.float32)
    np.testing.assert_allclose(fused(rows[:1], counts=ones[:1]), rows[0], atol=1e-7)
    pair = fused(rows[:2], counts=ones)
    assert pair @ rows[0] == pytest.approx(pair @ rows[1], abs=1e-6)


def test_order_does_not_matter(rows: np.ndarray) -> None:
    ones = np.ones(6, np.float32)
    np.testing.assert_allclose(fused(rows, counts=ones), fused(rows[::-1], counts=ones), atol=1e-7)


def test_what_an_image_counts_is_heeded_and_all_nothing_is_all_alike(rows: np.ndarray) -> None:
    only_first = fused(rows[:2], counts=np.array([1, 0], np.float32))
    np.testing.assert_allclose(only_first, rows[0], atol=1e-7)
    zeros, ones = np.zeros(2, np.float32), np.ones(2, np.float32)
    np.testing.assert_array_equal(fused(rows[:2], counts=zeros), fused(rows[:2], counts=ones))


def test_images_that_cancel_out_leave_nothing_and_no_nan() -> None:
    opposite = np.array([[1, 0], [-1, 0]], dtype=np.float32)
    assert fused(opposite, counts=np.ones(2, np.float32)).tolist() == [0, 0]


def test_everyone_has_one_vector_or_one_for_each_image(rows: np.ndarray) -> None:
    entries = Entries(
        people=("ann", "bob", "ann"), images=("a", "b", "c"), embeddings=rows[[0, 5, 1]]
    )
    one, each = vectors_of(entries, fuse=True), vectors_of(entries, fuse=False)
    assert one.people == each.people == ("ann", "bob")
    assert one.owners.tolist() == [0, 1] and each.owners.tolist() == [0, 0, 1]
    assert one.images == each.images == ((0, 2), (2, 3))
    np.testing.assert_allclose(one.rows[1], rows[5], atol=1e-7)
    np.testing.assert_array_equal(each.rows, rows[[0, 1, 5]])
