"""The benchmark of galleries: it must hold answers against the exact ones, not only time."""

import json
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from lookmore.search import approximate


@pytest.fixture
def benchmark(
    benchmark_script: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    module = benchmark_script("gallery")
    monkeypatch.setattr(module, "PROBES", 64)
    words = ("--people", "500", "--json", "--kinds", "flat", "hnsw")
    monkeypatch.setattr("sys.argv", ["gallery.py", *words])
    return module


def test_each_kind_has_a_line_with_its_recall(
    benchmark: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    benchmark.main()
    flat, hnsw = map(json.loads, capsys.readouterr().out.splitlines())
    assert (flat["kind"], hnsw["kind"]) == ("flat", "hnsw")
    assert flat["people"] == hnsw["people"] == 500
    assert flat["recall_at_1"] == flat["recall_at_10"] == 1.0
    assert 0.9 < hnsw["recall_at_1"] <= 1
    assert hnsw["disk_mib"] > flat["disk_mib"] > 500 * 128 * 4 / 2**20
    assert all(line[name] > 0 for line in (flat, hnsw) for name in ("build_s", "one_probe_ms"))


def test_a_blind_index_would_show(
    benchmark: ModuleType,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        approximate, "search_index", lambda index, queries, count: np.arange(20)[None]
    )
    benchmark.main()
    _, hnsw = map(json.loads, capsys.readouterr().out.splitlines())
    assert hnsw["recall_at_1"] < 0.3
