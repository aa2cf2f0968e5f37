"""The cost of the gather is measured in real processes, and every line has its number."""

import importlib.util
from pathlib import Path


def test_two_processes_give_two_lines_for_each_size() -> None:
    path = Path(__file__).parents[2] / "benchmarks" / "scaling.py"
    spec = importlib.util.spec_from_file_location("scaling", path)
    assert spec is not None and spec.loader is not None
    scaling = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scaling)
    gather, relations = scaling.measured([8], processes=2, turns=1)
    assert gather["n"] == relations["n"] == 8
    assert gather["ours"] > 0 and relations["ours"] > 0
    assert gather["received_mib"] == round(2 * 4 * 4 * 128 / 2**20, 3)  # four rows, two streams
