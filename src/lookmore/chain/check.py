"""Images and caches, looked over before hours are spent on them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from lookmore.chain.guide import table_of, teacher_flip
from lookmore.chain.material import open_material
from lookmore.chain.problems import IMAGES, Problem, problems_of
from lookmore.chain.run import Reporter
from lookmore.data.config import DataConfig
from lookmore.data.leakage import Twin, twins
from lookmore.data.mirrored import mirror_labels
from lookmore.data.names import SPLIT_NAMES
from lookmore.data.pack import Pack, build_pack
from lookmore.data.sources import open_source
from lookmore.engine.device import chosen_device
from lookmore.errors import ConfigError
from lookmore.page.finding import Finding, Verdict
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

    problems: list[Problem]
    """What stands out among the images, with those that show it."""

    config: DataConfig
    """How the images were read."""

    @property
    def findings(self) -> list[Finding]:
        """All of it in words, faults first; faults are what training would refuse."""
        found = [*self._unreadable(), *self._leaks(), *self._mirrored()]
        found += [problem.finding for problem in self.problems]
        return sorted(found, key=lambda finding: ("fault", "note", "fine").index(finding.verdict))

    def _unreadable(self) -> Iterator[Finding]:
        bad, total = len(self.unreadable), len(self.unreadable) + len(self.pack.ids)
        limit = self.config.max_unreadable
        if not bad:
            yield Finding(IMAGES, "readable", f"all {total:,} images", "fine")
            return
        found = f"images that cannot be read: {bad:,} of {total:,}"
        if bad <= limit * total:
            yield Finding(IMAGES, "unreadable", found, "note", "they are skipped in training")
            return
        advice = f"remove or repair them, or set data.max_unreadable (it is {limit:g})"
        yield Finding(IMAGES, "unreadable", found, "fault", advice)

    def _leaks(self) -> Iterator[Finding]:
        tried = len(self.pack.rows("test"))
        beside = "" if self.compared == tried else f" ({self.compared:,} of {tried:,} compared)"
        if not self.leaks:
            found = f"no picture of test is in train or val{beside}"
            yield Finding(IMAGES, "leaks", found, "fine")
        else:
            found = f"pictures of test that are in train or val, or nearly: {len(self.leaks):,}"
            found += beside
            policy = self.config.leaks
            verdict: Verdict = "fault" if policy == "refuse" else "note"
            advice = _CLIPS if policy == "refuse" and self._are_clips() else _LEAKS[policy]
            yield Finding(IMAGES, "leaks", found, verdict, advice)
        if self.loose:
            found = f"pictures of val that are in train, or nearly: {len(self.loose):,}"
            advice = "settings chosen on val look better than they are; no result suffers"
            yield Finding(IMAGES, "leaks to val", found, "note", advice)

    def _mirrored(self) -> Iterator[Finding]:
        if self.config.mirrored:
            becomes = mirror_labels(self.pack.class_names, self.config.mirrored)
            labels = self.pack.labels[self.pack.rows("train")]
            copies = int((becomes[labels[labels >= 0]] >= 0).sum())
            found = f"training images that are trained on mirrored, too: {copies:,}"
            yield Finding(IMAGES, "mirrored", found, "fine")

    def _are_clips(self) -> bool:
        """Whether most pairs have one name up to the last underscore, as frames of a clip have."""
        alike = [self._clip(twin.train) == self._clip(twin.tried) != "" for twin in self.leaks]
        return 2 * sum(alike) > len(alike)

    def _clip(self, row: int) -> str:
        """Return an image's path up to its last underscore, below the folder of its split."""
        above, _, name = self.pack.ids[row].partition("/")
        path = name if above in SPLIT_NAMES else self.pack.ids[row]
        return path.rpartition("_")[0]


_CLIPS = (
    "most are named like frames of one clip: keep clips whole with data.split_by=group and "
    "'data.group_pattern=^(.*)_', or train with data.leaks=drop"
)
_LEAKS = {
    "refuse": "train with data.leaks=drop, or take one of each pair away",
    "drop": "data.leaks is drop: they are left out of training",
    "allow": "data.leaks is allow: they are trained on all the same",
}


def check_data(config: DataConfig, *, reporter: Reporter) -> DataCheck:
    """Decode every image once and count what is there.

    Args:
        config: Where the images are, and what training would take of them.
        reporter: Told of progress.

    Returns:
        Counts, unreadable images, pictures that are in two splits.

    Raises:
        DataError: If there is nothing to look at.
    """
    source = open_source(config)
    mirror_labels(source.class_names, config.mirrored)  # a wrong name is a fault of its own
    # unreadable images are told of, all of them; mirrored ones are no more than those they copy
    lenient = replace(config, max_unreadable=1, mirrored={})
    pack = build_pack(source, lenient, progress=reporter("images"))
    counts = tuple(_count(pack, name) for name in ("train", "val", "test"))
    train, val, test = (pack.rows(name) for name in ("train", "val", "test"))
    leaks, compared = twins(pack, np.sort(np.concatenate([train, val])), test)
    loose, _ = twins(pack, train, val)
    problems = problems_of(pack, source, config)
    return DataCheck(counts, pack.unreadable, pack, leaks, loose, compared, problems, config)


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
    teacher = open_teacher(recipe.teacher, device=chosen_device(recipe.machine))
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
