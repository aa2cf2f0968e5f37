"""A YAML file, with overrides, into a recipe; and back."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lookmore.data.config import DataConfig
from lookmore.errors import ConfigError
from lookmore.recipe.build import build
from lookmore.recipe.config import Recipe


def load_recipe(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        path: A YAML file.
        overrides: ``section.key=value`` texts; values are read as YAML.

    Returns:
        The recipe, checked.

    Raises:
        ConfigError: Naming every fault of the file and the overrides at once.
    """
    try:
        values = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        raise ConfigError(f"no recipe at {path}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read the recipe {path}: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path} must hold a mapping with sections data, teacher, student, ...")
    return recipe_from(values, source=str(path), overrides=overrides)


def recipe_from(values: Mapping[str, Any], *, source: str, overrides: Sequence[str] = ()) -> Recipe:
    """Make a recipe from plain values, such as `as_plain` returns.

    Args:
        values: Sections and settings.
        source: Where they come from, for messages.
        overrides: ``section.key=value`` texts; values are read as YAML.

    Returns:
        The recipe, checked.

    Raises:
        ConfigError: Naming every fault at once.
    """
    faults: list[str] = []
    merged = _copied(values)
    for override in overrides:
        _apply(override, merged, faults)
    recipe = build(Recipe, merged, where="", faults=faults)
    if faults:
        raise ConfigError(
            f"{source}: {faults[0]}"
            if len(faults) == 1
            else f"{source} has {len(faults)} faults:\n  " + "\n  ".join(faults)
        )
    assert isinstance(recipe, Recipe)  # build returns None only with a fault
    return recipe


def data_config(root: str, overrides: Sequence[str]) -> DataConfig:
    """Return the settings of a recipe's data before there is a recipe.

    Args:
        root: As ``data.root``.
        overrides: ``section.key=value`` texts, of which those of ``data`` count.

    Returns:
        The settings.

    Raises:
        ConfigError: Naming every fault at once.
    """
    faults: list[str] = []
    merged: dict[str, Any] = {"data": {"root": root}}
    for override in overrides:
        if override.startswith("data."):
            _apply(override, merged, faults)
    config = build(DataConfig, merged["data"], where="data", faults=faults)
    if faults:
        raise ConfigError("; ".join(faults))
    assert isinstance(config, DataConfig)  # build returns None only with a fault
    return config


def as_plain(settings: object) -> dict[str, Any]:
    """Return a settings dataclass as dicts, lists and plain values, ready for YAML or JSON.

    Args:
        settings: Any of the settings dataclasses.

    Returns:
        A new dict.
    """
    assert dataclasses.is_dataclass(settings)
    return {
        field.name: _plain_value(getattr(settings, field.name))
        for field in dataclasses.fields(settings)
    }


def as_chosen(settings: object) -> dict[str, Any]:
    """Return what `as_plain` does, without fields that have their default.

    What hangs on a hash of this does not change when lookmore gains a setting.

    Args:
        settings: Any of the settings dataclasses.

    Returns:
        A new dict.
    """
    assert dataclasses.is_dataclass(settings)
    chosen: dict[str, Any] = {}
    for field in dataclasses.fields(settings):
        value, default = getattr(settings, field.name), field.default
        if default is dataclasses.MISSING and field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if default is dataclasses.MISSING or value != default:
            inner = dataclasses.is_dataclass(value)
            chosen[field.name] = as_chosen(value) if inner else _plain_value(value)
    return chosen


def to_yaml(recipe: Recipe, *, heading: Sequence[str] = ()) -> str:
    """Return the whole recipe as YAML, every default written out.

    Args:
        recipe: What to write.
        heading: Lines put on top as comments.

    Returns:
        Text that `load_recipe` reads back to an equal recipe.
    """
    body = yaml.safe_dump(as_plain(recipe), sort_keys=False, default_flow_style=None, width=100)
    return "".join(f"# {line}\n" for line in heading) + body


def _plain_value(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return as_plain(value)
    if isinstance(value, Mapping):
        return {name: _plain_value(inner) for name, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain_value(inner) for inner in value]
    return value


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copied(inner) for name, inner in value.items()}
    return value


def _apply(override: str, values: dict[str, Any], faults: list[str]) -> None:
    dotted, equals, text = override.partition("=")
    if not equals or not dotted:
        faults.append(f"{override!r} is not of the form section.key=value")
        return
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        faults.append(f"{dotted}: {text!r} is not a YAML value")
        return
    if isinstance(value, str) and _is_number(value):
        value = float(value)  # YAML 1.1 reads 1e-3, without a point, as a text
    *sections, key = dotted.split(".")
    place = values
    for section in sections:
        inner = place.setdefault(section, {})
        if inner is None:
            inner = place[section] = {}
        if not isinstance(inner, dict):
            faults.append(f"{dotted}: {section} is a value, not a section")
            return
        place = inner
    place[key] = value


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
