"""The serving benchmark: every question is asked once, refusals are counted, the table says it."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def serving(benchmark_script: Callable[[str], ModuleType]) -> ModuleType:
    """The script, as a module."""
    return benchmark_script("serving")


def test_a_load_is_measured_on_a_real_server(
    serving: ModuleType, server: Any, photo: Callable[..., bytes]
) -> None:
    images = [photo(person, 5) for person in range(4)]
    load = serving.measure(server.url, clients=3, requests=20, images=images)
    assert (load.clients, load.requests, load.refused) == (3, 20, 0)
    assert 0 < load.p50_ms <= load.p95_ms <= load.p99_ms
    assert load.per_second > 0 and load.batch >= 1
    table = serving.block([load])
    assert f"| 3 | {load.per_second:g} | {load.p50_ms:g} ms |" in table
    assert "| 0 of 20 |" in table


def test_the_block_is_the_only_part_of_the_page_that_is_written(
    serving: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "serve.md"
    page.write_text(f"before\n\n{serving.BEGIN}\n\nold\n\n{serving.END}\n\nafter\n")
    monkeypatch.setattr(serving, "PAGE", page)
    serving.write_block("new \\1")
    assert page.read_text() == f"before\n\n{serving.BEGIN}\n\nnew \\1\n\n{serving.END}\n\nafter\n"


def test_the_page_has_a_place_for_it(serving: ModuleType) -> None:
    text = serving.PAGE.read_text(encoding="utf-8")
    assert text.count(serving.BEGIN) == 1
    assert serving.END in text.split(serving.BEGIN)[1]
