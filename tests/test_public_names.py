"""Public names exist and are documented; an Args section names the parameters that there are."""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "lookmore"
FILES = sorted(PACKAGE.rglob("*.py"))
PACKAGES = [path.parent for path in FILES if path.name == "__init__.py"]

Function = ast.FunctionDef | ast.AsyncFunctionDef


def exported(package: Path) -> list[str]:
    """The names in ``__all__`` of a package's ``__init__.py``, read, not imported."""
    for node in ast.parse((package / "__init__.py").read_text()).body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return list(ast.literal_eval(node.value))
    return []


def own_docstring(thing: object) -> str:
    """What was written for a class or function itself: not inherited, not made by a decorator."""
    text = vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__
    generated = inspect.isclass(thing) and (text or "").startswith(f"{thing.__name__}(")
    return "" if generated else text or ""


def public_functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.AST, list[str]]]:
    """Name, node to read the docstring of, and parameters of each public function and class."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        if isinstance(node, Function):
            yield prefix + node.name, node, parameters(node, in_class=bool(prefix))
        else:
            yield prefix + node.name, node, constructor_parameters(node)
            yield from public_functions(node, f"{prefix}{node.name}.")


def parameters(node: Function, *, in_class: bool) -> list[str]:
    """Parameters in order, without ``self`` or ``cls``."""
    taken = node.args
    names = [
        *(argument.arg for argument in (*taken.posonlyargs, *taken.args)),
        *([taken.vararg.arg] if taken.vararg else []),
        *(argument.arg for argument in taken.kwonlyargs),
        *([taken.kwarg.arg] if taken.kwarg else []),
    ]
    decorators = {name.id for name in node.decorator_list if isinstance(name, ast.Name)}
    return names[1:] if in_class and "staticmethod" not in decorators else names


def constructor_parameters(node: ast.ClassDef) -> list[str]:
    """Parameters of ``__init__``; the annotated fields where there is none (settings, tuples)."""
    for member in node.body:
        if isinstance(member, Function) and member.name == "__init__":
            return parameters(member, in_class=True)
    fields = [member.target for member in node.body if isinstance(member, ast.AnnAssign)]
    return [field.id for field in fields if isinstance(field, ast.Name)]


def documented_parameters(docstring: str) -> list[str] | None:
    """Names in the Args section, in order; None where there is no such section."""
    section = re.search(r"^Args:\n((?:[ ]{4}.*\n|\n)*)", inspect.cleandoc(docstring) + "\n", re.M)
    if section is None:
        return None
    entries = re.findall(r"^ {4}(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: \([^)]*\))?:", section[1], re.M)
    return [name.strip("*") for entry in entries for name in entry.split(", ")]


def disagreements(source: str) -> tuple[int, list[str]]:
    """Number of Args sections in a module, and a sentence for each that is not the signature's."""
    checked, faults = 0, []
    for name, node, expected in public_functions(ast.parse(source)):
        documented = documented_parameters(ast.get_docstring(node) or "")
        if documented is None:
            continue
        checked += 1
        if documented != expected:
            faults.append(f"{name}: Args names {documented}, the signature {expected}")
    return checked, faults


@pytest.mark.parametrize("package", PACKAGES, ids=[path.name for path in PACKAGES])
def test_every_exported_name_exists_and_is_documented(package: Path) -> None:
    dotted = ".".join(package.relative_to(PACKAGE.parent).parts)
    module = importlib.import_module(dotted)
    assert module.__doc__, f"{dotted} has no docstring"
    missing = [name for name in exported(package) if not hasattr(module, name)]
    assert not missing, f"{dotted}.__all__ names what is not there: {missing}"
    bare = [
        name
        for name in exported(package)
        if callable(getattr(module, name)) and not own_docstring(getattr(module, name))
    ]
    assert not bare, f"{dotted} exports without a docstring: {bare}"


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(PACKAGE)) for path in FILES])
def test_documented_arguments_are_those_of_the_signature(path: Path) -> None:
    _, faults = disagreements(path.read_text())
    assert not faults, f"{path.relative_to(PACKAGE)}:\n" + "\n".join(faults)


def test_there_was_something_to_check() -> None:
    assert sum(len(exported(package)) for package in PACKAGES) > 0
    assert sum(disagreements(path.read_text())[0] for path in FILES) > 0


@pytest.mark.parametrize(
    ("signature", "documented", "agrees"),
    [
        ("a, *, b=1", ["a", "b"], True),
        ("a, *rows, b, **rest", ["a", "*rows", "b", "**rest"], True),
        ("low, high", ["low, high"], True),
        ("a, b", ["a"], False),
        ("a", ["a", "b"], False),
        ("a, b", ["b", "a"], False),
        ("a, b", ["a", "c"], False),
    ],
)
def test_a_planted_disagreement_is_found(
    signature: str, documented: list[str], agrees: bool
) -> None:
    lines = "".join(f"        {name}: Words, and more:\n            yes.\n" for name in documented)
    docstring = (
        f'    """Do.\n\n    Args:\n{lines}\n    Returns:\n        c: Not one of them.\n    """\n'
    )
    checked, faults = disagreements(f"def act({signature}):\n{docstring}")
    assert (checked, faults == []) == (1, agrees)


def test_classes_and_methods_are_read_too() -> None:
    source = '''
class Net:
    """Net.

    Args:
        width: Pixels.
    """

    def __init__(self, *, width, depth): ...

    def embed(self, images):
        """Embed.

        Args:
            image: One.
        """
'''
    checked, faults = disagreements(source)
    assert (checked, len(faults)) == (2, 2)
    assert faults[0] == "Net: Args names ['width'], the signature ['width', 'depth']"


def test_a_docstring_that_nobody_wrote_does_not_count() -> None:
    class Written:
        """Written."""

    class Inherited(Written): ...

    assert own_docstring(Written) == "Written."
    assert own_docstring(Inherited) == ""
    assert own_docstring(type("Made", (), {"__doc__": "Made(a, b)"})) == ""
