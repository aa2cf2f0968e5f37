"""Write the tables of settings in docs/recipes.md from the settings' own source.

Type    .venv/bin/python docs/make_settings.py
"""

import ast
import json
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "lookmore"
PAGE = ROOT / "docs" / "recipes.md"
BEGIN = "<!-- settings: begin; written by docs/make_settings.py, do not edit by hand -->"
END = "<!-- settings: end -->"
WHOLE = "Recipe"


class Setting(NamedTuple):
    """One field of a settings dataclass."""

    name: str
    """As written in a recipe."""

    section: str
    """Settings class that the field holds; empty for a plain value."""

    default: str
    """As YAML; empty where the setting must be stated."""

    sentence: str
    """What it means."""


class Settings(NamedTuple):
    """One settings dataclass."""

    sentence: str
    """Its docstring, one line for each paragraph."""

    fields: tuple[Setting, ...]
    """In the order of the source."""


def settings_of(package: Path) -> dict[str, Settings]:
    """Return every dataclass of a package's ``config.py`` and ``views.py`` files, by name."""
    found: dict[str, Settings] = {}
    paths = sorted([*package.rglob("config.py"), *package.rglob("views.py")])
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    trees.append(ast.parse((package / "losses" / "task.py").read_text(encoding="utf-8")))
    names = {node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}
    for tree in trees:
        constants = _constants(tree)
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and _is_dataclass(node):
                paragraphs = (ast.get_docstring(node) or "").split("\n\n")
                sentence = "\n\n".join(_plain(paragraph) for paragraph in paragraphs)
                found[node.name] = Settings(sentence, tuple(_fields(node, constants, names)))
    return found


def tables(settings: dict[str, Settings]) -> str:
    """Return one Markdown table for each section, in the order in which a recipe names them."""
    places: dict[str, list[str]] = {}
    _place(WHOLE, "", settings, places)
    parts = []
    for name, where in places.items():
        title = ", ".join(f"`{place}`" for place in where) if where != [""] else "The recipe itself"
        rows = [
            f"| `{field.name}` | {_shown(field)} | {field.sentence} |"
            for field in settings[name].fields
        ]
        table = ["| setting | default | meaning |", "|---|---|---|", *rows]
        parts.append(f"### {title}\n\n{settings[name].sentence}\n\n" + "\n".join(table))
    return "\n\n".join(parts)


def rewritten(page: str, block: str) -> str:
    """Return the page with everything between its two marks replaced."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page must hold the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n\n{block}\n\n{END}{after}"


def _place(name: str, where: str, settings: dict[str, Settings], places: dict[str, Any]) -> None:
    places.setdefault(name, []).append(where)
    for field in settings[name].fields:
        if field.section:
            inner = f"{where}.{field.name}" if where else field.name
            _place(field.section, inner, settings, places)


def _is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)


def _constants(tree: ast.Module) -> dict[str, Any]:
    """Return what the module's plain constants stand for, so that a default can name one."""
    found: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue  # computed: no default is made of these
    return found


def _fields(node: ast.ClassDef, constants: dict[str, Any], names: set[str]) -> list[Setting]:
    found = []
    for member, text in zip(node.body, node.body[1:], strict=False):
        if not isinstance(member, ast.AnnAssign) or not isinstance(member.target, ast.Name):
            continue
        sentence = ""
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            sentence = _plain(str(text.value.value))
        kinds = {inner.id for inner in ast.walk(member.annotation) if isinstance(inner, ast.Name)}
        section = next(iter(kinds & names), "")
        default = _default(member.value, constants)
        found.append(Setting(member.target.id, section, default, sentence))
    return found


def _default(value: ast.expr | None, constants: dict[str, Any]) -> str:
    if value is None:
        return ""
    if isinstance(value, ast.Call):  # field(default_factory=NAME)
        made = value.keywords[0].value
        return "{}" if isinstance(made, ast.Name) and made.id == "dict" else "its defaults"
    found = constants[value.id] if isinstance(value, ast.Name) else ast.literal_eval(value)
    return found if isinstance(found, str) and found else json.dumps(found)


def _shown(field: Setting) -> str:
    if not field.default:
        return "**required**"
    return field.default if field.default == "its defaults" else f"`{field.default}`"


def _plain(paragraph: str) -> str:
    """Return a docstring's paragraph as one line of Markdown that fits into a table."""
    return " ".join(paragraph.split()).replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(rewritten(page, tables(settings_of(PACKAGE))), encoding="utf-8")
