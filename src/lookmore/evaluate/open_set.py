"""Is this anybody we know, and who? Half of the people are enrolled, the others are strangers."""

import hashlib
import os
from collections.abc import Sequence

import numpy as np

from lookmore.evaluate.contest import Contestant
from lookmore.evaluate.encoder import Embedder
from lookmore.evaluate.measure import Measure, share_of
from lookmore.metrics.open_set import dir_at_far

_FARS = (1e-1, 1e-2)
_FEWEST = 4  # people: with two enrolled, finding the right one says something


def enrolled_half(names: Sequence[str]) -> np.ndarray:
    """Choose half of the people by a hash of their names, so that no order matters.

    Args:
        names: ``(P,)``, one per person.

    Returns:
        ``(P,)`` bool, half of them true; of an odd number the larger half.
    """

    def draw(name: str) -> bytes:  # not the draw of the splits, which chose these very people
        return hashlib.blake2b(os.fsencode(name), digest_size=8, person=b"enrol").digest()

    order = sorted(range(len(names)), key=lambda place: (draw(names[place]), names[place]))
    chosen = np.zeros(len(names), dtype=np.bool_)
    chosen[order[: (len(names) + 1) // 2]] = True
    return chosen


def identify_open(
    who: Contestant,
    *,
    embed: Embedder,
    gallery: np.ndarray,
    probes: np.ndarray,
    side: int,
    degradation: str,
) -> list[Measure]:
    """Measure the detection and identification rate at false accept rates of strangers.

    The gallery keeps half of its people. Of the others every image is a stranger's probe, the one
    that would have been enrolled too. The rate counts probes of enrolled people.

    Args:
        who: Whose probes, whose gallery.
        embed: Makes the embeddings.
        gallery: Pack rows, one sharp image a person.
        probes: Pack rows tried, none of them in the gallery.
        side: Of the probes, in pixels.
        degradation: Name of the test degradation.

    Returns:
        One measure a rate that the number of strangers' probes can measure; none of few people.
    """
    pack = embed.pack
    people = pack.labels[gallery]
    known = enrolled_half([pack.class_names[person] for person in people])
    tried = np.concatenate([probes, gallery[~known]])
    mated = np.isin(pack.labels[tried], people[known])
    if len(people) < _FEWEST or not mated.any():
        return []
    sharp = pack.images.shape[-1]
    # whole sets, as `identify` has them embedded already
    enrolled = embed(who.gallery, gallery, side=sharp)[known]
    seen = np.concatenate(
        [
            embed(who.probe, probes, side=side, degradation=degradation),
            embed(who.probe, gallery[~known], side=side, degradation=degradation),
        ]
    )
    measures: list[Measure] = []
    for far in _FARS:
        if far * (~mated).sum() < 1:
            continue  # too few strangers to measure this rate
        found = dir_at_far(seen @ enrolled.T, pack.labels[tried], people[known], far)
        measures.append(
            share_of(
                found.found,
                metric=f"dir_at_far_{far:.0e}".replace("e-0", "e-"),
                gallery_side=sharp,
                gallery_stream=who.gallery.stream,
                selected_on=f"the strangers' probes (realised FAR {found.realised_far:.2g})",
            )
        )
    return measures
