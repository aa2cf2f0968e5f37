"""Blocks of pages: what stands between a script's markers is written, and nothing else."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def blocks(benchmark_script: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_script("blocks")


def test_the_block_is_the_only_part_of_the_page_that_is_written(
    blocks: ModuleType, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n{blocks.begin_of('a')}\nold\n{blocks.END}\n\nAfter.\n")
    blocks.write_block(page, "new \\1", script="a")
    assert page.read_text() == (
        f"# Page\n\n{blocks.begin_of('a')}\n\nnew \\1\n\n{blocks.END}\n\nAfter.\n"
    )


@pytest.mark.parametrize("times", [0, 2])
def test_a_page_without_the_markers_or_with_several_is_refused(
    times: int, blocks: ModuleType, tmp_path: Path
) -> None:
    page, block = tmp_path / "page.md", f"{blocks.begin_of('a')}\nold\n{blocks.END}\n"
    page.write_text("# Page\n" + times * block)
    with pytest.raises(ValueError, match=f"does {times} times"):
        blocks.write_block(page, "new", script="a")
    assert page.read_text() == "# Page\n" + times * block


@pytest.mark.parametrize(
    ("script", "page"),
    [
        ("demo_choices", "docs/experiments.md"),
        ("performance", "docs/performance.md"),
        ("results", "README.md"),
        ("results", "docs/method.md"),
        ("results", "docs/faces.md"),
        ("serving", "docs/serve.md"),
        ("small_frames", "docs/classification.md"),
    ],
)
def test_every_script_has_its_place(script: str, page: str, blocks: ModuleType) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert text.count(blocks.begin_of(script)) == 1
    assert blocks.END in text.split(blocks.begin_of(script))[1]
    assert f'script="{script}"' in (ROOT / "benchmarks" / f"{script}.py").read_text()
