"""Train and measure the cells of a grid that are not measured yet."""

import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType

from lookmore.chain.folder import read_seconds
from lookmore.chain.foreign import ForeignLoss
from lookmore.chain.run import Reporter, run_chain
from lookmore.checkpoint.provenance import commit, machine
from lookmore.engine.config import MachineConfig
from lookmore.engine.device import chosen_device
from lookmore.errors import ConfigError
from lookmore.evaluate.run import measure, open_subject
from lookmore.grid.cell import Cell, cells_of, recipe_of, settings_of
from lookmore.grid.ledger import GridRow, Ledger
from lookmore.grid.suite import OURS, MethodConfig, SuiteConfig
from lookmore.recipe.config import Recipe

Rivals = MappingProxyType[str, ForeignLoss]
"""Name of a rival's loss to the loss."""


def read_rivals(path: Path) -> Rivals:
    """Return the rivals' losses that a checkout brings along, from its own Python file.

    Args:
        path: A file with a table ``RIVALS``.

    Raises:
        ConfigError: If it cannot be run, such as for want of a package.
    """
    spec = importlib.util.spec_from_file_location("lookmore_rivals", path)
    if spec is None or spec.loader is None or not path.exists():
        raise ConfigError(f"there are no rivals' losses at {path}: run this from a checkout")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except ImportError as error:
        raise ConfigError(
            f"{path} needs {error.name}: pip install -r {path.parent / 'requirements.txt'}"
        ) from error
    return MappingProxyType(dict(module.RIVALS))


class Grid:
    """A suite with everything that its cells need.

    Args:
        suite: What is compared.
        methods: Name to method.
        home: Root of the checkout.
        overrides: Where the images lie, and how this machine is used.
        ledger: Where rows go.
        runs: Where run folders lie.
        beside: How many runs there are at once, this one among them; rows tell it.
    """

    def __init__(
        self,
        suite: SuiteConfig,
        methods: dict[str, MethodConfig],
        *,
        home: Path,
        overrides: Sequence[str],
        ledger: Ledger,
        runs: Path,
        beside: int = 1,
    ) -> None:
        unknown = sorted(set(suite.methods) - set(methods))
        if unknown:
            raise ConfigError(f"the suite names methods that nobody describes: {unknown}")
        self.suite, self.methods, self.home = suite, methods, home
        self.overrides, self.ledger, self.runs = overrides, ledger, runs
        self.beside = beside

    def recipe(self, cell: Cell) -> Recipe:
        """Return the recipe of a cell."""
        method = self.methods[cell.method]
        return recipe_of(cell, self.suite, method, home=self.home, overrides=self.overrides)

    def recipes(self) -> dict[Cell, Recipe]:
        """Return every cell with its recipe; a fault in any of them shows here."""
        return {cell: self.recipe(cell) for cell in cells_of(self.suite)}

    def open_cells(self, wanted: Callable[[Cell], bool] = lambda cell: True) -> dict[Cell, Recipe]:
        """Return the wanted cells that have no rows under their present settings."""
        return {
            cell: recipe
            for cell, recipe in self.recipes().items()
            if wanted(cell) and not self.ledger.has(cell, settings_of(recipe))
        }

    def run(self, cell: Cell, recipe: Recipe, *, reporter: Reporter) -> list[GridRow]:
        """Train and measure one cell, and put its rows into the ledger.

        A cell that was cut off goes on where it stopped; teachers and assistants that cells share
        are trained once.

        Args:
            cell: Which.
            recipe: Its recipe.
            reporter: Told of progress.

        Returns:
            Its rows.
        """
        folder = self.runs / str(cell)
        name = self.methods[cell.method].loss
        foreign = None
        if name:
            rivals = read_rivals(self.home / "benchmarks" / "rivals.py")
            if name not in rivals:
                raise ConfigError(f"no rival's loss is called {name!r}: {', '.join(rivals)}")
            foreign = rivals[name]
        run_chain(
            recipe,
            folder=folder,
            reporter=reporter,
            restart=True,
            foreign=foreign,
            shelf=self.runs / "stages",
        )
        found = measure(open_subject(folder, recipe, reporter=reporter), default_name=recipe.name)
        # whoever learnt by a foreign loss, the report calls ours
        shown = [
            replace(row, method=cell.method, guide="teacher" if name else row.guide)
            if row.method == OURS
            else row
            for row in found
            if row.method == OURS or cell.method == OURS
        ]
        rows = [
            GridRow(
                **asdict(row),
                cell_method=cell.method,
                student_side=cell.side,
                fold=cell.fold,
                settings=settings_of(recipe),
                commit=commit(),
                machine=_machine(recipe, beside=self.beside),
                seconds=round(read_seconds(folder).get("student", 0.0), 3),
            )
            for row in shown
        ]
        self.ledger.add(cell, rows)
        return rows


def _machine(recipe: Recipe, *, beside: int) -> str:
    """Return what computed, the precision where it is not the default, and how many shared it."""
    precision = recipe.machine.precision
    said = [machine(chosen_device(recipe.machine))]
    if precision != MachineConfig.precision:
        said.append(precision)
    if beside > 1:
        said.append(f"{beside} runs at once")
    return ", ".join(said)
