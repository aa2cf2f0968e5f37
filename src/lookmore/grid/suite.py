"""What a suite compares: a recipe, methods, sides, seeds and folds; read from YAML."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from lookmore.errors import ConfigError
from lookmore.recipe.build import build
from lookmore.recipe.config import CONTROLS

OURS = "ours"


@dataclass(frozen=True, kw_only=True)
class MethodConfig:
    """One way to train the student: what it changes in the suite's recipe."""

    loss: str = ""
    """Name of a rival's loss, in place of our relations; empty = ours."""

    alone: bool = False
    """Whether the student learns from labels only."""

    orders: tuple[str, ...] = ()
    """Orders of the student's that stay; empty = as in the recipe."""

    assistant: bool = True
    """Whether there is an assistant; without, the student learns from the teacher alone."""

    guides: Mapping[str, float] = field(default_factory=dict)
    """Whom the student learns from, and how much each counts; empty = as in the recipe."""

    set: tuple[str, ...] = ()
    """More changes to the recipe, ``section.key=value``."""


@dataclass(frozen=True, kw_only=True)
class QuickConfig:
    """What ``--quick`` cuts a suite to: enough to see that everything runs, too little to claim."""

    sides: tuple[int, ...] = ()
    """Empty = as the suite."""

    seeds: tuple[int, ...] = (0,)
    """Seeds."""

    folds: tuple[int, ...] = ()
    """Empty = as the suite."""

    methods: tuple[str, ...] = ()
    """Empty = as the suite."""

    set: tuple[str, ...] = ()
    """Changes to the recipe beside the suite's own."""


@dataclass(frozen=True, kw_only=True)
class SuiteConfig:
    """One suite."""

    recipe: str
    """Path of the recipe, from the root of the checkout."""

    needs: tuple[str, ...]
    """Settings that say where the images lie, which the user must give."""

    metric: str
    """The metric that methods are compared by."""

    sides: tuple[int, ...]
    """Sides that students are trained for, in pixels."""

    seeds: tuple[int, ...]
    """Seeds of everything drawn."""

    folds: tuple[int, ...] = (0,)
    """Folds of the pairs, for verification; 0 = there are none."""

    methods: tuple[str, ...]
    """Names out of the methods' file; ``ours`` must be among them."""

    controls: tuple[str, ...] = CONTROLS
    """Controls that are measured, and trained, in the cells of ours."""

    sides_of: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """Sides of single methods, where they are tried at fewer than the suite's."""

    set: tuple[str, ...] = ()
    """Changes to the recipe, for every method."""

    quick: QuickConfig = field(default_factory=QuickConfig)
    """What ``--quick`` makes of it."""

    def __post_init__(self) -> None:
        if OURS not in self.methods:
            raise ConfigError(f"methods must hold {OURS!r}, which the others are compared with")
        for name in ("sides", "seeds", "folds"):
            if not getattr(self, name):
                raise ConfigError(f"{name} must name at least one")

    @property
    def is_for_choosing(self) -> bool:
        """Whether it measures on validation images, on which settings are chosen."""
        return "evaluate.split=val" in self.set


def read_suite(path: Path, *, quick: bool) -> SuiteConfig:
    """Read a suite.

    Args:
        path: A YAML file.
        quick: Cut it to what it says under ``quick``.

    Returns:
        The suite.

    Raises:
        ConfigError: Naming every fault at once.
    """
    suite: SuiteConfig = _built(SuiteConfig, _read(path), path)
    if not quick:
        return suite
    cut = suite.quick
    return replace(
        suite,
        sides=cut.sides or suite.sides,
        seeds=cut.seeds,
        folds=cut.folds or suite.folds,
        methods=cut.methods or suite.methods,
        set=(*suite.set, *cut.set),
    )


def read_methods(path: Path) -> dict[str, MethodConfig]:
    """Read the methods that suites name, in their order.

    Args:
        path: A YAML file: name to settings.

    Returns:
        Name to method.

    Raises:
        ConfigError: If one is at fault.
    """
    values = _read(path)
    return {name: _built(MethodConfig, entry, path, name) for name, entry in values.items()}


def _read(path: Path) -> Mapping[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, Mapping):
        raise ConfigError(f"{path} must hold a mapping of names")
    return values


def _built(cls: type[Any], values: object, path: Path, where: str = "") -> Any:
    faults: list[str] = []
    built = build(cls, values, where=where, faults=faults)
    if faults:
        raise ConfigError(f"{path}: " + "; ".join(faults))
    return built
