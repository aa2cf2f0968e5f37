"""Several images of a person become one vector, or stay several."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lookmore.search.entries import Entries

_LEAST = 0.05  # an image that agrees with nothing still counts: it may be the only honest one


@dataclass(frozen=True, kw_only=True, eq=False)
class Vectors:
    """What a probe is compared with: one vector for each person, or for each image."""

    rows: NDArray[np.float32]
    """``(V, D)`` float32, length 1."""

    owners: NDArray[np.int64]
    """``(V,)`` whose each is, a place in ``people``, never falling; everyone has at least one."""

    starts: NDArray[np.int64]
    """``(P,)`` the first vector of each person."""

    people: tuple[str, ...]
    """``P`` people, sorted."""

    images: tuple[tuple[int, int], ...]
    """For each person, the first of their rows in the gallery's entries and the one behind."""


def vectors_of(entries: Entries, *, fuse: bool) -> Vectors:
    """Return the vectors of a gallery.

    Args:
        entries: Its images.
        fuse: Whether each person becomes one vector.
    """
    names = entries.people  # sorted, as entries always are
    firsts = [at for at, name in enumerate(names) if at == 0 or name != names[at - 1]]
    bounds = tuple(pairwise([*firsts, len(names)])) if firsts else ()
    rows = entries.embeddings
    owners = np.repeat(np.arange(len(bounds)), [end - first for first, end in bounds])
    starts = np.array(firsts, dtype=np.int64)
    if fuse:
        counts = entries.counts
        rows = rows[starts]
        for person, (first, end) in enumerate(bounds):
            if end - first > 1:
                rows[person] = fused(entries.embeddings[first:end], counts=counts[first:end])
        owners = starts = np.arange(len(bounds))
    return Vectors(
        rows=rows,
        owners=owners.astype(np.int64),
        starts=starts.astype(np.int64),
        people=tuple(names[at] for at in firsts),
        images=bounds,
    )


def fused(rows: NDArray[np.float32], *, counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the one vector of a person with several images.

    Each image counts by what it has in common with the person's others (its mean cosine to them),
    so that a stranger among one's photographs moves the vector little; times what it counts
    besides. The length of an embedding is not asked: it says more about contrast than about worth.

    Args:
        rows: ``(n, D)`` unit rows of one person.
        counts: ``(n,)`` in [0, 1], such as recognisability; only their ratios matter.

    Returns:
        ``(D,)`` float32 of length 1, or 0 where the rows cancel out.

    Example:
        >>> rows = np.array([[1, 0], [1, 0], [1, 0], [0, 1]], dtype=np.float32)
        >>> fused(rows, counts=np.ones(4, np.float32)).round(3)
        array([1.   , 0.025], dtype=float32)
    """
    exact = rows.astype(np.float64)
    weights = np.ones(len(rows))
    if len(rows) > 2:  # of two, each agrees with the other as much
        alike = exact @ exact.T
        weights = np.clip((alike.sum(axis=1) - alike.diagonal()) / (len(rows) - 1), _LEAST, None)
    if counts.any():
        weights = weights * counts
    total = weights @ exact
    length = float(np.linalg.norm(total))
    return (total / length if length > 0 else total).astype(np.float32)
