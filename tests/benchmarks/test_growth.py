"""What grows with images and people is measured in processes of its own, on images that differ."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

Benchmark = Callable[[str], ModuleType]


def test_each_number_has_its_lines(benchmark_script: Benchmark) -> None:
    growth = benchmark_script("growth")
    *of_images, of_people = growth.measured(Namespace(images=[200], people=[30]))
    assert [line["n"] for line in of_images] == [200, 200, 200]
    assert of_people["n"] == 30
    for line in (*of_images, of_people):
        assert line["ours"] > 0
        assert line["peak_mib"] > 100  # torch alone holds more


def test_no_two_photographs_are_alike(benchmark_script: Benchmark, tmp_path: Path) -> None:
    benchmark_script("growth").photographs(150, tmp_path)
    files = [path.read_bytes() for path in tmp_path.glob("*/*.jpg")]
    assert len(set(files)) == len(files) == 150
