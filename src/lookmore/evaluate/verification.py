"""Are these two the same person? Pairs in ten folds, both sides small or only one."""

import numpy as np

from lookmore.data.pairs import Pairs, pair_rows
from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.encoder import Embedder, Encoder
from lookmore.evaluate.measure import Measure, share_of
from lookmore.metrics.intervals import bootstrap
from lookmore.metrics.verification import fold_accuracy, roc_auc, tar_at_far

_FARS = (1e-2, 1e-3)


def verify(
    who: Contestant,
    *,
    embed: Embedder,
    pairs: Pairs,
    fold: int,
    side: int,
    degradation: str,
) -> list[Measure]:
    """Measure one fold: accuracy at the threshold of the other folds, AUC, TAR at FAR.

    Two forms: both images at ``side`` through the probe's stream (LR-LR), and the left image at
    ``side`` through the probe's stream against the right one sharp through the gallery's (LR-HR).
    At the sharp side both are the same, and measured once.

    Args:
        who: Whose probes, whose gallery.
        embed: Makes the embeddings.
        pairs: All folds.
        fold: The one that is tried; the others choose the threshold.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.

    Returns:
        Measures of LR-LR, then of LR-HR.
    """
    sharp = embed.pack.images.shape[-1]
    forms: list[tuple[Encoder, int]] = [(who.probe, side)]
    if side < sharp:
        forms.append((who.gallery, sharp))
    left, right = pair_rows(pairs, embed.pack.ids)
    rows, place = np.unique(np.concatenate([left, right]), return_inverse=True)
    lefts, rights = place[: len(left)], place[len(left) :]
    seen = embed(who.probe, rows, side=side, degradation=degradation)
    measures: list[Measure] = []
    for encoder, other_side in forms:
        other = embed(encoder, rows, side=other_side, degradation=degradation)
        # in float64: a threshold between two similarities must not round onto one of them
        similarity = np.einsum(
            "pd,pd->p", seen[lefts].astype(np.float64), other[rights].astype(np.float64)
        )
        measures += _of_fold(
            similarity, pairs, fold, gallery_side=other_side, gallery_stream=encoder.stream
        )
    return measures


def _of_fold(
    similarity: np.ndarray, pairs: Pairs, fold: int, *, gallery_side: int, gallery_stream: str
) -> list[Measure]:
    own = pairs.folds == fold
    judged = fold_accuracy(similarity, pairs.same, pairs.folds, fold)
    measures = [
        share_of(
            judged.correct,
            metric="accuracy",
            gallery_side=gallery_side,
            gallery_stream=gallery_stream,
            selected_on="other folds",
        )
    ]
    ours, same = similarity[own], pairs.same[own]
    table = np.stack([ours, same.astype(ours.dtype)], axis=1)

    def auc(drawn: np.ndarray) -> float:
        return roc_auc(drawn[:, 0], drawn[:, 1] > 0.5)

    low, high = bootstrap(table, auc, strata=same.astype(np.int64))
    measures.append(
        Measure("auc", auc(table), low, high, "bootstrap", len(ours), gallery_side, gallery_stream)
    )
    for far in _FARS:
        if far * (~same).sum() < 1:
            continue  # too few impostors to measure this rate
        accepted = tar_at_far(ours, same, far)
        measures.append(
            share_of(
                ours[same] >= accepted.threshold,
                metric=f"tar_at_far_{far:.0e}".replace("e-0", "e-"),
                gallery_side=gallery_side,
                gallery_stream=gallery_stream,
                selected_on="the same pairs",
            )
        )
    return measures
