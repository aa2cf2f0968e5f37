"""The serving benchmark: every question is asked once, refusals are counted, the table says it."""

from collections.abc import Callable
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
