"""Open set: find who is enrolled, and let nobody in who is not."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lookmore.metrics.checks import claim_array, finite_array, index_array
from lookmore.metrics.identification import rank_k
from lookmore.metrics.verification import tar_at_far


class DirAtFar(NamedTuple):
    """Who is found while at most a given share of strangers is taken for somebody."""

    found: NDArray[np.bool_]
    """``(M,)``: each probe of an enrolled person, in order: the right person comes first, and
    similar enough. The mean is the detection and identification rate; larger is better."""

    threshold: float
    """The similarity from which on a probe counts as somebody enrolled."""

    realised_far: float
    """Share of strangers' probes accepted: what was asked for, or less where equals forbid it."""


def dir_at_far(
    similarity: np.ndarray, query_labels: np.ndarray, gallery_labels: np.ndarray, far: float
) -> DirAtFar:
    """Find the enrolled while at most ``far`` of the strangers' probes are accepted as anybody.

    A probe is accepted when its largest similarity in the gallery reaches the threshold. A
    stranger's probe is one whose label is not in the gallery; it has no right answer.

    Args:
        similarity: ``(Q, G)`` finite, larger is nearer.
        query_labels: ``(Q,)`` integers; enrolled people and strangers both occur.
        gallery_labels: ``(G,)`` integers.
        far: False accept rate allowed, at most 1, at least one stranger's probe.

    Returns:
        Who was found, the threshold, and the false accept rate that it really has.

    Raises:
        ValueError: If shapes disagree, a similarity is not finite, either kind of probe is
            missing, or ``far`` is below 1 / probes of strangers.

    Source:
        Phillips, Grother, Micheals, *Evaluation Methods in Face Recognition*, Handbook of Face
        Recognition, 2011 (open-set identification, rank 1). Equal to it, but that equals are
        counted against us.

    Example:
        >>> similarity = np.array([[0.9, 0.1], [0.3, 0.2], [0.5, 0.4]])
        >>> dir_at_far(similarity, np.array([7, 7, 9]), np.array([7, 8]), far=1).found.tolist()
        [True, True]
    """
    similarity = finite_array(similarity, name="similarity", ndim=2)
    queries = index_array(query_labels, name="query_labels", rows=similarity.shape[0])
    gallery = index_array(gallery_labels, name="gallery_labels", rows=similarity.shape[1])
    enrolled = claim_array(np.isin(queries, gallery), name="enrolled probes", rows=len(queries))
    nearest = similarity.max(axis=1)
    accepted = tar_at_far(nearest, enrolled, far)
    right = rank_k(similarity, queries, gallery, k=1)
    found = right[enrolled] & (nearest[enrolled] >= accepted.threshold)
    return DirAtFar(found, accepted.threshold, accepted.realised_far)
