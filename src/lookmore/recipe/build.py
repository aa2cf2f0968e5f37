"""Plain values into settings: every unknown name and every wrong value, reported together."""

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from typing import Any

from lookmore.errors import ConfigError


def build(cls: type[Any], values: object, *, where: str, faults: list[str]) -> Any:
    """Make one settings dataclass from the mapping that YAML or JSON gave.

    Args:
        cls: A dataclass whose fields are plain values, tuples, mappings or dataclasses.
        values: The mapping; ``None`` counts as empty.
        where: Dotted place of ``values`` in the recipe, for messages; empty at the top.
        faults: Gets one line per fault; nothing is raised here.

    Returns:
        The settings, or ``None`` if anything in them is at fault.
    """
    if values is None:
        values = {}
    if not isinstance(values, Mapping):
        faults.append(f"{where or 'the recipe'} must be a mapping of names, got {values!r}")
        return None
    hints = typing.get_type_hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    before = len(faults)
    built: dict[str, Any] = {}
    for name, value in values.items():
        place = f"{where}.{name}" if where else str(name)
        if name not in fields:
            near = difflib.get_close_matches(str(name), fields, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(fields)}"
            faults.append(f"{place} is not a setting; {hint}")
            continue
        built[name] = _convert(hints[name], value, where=place, faults=faults)
    for name, field in fields.items():
        required = (
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        )
        if required and name not in values:
            faults.append(f"{f'{where}.{name}' if where else name} is missing")
    if len(faults) > before:
        return None
    try:
        return cls(**built)
    except ConfigError as error:
        faults.append(_placed(str(error), where))
        return None


def _placed(message: str, where: str) -> str:
    """Prefix a part's own message with the place, without saying a section twice."""
    first = message.split(" ", 1)[0]
    section = where.rsplit(".", 1)[-1]
    if not where or first.startswith(f"{where}."):
        return message
    if first.startswith(f"{section}."):
        return where[: -len(section)] + message
    return f"{where}: {message}"


def _convert(kind: Any, value: Any, *, where: str, faults: list[str]) -> Any:
    origin = typing.get_origin(kind)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        kind = next(k for k in typing.get_args(kind) if k is not type(None))
        return _convert(kind, value, where=where, faults=faults)
    if origin is typing.Literal:
        choices = typing.get_args(kind)
        if value not in choices:
            faults.append(f"{where} must be one of {', '.join(map(str, choices))}, got {value!r}")
            return None
        return value
    if dataclasses.is_dataclass(kind):
        assert isinstance(kind, type)  # a field's type is a class, never an instance
        return build(kind, value, where=where, faults=faults)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            faults.append(f"{where} must be a list, got {value!r}")
            return None
        inner = typing.get_args(kind)
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
        if len(kinds) != len(value):
            faults.append(f"{where} must hold {len(kinds)} values, got {list(value)}")
            return None
        return tuple(
            _convert(k, v, where=f"{where}[{i}]", faults=faults)
            for i, (k, v) in enumerate(zip(kinds, value, strict=True))
        )
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        inner = typing.get_args(kind)[1]
        if not isinstance(value, Mapping):
            held = {float: "numbers", str: "names"}[inner]
            faults.append(f"{where} must be a mapping of names to {held}, got {value!r}")
            return None
        return {
            str(k): _convert(inner, v, where=f"{where}.{k}", faults=faults)
            for k, v in value.items()
        }
    return _plain(kind, value, where=where, faults=faults)


def _plain(kind: Any, value: Any, *, where: str, faults: list[str]) -> Any:
    words = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
    fits = {
        int: isinstance(value, int) and not isinstance(value, bool),
        float: isinstance(value, int | float) and not isinstance(value, bool),
        str: isinstance(value, str),
        bool: isinstance(value, bool),
    }
    if not fits[kind]:
        faults.append(f"{where} must be {words[kind]}, got {value!r}")
        return None
    return float(value) if kind is float else value
