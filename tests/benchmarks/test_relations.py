"""The comparison of relations with the published form: it must compare, not only time."""

from collections.abc import Callable
from types import ModuleType

import pytest


@pytest.fixture
def relations(benchmark_script: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_script("relations")


@pytest.mark.parametrize("count", [3, 24])
def test_ours_agrees_with_the_published_form(relations: ModuleType, count: int) -> None:
    line = relations.compare(count, pairs=1)
    assert line["max_relative_error"] < 1e-5
    assert line["ours"] > 0
    assert line["other"] > 0
    assert line["n"] == count


def test_another_formula_would_show(relations: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relations, "ANGLE", 2.1)
    right = relations.losses()["ours"]
    monkeypatch.undo()
    both = relations.losses() | {"ours": right}
    monkeypatch.setattr(relations, "losses", lambda: both)
    assert relations.compare(24, pairs=1)["max_relative_error"] > 1e-3
