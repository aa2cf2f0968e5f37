"""Find more like this: unseen classes, queries small, gallery small or sharp."""

import numpy as np

from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.encoder import Embedder, Encoder
from lookmore.evaluate.measure import Measure, mean_of, share_of
from lookmore.metrics.identification import map_at_r, recall_at_k

_KS = (1, 2, 4, 8)


def retrieve(
    who: Contestant, *, embed: Embedder, rows: np.ndarray, side: int, degradation: str
) -> list[Measure]:
    """Measure recall@k and MAP@R; every image queries all the others.

    Args:
        who: Whose queries, whose gallery.
        embed: Makes the embeddings.
        rows: Pack rows of the test images, queries and gallery alike.
        side: Of the queries, in pixels.
        degradation: Name of the test degradation.

    Returns:
        Measures with the gallery at ``side`` (LR-LR), then with the sharp one (LR-HR).
    """
    sharp = embed.pack.images.shape[-1]
    labels = embed.pack.labels[rows]
    own = np.arange(len(rows))
    queries = embed(who.probe, rows, side=side, degradation=degradation)
    forms: list[tuple[Encoder, int]] = [(who.probe, side)]
    if side < sharp:
        forms.append((who.gallery, sharp))
    measures: list[Measure] = []
    for encoder, gallery_side in forms:
        gallery = embed(encoder, rows, side=gallery_side, degradation=degradation)
        recall = recall_at_k(
            queries, labels, _KS, gallery=gallery, gallery_labels=labels, same_index=own
        )
        measures += [
            share_of(
                recall.hits[:, column],
                metric=f"recall_at_{k}",
                gallery_side=gallery_side,
                gallery_stream=encoder.stream,
            )
            for column, k in enumerate(_KS)
        ]
        precision = map_at_r(
            queries, labels, gallery=gallery, gallery_labels=labels, same_index=own
        )
        measures.append(
            mean_of(
                precision.precisions,
                metric="map_at_r",
                gallery_side=gallery_side,
                gallery_stream=encoder.stream,
            )
        )
    return measures
