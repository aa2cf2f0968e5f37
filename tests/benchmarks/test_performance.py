"""The performance page: every line of every benchmark, nothing outside the markers is touched."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

LINE = {
    "what": "orders 2 and 3, forward and backward",
    "n": 64,
    "ours": 2.5,
    "other": 50.0,
    "ratio": 20.0,
    "unit": "ms",
    "floor": 0.5,
    "engine": "torch",
    "threads": 1,
    "peak_mib": None,
    "max_relative_error": 2e-7,
    "command": "python benchmarks/relations.py --pairs 9",
    "commit": "abc",
    "machine": "a processor",
}


@pytest.fixture
def performance(
    benchmark_script: Callable[[str], ModuleType],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> ModuleType:
    module = benchmark_script("performance")
    (tmp_path / "docs" / "figures").mkdir(parents=True)
    page = tmp_path / "docs" / "performance.md"
    page.write_text(
        "# Before\n\n<!-- written by benchmarks/performance.py -->\nold\n<!-- end -->\n\nAfter.\n"
    )
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "PAGE", page)
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    return module


def test_writes_every_line_between_the_markers_and_the_picture(
    performance: ModuleType, tmp_path: Path
) -> None:
    lines = [LINE, {**LINE, "n": 128, "ours": 1234.5, "engine": "numba"}]
    (tmp_path / "relations.jsonl").write_text("\n".join(map(json.dumps, lines)))
    performance.main()
    text = performance.PAGE.read_text()
    assert text.startswith("# Before\n") and text.endswith("\nAfter.\n")
    assert "old" not in text
    assert "`python benchmarks/relations.py --pairs 9`, commit abc, on a processor." in text
    assert "| 64 | torch | 2.5 | 50 | ms | 20 | 0.5 | 1 | 2.0e-07 |" in text
    assert "| 128 | numba | 1,234 |" in text or "| 128 | numba | 1,235 |" in text
    assert "figures/performance-relations.png" in text
    assert (tmp_path / "docs" / "figures" / "performance-relations.png").stat().st_size > 1000


def test_says_so_where_nothing_is_measured(performance: ModuleType) -> None:
    performance.main()
    assert "Nothing is measured yet" in performance.PAGE.read_text()


def test_the_committed_page_says_what_the_committed_lines_say(
    benchmark_script: Callable[[str], ModuleType],
) -> None:
    module = benchmark_script("performance")
    page = module.PAGE.read_text(encoding="utf-8")
    files = sorted(module.RESULTS.glob("*.jsonl"))
    assert files
    for path in files:
        written = module.section(path.stem, module.read_lines(path))
        assert written in page, "run: python benchmarks/performance.py"
        picture = f"figures/performance-{path.stem}.png"
        assert f"]({picture})" in page
        assert (module.PAGE.parent / picture).exists()


def test_names_of_students_stand_in_their_picture_once_for_each_panel(
    benchmark_script: Callable[[str], ModuleType],
) -> None:
    module = benchmark_script("performance_figures")
    speed = {"unit": "images/s", "n": 64}
    lines = [
        {**speed, "student": name, "kind": kind, "ours": rate, "bytes": size}
        for name in ("small", "pico")
        for kind, rate, size in (("fp32", 3000, 9e5), ("int8", 4000, 3e5))
    ]
    (axes,) = module.students_figure(lines).axes
    assert [text.get_text() for text in axes.texts] == ["small", "pico"]
    assert axes.lines[1].get_xydata().tolist() == [[900.0, 3000.0]]
    right = [
        {"unit": "of 1", "n": 600, "student": "pico", "kind": kind, "ours": value, "bytes": None}
        for kind, value in (("fp32", 0.82), ("int8", 0.8))
    ]
    axes, beside = module.students_figure(lines + right).axes
    assert [text.get_text() for text in beside.texts] == ["pico"]
    assert beside.lines[0].get_xydata().tolist() == [[3000.0, 82.0], [4000.0, 80.0]]


def test_bars_of_an_epoch_are_the_measured_times(
    benchmark_script: Callable[[str], ModuleType],
) -> None:
    module = benchmark_script("performance_figures")
    lines = [
        {"student": "nano", "unit": "ms", "ours": 0.5, "other": 6.0, "floor": 0.4},
        {"student": "nano", "unit": "of 1", "ours": 0.98, "other": None, "floor": None},
    ]
    (axes,) = module.throughput_figure(lines).axes
    named = [text.get_text() for text in axes.get_yticklabels()]
    assert named == ["nano, the steps alone", "nano, ours", "nano, ordinary loop"]
    assert [bar.get_width() for bar in axes.patches] == [0.4, 0.5, 6.0]
