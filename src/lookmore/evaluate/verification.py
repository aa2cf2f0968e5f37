"""Are these two the same person? Pairs in ten folds, both sides small or only one."""

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

import numpy as np

from lookmore.data.pairs import Pairs, pair_rows
from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.decided import DRAWS, DecidedPairs
from lookmore.evaluate.encoder import Embedder
from lookmore.evaluate.measure import Measure, share_of
from lookmore.metrics.intervals import bootstrap, draws_of_trials
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
    measures: list[Measure] = []
    for form in _forms(who, embed=embed, pairs=pairs, side=side, degradation=degradation):
        measures += _of_fold(form, pairs, fold)
    return measures


class _Form(NamedTuple):
    """All pairs, with both sides small or only one."""

    gallery_side: int
    gallery_stream: str
    similarity: np.ndarray


def _forms(
    who: Contestant, *, embed: Embedder, pairs: Pairs, side: int, degradation: str
) -> Iterator[_Form]:
    sharp = embed.pack.images.shape[-1]
    forms = [(who.probe, side)]
    if side < sharp:
        forms.append((who.gallery, sharp))
    left, right = pair_rows(pairs, embed.pack.ids)
    rows, place = np.unique(np.concatenate([left, right]), return_inverse=True)
    lefts, rights = place[: len(left)], place[len(left) :]
    seen = embed(who.probe, rows, side=side, degradation=degradation)
    for encoder, other_side in forms:
        other = embed(encoder, rows, side=other_side, degradation=degradation)
        # in float64: a threshold between two similarities must not round onto one of them
        similarity = np.einsum(
            "pd,pd->p", seen[lefts].astype(np.float64), other[rights].astype(np.float64)
        )
        yield _Form(other_side, encoder.stream, similarity)


def decided_pairs(
    who: Contestant,
    *,
    embed: Embedder,
    pairs: Pairs,
    fold: int,
    side: int,
    degradation: str,
) -> Iterator[DecidedPairs]:
    """Yield the pairs of one fold as `verify` decides them: LR-LR, then LR-HR.

    Args:
        who: Whose probes, whose gallery.
        embed: Makes the embeddings.
        pairs: All folds.
        fold: The one that is tried.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.
    """
    own = pairs.folds == fold
    left, right = (rows[own] for rows in pair_rows(pairs, embed.pack.ids))
    same = pairs.same[own]
    for form in _forms(who, embed=embed, pairs=pairs, side=side, degradation=degradation):
        judged = fold_accuracy(form.similarity, pairs.same, pairs.folds, fold)
        yield DecidedPairs(
            gallery_side=form.gallery_side,
            gallery_stream=form.gallery_stream,
            correct=judged.correct,
            probes=left,
            others=right if form.gallery_side == side else None,
            selected_on="other folds",
            interval="bootstrap",
            draws=partial(draws_of_trials, same.astype(np.int64), draws=DRAWS),
        )


def _of_fold(form: _Form, pairs: Pairs, fold: int) -> list[Measure]:
    gallery_side, gallery_stream, similarity = form
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
