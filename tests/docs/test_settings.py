"""The tables of settings in docs/recipes.md are those of the source, with nothing left out."""

import dataclasses
import importlib.util
import json
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lookmore.recipe.config import Recipe

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_settings", ROOT / "docs/make_settings.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sections(cls: type[Any], where: str) -> Iterator[tuple[str, type[Any]]]:
    """Every section of a recipe and its class, found by running the code, not by reading it."""
    yield where, cls
    for name, kind in typing.get_type_hints(cls).items():
        for inner in (kind, *typing.get_args(kind)):
            if dataclasses.is_dataclass(inner) and isinstance(inner, type):
                yield from sections(inner, f"{where}.{name}" if where else name)


def as_json(field: "dataclasses.Field[Any]") -> str:
    """How the page must show a field's default."""
    if field.default_factory is not dataclasses.MISSING:
        return "its defaults" if dataclasses.is_dataclass(field.default_factory) else "`{}`"
    if field.default is dataclasses.MISSING:
        return "**required**"
    if isinstance(field.default, str) and field.default:
        return f"`{field.default}`"
    return f"`{json.dumps(field.default)}`"


def test_the_committed_page_is_what_the_script_writes(script: ModuleType) -> None:
    block = script.tables(script.settings_of(script.PACKAGE))
    assert script.rewritten(PAGE, block) == PAGE, "run: .venv/bin/python docs/make_settings.py"


def test_every_setting_stands_there_with_its_default_and_a_sentence() -> None:
    found = list(sections(Recipe, ""))
    assert len(found) > 15
    parts = PAGE.split("\n### ")[1:]
    for where, cls in found:
        title = f"`{where}`" if where else "The recipe itself"
        (part,) = [part for part in parts if title in part.splitlines()[0].split(", ")]
        rows = dict(re.findall(r"^\| `(\w+)` \| (.+? \| .+) \|$", part, flags=re.MULTILINE))
        assert list(rows) == [field.name for field in dataclasses.fields(cls)]
        for field in dataclasses.fields(cls):
            default, _, sentence = rows[field.name].partition(" | ")
            assert default == as_json(field), f"{where}.{field.name}"
            assert sentence.endswith("."), f"{where}.{field.name} has no sentence"


def test_a_page_without_marks_is_refused(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="must hold the lines"):
        script.rewritten("# Recipes\n", "tables")


def test_the_rest_of_a_page_stays(script: ModuleType) -> None:
    page = f"before\n{script.BEGIN}\nold\n{script.END}\nafter\n"
    found = script.rewritten(page, "new")
    assert found.startswith("before\n") and found.endswith("\nafter\n")
    assert "new" in found and "old" not in found
