"""The order in which an epoch visits its images."""

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]


def epoch_batches(
    rows: Rows, labels: Rows, *, batch: int, images_per_class: int, seed: int, epoch: int
) -> list[Rows]:
    """Return the batches of one epoch, a pure function of its arguments.

    With ``images_per_class=0`` the rows are shuffled. Otherwise each class comes in groups of
    that many different images, which are spread evenly over the epoch in random order, so
    that a class meets itself within one group and large classes do not crowd together. A last,
    incomplete group is filled up with images of its class that were already seen; a class with
    fewer images comes with all it has, never with one image twice. Images without a label
    stand alone. The last incomplete batch is dropped unless it is the only one.

    Args:
        rows: ``(n,)`` rows of the pack to visit.
        labels: ``(n,)`` label of each of them, -1 for none.
        batch: Images per batch.
        images_per_class: Images of one group, a divisor of ``batch``; 0: plain shuffling.
        seed: Of the run.
        epoch: Counted from any number; another epoch is another order.

    Returns:
        Arrays of rows, ``(batch,)`` each, or a single shorter one.

    Raises:
        ValueError: If ``rows`` and ``labels`` differ in length or are empty, or ``batch`` is
            not a positive multiple of ``images_per_class``.
    """
    if len(rows) != len(labels) or len(rows) == 0:
        raise ValueError(
            f"rows and labels must be of equal length and not empty, got {len(rows)} and "
            f"{len(labels)}"
        )
    if batch < 1 or images_per_class < 0 or batch % max(images_per_class, 1):
        raise ValueError(
            f"batch must be a positive multiple of images_per_class, got {batch} and "
            f"{images_per_class}"
        )
    random = np.random.default_rng([seed, epoch])
    if images_per_class == 0:
        order = random.permutation(rows)
    else:
        order = rows[_grouped(labels, images_per_class, random)]
    if len(order) < batch:
        return [order]
    return [order[start : start + batch] for start in range(0, len(order) - batch + 1, batch)]


def _grouped(labels: Rows, size: int, random: np.random.Generator) -> Rows:
    """Return positions in ``labels``, group by group."""
    groups: list[Rows] = [np.array([position]) for position in np.flatnonzero(labels < 0)]
    moments = list(random.random(len(groups)))
    by_label = np.argsort(labels, kind="stable")[len(groups) :]
    borders = np.flatnonzero(np.diff(labels[by_label])) + 1
    for ordered in np.split(by_label, borders) if len(by_label) else []:
        members = random.permutation(ordered)
        cut = [members[start : start + size] for start in range(0, len(members), size)]
        if len(cut) > 1:
            cut[-1] = np.concatenate([cut[-1], members[: size - len(cut[-1])]])
        # Group j of n falls into the j-th n-th part of the epoch.
        moments += list((np.arange(len(cut)) + random.random(len(cut))) / len(cut))
        groups += cut
    return np.concatenate([groups[position] for position in np.argsort(moments, kind="stable")])
