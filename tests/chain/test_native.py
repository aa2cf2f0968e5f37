"""Images that are small in their files are tried as they are, beside those that are shrunk."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from lookmore.chain.guide import Report
from lookmore.chain.run import run_chain
from lookmore.errors import ConfigError, DataError
from lookmore.evaluate.rows import Row
from lookmore.evaluate.run import measure, open_subject, trained_recipe
from lookmore.recipe.config import Recipe

Make = Callable[..., Recipe]
Quiet = Callable[[str], Report]


@pytest.fixture
def halved(photographs: Path) -> int:
    """Make every second picture 20 by 18 pixels; return their longer side."""
    for path in sorted(photographs.glob("*/*.png"))[::2]:
        with Image.open(path) as picture:
            small = picture.resize((18, 20))
        small.save(path)
    return 20


def rows_of(folder: Path, quiet: Quiet, *overrides: str) -> list[Row]:
    recipe = trained_recipe(folder, overrides=overrides)
    return measure(open_subject(folder, recipe, reporter=quiet), default_name="try")


def test_small_files_are_rows_of_their_own(
    recipe: Make, quiet: Quiet, tmp_path: Path, halved: int
) -> None:
    run_chain(recipe(), folder=tmp_path / "run", reporter=quiet)
    rows = rows_of(tmp_path / "run", quiet, f"evaluate.native_below={halved}")
    native = [row for row in rows if row.probe_side == 0]
    assert {row.method for row in native} == {"teacher_upscaled", "student_alone", "ours"}
    assert {row.degradation for row in native} == {"none"}
    [all_tried] = {row.n for row in rows if row.probe_side == 8}
    [small] = {row.n for row in native}
    assert 0 < small < all_tried
    # all images are small enough: the same as the teacher on sharp ones
    everything = rows_of(tmp_path / "run", quiet, "evaluate.native_below=32")
    teacher = {row.probe_side: row for row in everything if row.method.startswith("teacher")}
    assert teacher[0].value == teacher[32].value and teacher[0].n == all_tried


def test_no_image_is_that_small(recipe: Make, quiet: Quiet, tmp_path: Path) -> None:
    run_chain(recipe(), folder=tmp_path / "run", reporter=quiet)
    with pytest.raises(DataError, match="has no image that small; its smallest is 32 pixels"):
        rows_of(tmp_path / "run", quiet, "evaluate.native_below=31")


def test_is_for_classification(recipe: Make) -> None:
    with pytest.raises(ConfigError, match=r"evaluate.native_below is for classification"):
        recipe("evaluate.native_below=20", "task=metric")
    with pytest.raises(ConfigError, match=r"evaluate.native_below must be 0 or more, got -1"):
        recipe("evaluate.native_below=-1")
