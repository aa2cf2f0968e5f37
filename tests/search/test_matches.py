"""Matches are sorted, complete and cannot be changed; anything else is refused when made."""

from typing import Any

import numpy as np
import pytest

from lookmore.search import Match, Matches

GOOD: dict[str, Any] = {
    "people": (("ann", "bob"), ("bob", "ann")),
    "images": (("a.png", "b.png"), ("b.png", "a.png")),
    "similarity": np.array([[0.9, 0.1], [0.5, 0.5]], dtype=np.float32),
}


def test_a_probe_has_its_matches_best_first() -> None:
    found = Matches(**GOOD)
    assert found[0] == (
        Match("ann", pytest.approx(0.9), "a.png"),
        Match("bob", pytest.approx(0.1), "b.png"),
    )
    assert [row[0].person for row in found] == ["ann", "bob"]
    assert (len(found), found.k) == (2, 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"similarity": np.array([[0.1, 0.9], [0.5, 0.5]])}, "must be sorted"),
        ({"similarity": np.array([[0.9, np.nan], [0.5, 0.5]])}, "must be finite"),
        ({"similarity": np.array([0.9, 0.1])}, r"shape \(2, 2\), got \(2,\)"),
        ({"similarity": np.zeros((2, 3))}, r"shape \(2, 2\), got \(2, 3\)"),
        ({"people": (("ann", "ann"), ("bob", "ann"))}, "stands twice"),
        ({"people": (("ann", "bob"), ("bob",))}, "people must hold"),
        ({"images": (("a.png",), ("b.png", "a.png"))}, "images must hold"),
    ],
)
def test_what_is_not_sorted_and_whole_cannot_be_made(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Matches(**{**GOOD, **change})


def test_nobody_can_unsort_them_afterwards() -> None:
    given = GOOD["similarity"].copy()
    found = Matches(**{**GOOD, "similarity": given})
    given[0] = [0.1, 0.9]
    assert found[0][0].similarity == pytest.approx(0.9)
    with pytest.raises(ValueError, match="read-only"):
        found.similarity[0, 0] = 0
    with pytest.raises(AttributeError):
        found.similarity = given  # type: ignore[misc]


def test_no_probes_have_no_matches() -> None:
    assert len(Matches(people=(), images=(), similarity=np.zeros((0, 0), np.float32))) == 0
