"""One cell of a grid: one method, one side, one seed, one fold; and the recipe that it trains."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from lookmore.chain.folder import chosen_settings
from lookmore.chain.run import alone_config
from lookmore.errors import ConfigError
from lookmore.grid.suite import OURS, MethodConfig, SuiteConfig
from lookmore.recipe.config import LearnerConfig, Recipe
from lookmore.recipe.load import load_recipe


class Cell(NamedTuple):
    """What is trained and measured at once."""

    method: str
    """Name out of the methods' file."""

    side: int
    """Of the student, in pixels."""

    seed: int
    """Of everything drawn."""

    fold: int
    """Of the pairs; 0 = there are none."""

    def __str__(self) -> str:
        fold = f"-fold{self.fold}" if self.fold else ""
        return f"{self.method}-{self.side}px-seed{self.seed}{fold}"


def cells_of(suite: SuiteConfig) -> list[Cell]:
    """Return a suite's cells: every method once before any is repeated, ours first.

    Whoever stops it half way has whole seeds and folds to compare, and not one method in all.

    Args:
        suite: The suite.

    Returns:
        Cells, in the order in which to train them.
    """
    methods = (OURS, *(name for name in suite.methods if name != OURS))
    return [
        Cell(method, side, seed, fold)
        for seed in suite.seeds
        for fold in suite.folds
        for side in suite.sides
        for method in methods
        if side in suite.sides_of.get(method, suite.sides)
    ]


def recipe_of(
    cell: Cell,
    suite: SuiteConfig,
    method: MethodConfig,
    *,
    home: Path,
    overrides: Sequence[str],
) -> Recipe:
    """Return the recipe that a cell trains.

    Args:
        cell: Which method, side, seed and fold.
        suite: Which recipe, and what it changes for everyone.
        method: What the method changes.
        home: Root of the checkout, where the recipe's path begins.
        overrides: Where the images lie, and how this machine is used.

    Returns:
        The recipe; controls are measured in the cells of ours, and there alone.

    Raises:
        ConfigError: If the changes do not fit the recipe.
    """
    fold = (f"data.pairs_fold={cell.fold}",) if cell.fold else ()
    recipe = load_recipe(
        home / suite.recipe,
        [
            *suite.set,
            *method.set,
            *overrides,
            *fold,
            f"name={cell}",
            f"seed={cell.seed}",
            f"degradation.side={cell.side}",
        ],
    )
    controls = suite.controls if cell.method == OURS else ()
    return _changed(
        replace(recipe, evaluate=replace(recipe.evaluate, controls=controls)), method, str(cell)
    )


def settings_of(recipe: Recipe) -> str:
    """Return a hash of all that decides a cell's numbers, but for where the images lie."""
    return hashlib.sha256(json.dumps(chosen_settings(recipe)).encode()).hexdigest()[:16]


def _changed(recipe: Recipe, method: MethodConfig, name: str) -> Recipe:
    student = recipe.student
    if method.alone:
        student = alone_config(recipe, width=student.stream.width)
        return replace(recipe, student=student, assistant=None)
    if method.guides:
        student = replace(student, guides=method.guides)
    assistant = method.assistant and not method.loss
    if recipe.assistant and not assistant:
        student = replace(student, warm_start=False)  # nor does it start from the assistant
    if method.loss:
        student = replace(student, guides={}, weights={}, foreign=method.loss)
    elif method.orders:
        student = replace(student, weights=_kept(student, method.orders, name))
    if assistant:
        return replace(recipe, student=student)
    if not method.loss:
        student = replace(student, guides={"teacher": 1})
    return replace(recipe, student=student, assistant=None)


def _kept(student: LearnerConfig, orders: Sequence[str], name: str) -> dict[str, float]:
    missing = sorted(set(orders) - set(student.active_orders))
    if missing:
        raise ConfigError(
            f"{name} keeps the orders {', '.join(missing)}, which the recipe's student does not "
            f"have; it has {', '.join(student.active_orders)}"
        )
    return {order: student.weights[order] for order in orders}
