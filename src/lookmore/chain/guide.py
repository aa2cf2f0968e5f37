"""A guide, ready to be learnt from: its embeddings of every view, placed in one space."""

from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from lookmore.chain.material import Material
from lookmore.data.views import ViewConfig
from lookmore.recipe.config import Recipe
from lookmore.streams.frozen import FrozenStream
from lookmore.streams.stream import Stream
from lookmore.teachers import Teacher
from lookmore.teachers.cache import guide_embeddings, stored_embeddings
from lookmore.teachers.embedding_file import EmbeddingFile
from lookmore.teachers.space import GuideSpace
from lookmore.teachers.table import GuideTable


class Report(Protocol):
    """Says how a long piece of work goes: done, in all, and a word beside."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """Take ``done`` of ``total``."""


class PlacedGuide(NamedTuple):
    """Looks up a guide's embeddings, in the space that a learner shares with it."""

    table: GuideTable
    """The guide's own answers."""

    space: GuideSpace
    """Takes the mean off and evens directions out, where that is asked for, and normalises."""

    width: int
    """Of the embeddings."""

    def lookup(self, rows: np.ndarray, views: np.ndarray) -> Tensor:
        """Return ``(B, D)`` unit embeddings for ``(B,)`` pack rows and view indices."""
        return self.space.place(self.table.lookup(rows, views))


class StreamTeacher:
    """A trained stream in the role of a guide; satisfies `Teacher`.

    Args:
        stream: Copied, and frozen.
        name: How it is called in reports.
        device: Where it computes.
    """

    def __init__(self, stream: Stream, *, name: str, device: torch.device) -> None:
        self.stream = FrozenStream(stream).to(device)
        self.name = name
        self.width = stream.width
        self.licence = "as its training images"
        self.fingerprint = self.stream.fingerprint
        self.device = device

    def embed(self, high: Tensor) -> Tensor:
        """Return ``(B, D)`` unit embeddings of ``(B, 3, S, S)`` images in [0, 1]."""
        return self.stream.embed(high.to(self.device)).cpu()


def table_of(
    teacher: Teacher,
    material: Material,
    *,
    rows: np.ndarray,
    views: ViewConfig,
    seed: int,
    flip: bool,
    report: Report | None = None,
) -> GuideTable:
    """Return a guide's embeddings of every view of ``rows``, computed unless already kept."""
    if isinstance(teacher, EmbeddingFile):
        return stored_embeddings(pack=material.pack, rows=rows, views=views, teacher=teacher)
    return guide_embeddings(
        pack=material.pack,
        rows=rows,
        views=views,
        view_seed=seed,
        embed=teacher.embed,
        fingerprint=teacher.fingerprint,
        width=teacher.width,
        folder=material.cache,
        flip=flip,
        progress=report,
    )


def fit_space(table: GuideTable, *, centre: bool, whiten: float = 0.0) -> GuideSpace:
    """Fit the space to the plain view of the training images (never to a test image)."""
    plain = table.lookup(table.rows, np.zeros(len(table.rows), dtype=np.int64))
    return GuideSpace.fit(plain, centre=centre, whiten=whiten)


def teacher_flip(recipe: Recipe) -> bool:
    """Return whether the teacher's embeddings are averaged over mirror images."""
    return recipe.teacher.flip and recipe.teacher_training is None
