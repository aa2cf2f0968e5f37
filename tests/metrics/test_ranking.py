"""ranking: places by hand, equals against us, the query's own image never met, any chunking."""

import numpy as np
import pytest

from lookmore.metrics import ranking
from lookmore.metrics.ranking import compare, first_right_places, right_images, right_places


def place_by_loops(similarity: list[float], right: list[bool]) -> int:
    """Walk the gallery image by image: 1 + the wrong ones at or above the nearest right one."""
    if not any(right):
        return 0
    nearest = max(value for value, is_right in zip(similarity, right, strict=True) if is_right)
    return 1 + sum(
        value >= nearest and not is_right for value, is_right in zip(similarity, right, strict=True)
    )


def test_the_first_right_image_of_three_queries_worked_by_hand() -> None:
    similarity = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1], [0.9, 0.5, 0.1]])
    right = np.array([[True, False, True], [False, False, True], [False, False, False]])
    assert first_right_places(similarity, right).tolist() == [1, 3, 0]


def test_first_places_equal_loops_where_equals_abound() -> None:
    generator = np.random.default_rng(0)
    similarity = generator.integers(4, size=(50, 12)) / 4
    right = generator.random((50, 12)) < 0.2
    expected = [
        place_by_loops(*rows) for rows in zip(similarity.tolist(), right.tolist(), strict=True)
    ]
    assert first_right_places(similarity, right).tolist() == expected


def test_all_right_places_start_with_the_first_one() -> None:
    generator = np.random.default_rng(1)
    similarity = generator.integers(4, size=(50, 12)) / 4
    right = generator.random((50, 12)) < 0.3
    right[:, 0] = True
    firsts = [right_places(*rows)[0] for rows in zip(similarity, right, strict=True)]
    assert first_right_places(similarity, right).tolist() == firsts


def test_all_right_places_by_hand_with_a_tie() -> None:
    similarity = np.array([0.9, 0.8, 0.8, 0.3, 0.2])
    right = np.array([True, True, False, False, True])
    assert right_places(similarity, right).tolist() == [1, 3, 5]


def test_nothing_matches_an_unlabelled_image() -> None:
    found = right_images(np.array([0, -1]), np.array([0, -1, 1]))
    assert found.tolist() == [[True, False, False], [False, False, False]]


def test_comparing_in_chunks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(2)
    queries, gallery = generator.normal(size=(11, 5)), generator.normal(size=(7, 5))
    arguments = {
        "queries": queries,
        "gallery": gallery,
        "query_labels": generator.integers(3, size=11),
        "gallery_labels": generator.integers(3, size=7),
        "same_index": generator.integers(-1, 7, size=11),
    }
    (whole,) = compare(**arguments)
    monkeypatch.setattr(ranking, "_CHUNK_NUMBERS", 3 * 7)
    parts = list(compare(**arguments))
    assert [len(part.similarity) for part in parts] == [3, 3, 3, 2]
    np.testing.assert_array_equal(np.concatenate([part.right for part in parts]), whole.right)
    np.testing.assert_allclose(
        np.concatenate([part.similarity for part in parts]), whole.similarity, rtol=1e-6
    )


def test_similarity_is_cosine_and_minus_infinity_for_oneself() -> None:
    rows = np.array([[3.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    labels = np.zeros(3, dtype=np.int64)
    (found,) = compare(
        queries=rows,
        gallery=rows,
        query_labels=labels,
        gallery_labels=labels,
        same_index=np.array([0, -1, 2]),
    )
    root = np.sqrt(0.5)
    np.testing.assert_allclose(
        found.similarity, [[-np.inf, root, 0], [root, 1, 0], [0, 0, -np.inf]], rtol=1e-6
    )
    assert found.right.tolist() == [[False, True, True], [True] * 3, [True, True, False]]


def test_equal_rows_are_equally_similar_in_every_column() -> None:
    row = np.random.default_rng(3).normal(size=(1, 37))
    (found,) = compare(
        queries=row * 2.0,
        gallery=np.repeat(row, 101, axis=0) * np.linspace(0.1, 9.0, 101)[:, None],
        query_labels=np.zeros(1, dtype=np.int64),
        gallery_labels=np.zeros(101, dtype=np.int64),
        same_index=np.array([-1]),
    )
    assert len(np.unique(found.similarity)) == 1
