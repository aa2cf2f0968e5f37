"""The order in which a stage meets its images, and what it is handed of each."""

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from lookmore.data.draws import uniform
from lookmore.data.sampling import epoch_batches
from lookmore.data.views import ViewConfig
from lookmore.engine.batch import Batch
from lookmore.engine.inputs import Inputs
from lookmore.errors import ConfigError


class Guide(Protocol):
    """Looks up what a guide said of a view."""

    def lookup(self, rows: np.ndarray, views: np.ndarray) -> Tensor:
        """Return ``(B, D)`` embeddings for ``(B,)`` pack rows and view indices."""


class Feed:
    """Batches of one stage; a pure function of (seed, epoch), so any step can be made again.

    Args:
        rows: ``(n,)`` pack rows of the training images.
        labels: ``(N,)`` class of every pack row; -1 = unlabelled.
        keys: ``(N,)`` content keys of the pack.
        views: What views there are; an image shows them in turn, from its own starting point.
        inputs: What the learner sees.
        guides: What each guide said.
        batch: Images in a batch.
        images_per_class: Images of one class drawn together; 0 = plain shuffling.
        seed: Of the order.
    """

    def __init__(
        self,
        *,
        rows: np.ndarray,
        labels: np.ndarray,
        keys: np.ndarray,
        views: ViewConfig,
        inputs: Inputs,
        guides: Mapping[str, Guide],
        batch: int,
        images_per_class: int,
        seed: int,
    ) -> None:
        self.rows, self.labels, self.views = rows, labels, views
        self.inputs, self.guides = inputs, dict(guides)
        self.batch, self.images_per_class, self.seed = batch, images_per_class, seed
        start = uniform(keys, np.zeros(len(keys), dtype=np.int64), name="first view", seed=seed)
        self._first_view = (start * views.total).astype(np.int64)

    def order(self, epoch: int) -> list[np.ndarray]:
        """Return the pack rows of each batch of an epoch, counted from 0."""
        return epoch_batches(
            self.rows,
            self.labels[self.rows],
            batch=self.batch,
            images_per_class=self.images_per_class,
            seed=self.seed,
            epoch=epoch,
        )

    def shown(self, rows: np.ndarray, epoch: int) -> np.ndarray:
        """Return the view, ``(B,)``, in which each of ``(B,)`` pack rows is seen in an epoch."""
        views: np.ndarray = (self._first_view[rows] + epoch) % self.views.total
        return views

    def batches(
        self, epoch: int, *, skip: int = 0, rank: int = 0, processes: int = 1
    ) -> Iterator[Batch]:
        """Yield the batches of an epoch, or of each the part that one of several processes takes.

        Args:
            epoch: Counted from 0.
            skip: How many to leave out at the beginning.
            rank: Of this process.
            processes: How many share a batch; the parts in the order of their ranks are the batch.

        Raises:
            ConfigError: If a batch is no multiple of the processes.
        """
        for whole in self.order(epoch)[skip:]:
            if len(whole) % processes:
                raise ConfigError(
                    f"schedule.batch must be a multiple of the {processes} processes that train, "
                    f"got a batch of {len(whole)} images"
                )
            share = len(whole) // processes
            rows = whole[rank * share : (rank + 1) * share]
            views = self.shown(rows, epoch)
            labels = np.where(views < self.views.count, self.labels[rows], -1)
            yield Batch(
                images=self.inputs.lookup(rows, views).float() / 255,
                labels=torch.from_numpy(labels),
                guides={name: guide.lookup(rows, views) for name, guide in self.guides.items()},
            )
