"""Does turning away what is hard to recognise leave fewer errors? Beside plainer ways to choose."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.decided import DecidedPairs
from lookmore.evaluate.encoder import Embedder, Encoder
from lookmore.evaluate.measure import Measure, mean_of
from lookmore.evaluate.quality import COSINE, qualities_of
from lookmore.metrics.error_versus_discard import DiscardCurve, error_versus_discard

RANDOM, ORACLE = "discard_random", "discard_oracle"
_SHARE = 0.2


class Discards(NamedTuple):
    """One form of pairs, and what is left of its error under each way of turning away."""

    pairs: DecidedPairs
    """What was decided."""

    curves: dict[str, DiscardCurve]
    """Method, as in rows, to its curve."""

    def measures(self) -> Iterator[tuple[str, Measure]]:
        """Yield each method with its measures, as accuracies: larger is better, as in all rows."""
        pairs = self.pairs
        where = (pairs.gallery_side, pairs.gallery_stream, pairs.selected_on)
        count = len(pairs.correct)
        kept = round((1 - _SHARE) * count)
        for method, curve in self.curves.items():
            error, (low, high) = curve.at(_SHARE)
            metric = f"accuracy_discard_{100 * _SHARE:.0f}"
            yield (
                method,
                Measure(metric, 1 - error, 1 - high, 1 - low, pairs.interval, kept, *where),
            )
            low, high = curve.area_interval
            yield (
                method,
                Measure(
                    "accuracy_discard_area",
                    1 - curve.area,
                    1 - high,
                    1 - low,
                    pairs.interval,
                    count,
                    *where,
                ),
            )


def discards(
    who: Contestant,
    judge: Encoder,
    decided: Iterator[DecidedPairs],
    *,
    embed: Embedder,
    side: int,
    degradation: str,
) -> list[Discards]:
    """Return how the error falls as the worst probes are turned away, by each quality.

    A pair is as good as its probe, or as the worse of its two where both are small. Beside the
    qualities stand turning away at random, and an oracle that knows which pairs go wrong.

    Args:
        who: Whose probes, whose gallery.
        judge: Qualities of the same stream.
        decided: Forms of pairs.
        embed: Makes the embeddings.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.

    Returns:
        One a form.
    """
    return [
        Discards(
            pairs,
            {
                method: error_versus_discard(~pairs.correct, quality, draws=pairs.draws())
                for method, quality in _of_pairs(
                    who, judge, pairs, embed=embed, side=side, degradation=degradation
                ).items()
            },
        )
        for pairs in decided
    ]


def _of_pairs(
    who: Contestant,
    judge: Encoder,
    pairs: DecidedPairs,
    *,
    embed: Embedder,
    side: int,
    degradation: str,
) -> dict[str, np.ndarray]:
    small = pairs.probes if pairs.others is None else np.concatenate([pairs.probes, pairs.others])
    rows, place = np.unique(small, return_inverse=True)
    found = qualities_of(who, judge, embed=embed, rows=rows, side=side, degradation=degradation)
    # the worse of two; a probe alone stands once
    each = place.reshape(-1, len(pairs.probes))
    ours = {method: quality[each].min(axis=0) for method, quality in found.items()}
    level, known = np.zeros(len(pairs.correct)), pairs.correct.astype(np.float64)
    return {RANDOM: level, **ours, ORACLE: known}


def calibration(
    who: Contestant,
    judge: Encoder,
    *,
    embed: Embedder,
    rows: np.ndarray,
    side: int,
    degradation: str,
) -> list[Measure]:
    """Return the mean recognisability of some probes, and the mean cosine that it should be.

    Args:
        who: Whose probes, whose gallery.
        judge: Qualities of the same stream.
        embed: Makes the embeddings.
        rows: ``(n,)`` pack rows.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.

    Returns:
        Two measures; negative cosines count as 0.
    """
    found = qualities_of(who, judge, embed=embed, rows=rows, side=side, degradation=degradation)
    sharp = embed.pack.images.shape[-1]
    return [
        mean_of(values, metric=metric, gallery_side=sharp, gallery_stream=who.gallery.stream)
        for metric, values in (
            ("recognisability", found["ours"]),
            ("cosine_to_gallery", found[COSINE].clip(0, 1)),
        )
    ]
