"""Which class is it? By the stream's own scores, or by the nearest class mean where it has none."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.encoder import Embedder
from lookmore.evaluate.measure import Measure, share_of
from lookmore.evaluate.probes import probe_batches

Scores = Callable[[Tensor], Tensor]
"""``(B, 3, s, s)`` images in [0, 1] to ``(B, C)`` class scores."""


def classify(
    who: Contestant,
    *,
    scores: Scores | None,
    embed: Embedder,
    train: np.ndarray,
    train_labels: np.ndarray,
    rows: np.ndarray,
    labels: np.ndarray,
    side: int,
    degradation: str,
    groups: np.ndarray | None = None,
) -> list[Measure]:
    """Measure top-1 accuracy.

    Args:
        who: Whose probes; its gallery's stream gives the class means where there are no scores.
        scores: The probe stream's class scores; ``None`` = nearest class mean of the sharp
            training images' embeddings.
        embed: Makes the embeddings.
        train: Pack rows of the training images.
        train_labels: ``(n,)`` their classes.
        rows: Pack rows tried.
        labels: ``(Q,)`` their classes.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.
        groups: ``(Q,)`` integers, rows that hang together; ``None`` = each row by itself.

    Returns:
        One measure.
    """
    sharp = embed.pack.images.shape[-1]
    if scores is not None:
        found: list[np.ndarray] = []
        for _, images in probe_batches(embed.pack, rows, side=side, degradation=degradation):
            with torch.inference_mode():
                found.append(scores(images.to(embed.device)).argmax(dim=1).cpu().numpy())
        hits = np.concatenate(found) == labels
        return [
            share_of(
                hits, metric="top1_accuracy", gallery_side=0, gallery_stream="none", groups=groups
            )
        ]
    sharp_rows = embed(who.gallery, train, side=sharp)
    classes = np.unique(train_labels[train_labels >= 0])
    means = np.stack([sharp_rows[train_labels == c].mean(axis=0) for c in classes])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    seen = embed(who.probe, rows, side=side, degradation=degradation)
    hits = classes[(seen @ means.T).argmax(axis=1)] == labels
    return [
        share_of(
            hits,
            metric="top1_accuracy",
            gallery_side=sharp,
            gallery_stream=who.gallery.stream,
            groups=groups,
        )
    ]
