"""GuideTable: gives back what the guide saw, by row of the pack and number of the view."""

import numpy as np
import pytest

from lookmore.teachers.table import GuideTable


@pytest.fixture
def table() -> GuideTable:
    """Three rows, two views; each embedding says which it is: (row, view)."""
    rows = np.array([2, 5, 9])
    embeddings = np.array([[[r, v] for v in range(2)] for r in rows], dtype=np.float32)
    return GuideTable(embeddings=embeddings, rows=rows)


def test_finds_rows_in_any_order_and_repeated(table: GuideTable) -> None:
    rows, views = np.array([9, 2, 9, 5]), np.array([0, 1, 1, 0])
    found = table.lookup(rows, views)
    assert found.tolist() == [[9.0, 0.0], [2.0, 1.0], [9.0, 1.0], [5.0, 0.0]]


def test_what_it_gives_is_a_copy(table: GuideTable) -> None:
    table.lookup(np.array([2]), np.array([0])).fill_(7.0)
    assert table.embeddings.max() == 9.0 and table.embeddings[0, 0, 0] == 2.0


@pytest.mark.parametrize("row", [0, 3, 10])
def test_refuses_a_row_it_does_not_hold(table: GuideTable, row: int) -> None:
    with pytest.raises(ValueError, match=f"row {row} is not in the table of 3 rows"):
        table.lookup(np.array([2, row]), np.array([0, 0]))


@pytest.mark.parametrize("view", [-1, 2])
def test_refuses_a_view_it_does_not_hold(table: GuideTable, view: int) -> None:
    with pytest.raises(ValueError, match="views must be between 0 and 1"):
        table.lookup(np.array([2]), np.array([view]))


def test_refuses_rows_out_of_order_and_wrong_shapes() -> None:
    with pytest.raises(ValueError, match="ascending"):
        GuideTable(embeddings=np.zeros((2, 1, 3), np.float32), rows=np.array([3, 3]))
    with pytest.raises(ValueError, match=r"\(n, V, D\) for 3 rows"):
        GuideTable(embeddings=np.zeros((2, 1, 3), np.float32), rows=np.array([1, 2, 3]))
