"""Images and caches, looked over before hours are spent on them."""

from typing import NamedTuple

import numpy as np

from lookmore.chain.guide import table_of, teacher_flip
from lookmore.chain.material import open_material
from lookmore.chain.run import Reporter
from lookmore.data.config import DataConfig
from lookmore.data.leakage import Twin, twins
from lookmore.data.pack import Pack, build_pack
from lookmore.data.sources import open_source
from lookmore.errors import ConfigError
from lookmore.recipe.config import Recipe
from lookmore.teachers import open_teacher
from lookmore.teachers.cache import recheck


class SplitCount(NamedTuple):
    """What one split holds."""

    name: str
    """``train``, ``val`` or ``test``."""

    images: int
    """All of them."""

    classes: int
    """Different labels among them."""

    unlabelled: int
    """Images without a label."""


class DataCheck(NamedTuple):
    """What was found in a collection of images."""

    splits: tuple[SplitCount, ...]
    """In the order train, val, test."""

    unreadable: tuple[tuple[str, str], ...]
    """Image and reason."""

    pack: Pack
    """The images."""

    leaks: list[Twin]
    """Pictures of the test split that are in train or val too, or nearly."""

    loose: list[Twin]
    """Pictures of val that are in train too: they spoil choices, and no result."""

    compared: int
    """Images of the test split that were compared; fewer than all where there are very many."""


def check_data(config: DataConfig, *, reporter: Reporter) -> DataCheck:
    """Decode every image once and count what is there.

    Args:
        config: Where the images are.
        reporter: Told of progress.

    Returns:
        Counts, unreadable images, pictures that are in two splits.

    Raises:
        DataError: If there is nothing to look at.
    """
    pack = build_pack(open_source(config), config, progress=reporter("images"))
    counts = tuple(_count(pack, name) for name in ("train", "val", "test"))
    train, val, test = (pack.rows(name) for name in ("train", "val", "test"))
    leaks, compared = twins(pack, np.sort(np.concatenate([train, val])), test)
    loose, _ = twins(pack, train, val)
    return DataCheck(counts, pack.unreadable, pack, leaks, loose, compared)


def check_cache(recipe: Recipe, *, reporter: Reporter) -> float:
    """Recompute a sample of the teacher's kept embeddings.

    Args:
        recipe: Whose teacher, images and views.
        reporter: Told of progress.

    Returns:
        The largest absolute difference.

    Raises:
        TeacherError: If the kept embeddings are stale.
        ConfigError: If the recipe trains its teacher.
    """
    if recipe.teacher_training is not None:
        raise ConfigError("data check --cache needs a ready teacher, this recipe trains its own")
    material = open_material(recipe, progress=reporter("images"))
    teacher = open_teacher(recipe.teacher)
    flip = teacher_flip(recipe)
    table = table_of(
        teacher,
        material,
        rows=material.train,
        views=recipe.views,
        seed=recipe.seed,
        flip=flip,
        report=reporter("teacher looks"),
    )
    return recheck(
        table,
        pack=material.pack,
        views=recipe.views,
        view_seed=recipe.seed,
        embed=teacher.embed,
        flip=flip,
    )


def _count(pack: Pack, name: str) -> SplitCount:
    labels = pack.labels[pack.rows(name)]
    labelled = labels[labels >= 0]
    return SplitCount(name, len(labels), len(np.unique(labelled)), len(labels) - len(labelled))
