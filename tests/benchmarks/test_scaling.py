"""The cost of the gather is measured in real processes, and every line has its number."""

from collections.abc import Callable
from types import ModuleType


def test_two_processes_give_two_lines_for_each_size(
    benchmark_script: Callable[[str], ModuleType],
) -> None:
    scaling = benchmark_script("scaling")
    gather, relations = scaling.measured([8], processes=2, turns=1)
    assert gather["n"] == relations["n"] == 8
    assert gather["ours"] > 0 and relations["ours"] > 0
    assert gather["received_mib"] == round(2 * 4 * 4 * 128 / 2**20, 3)  # four rows, two streams
