"""The same picture on both sides of a split makes a result look better than it is."""

import numpy as np

from lookmore.data.pack import Pack


def identical_across_splits(pack: Pack) -> list[tuple[str, str]]:
    """Return pairs of images that are equal, pixel for pixel, and lie in different splits.

    Near twins (another crop, another JPEG) are not found.

    Returns:
        Pairs of ids; of several equal images, each is paired with the first.
    """
    first: dict[int, int] = {}
    twins = []
    for row, key in enumerate(pack.keys.tolist()):
        other = first.setdefault(key, row)
        if pack.splits[other] != pack.splits[row] and np.array_equal(
            pack.images[other], pack.images[row]
        ):
            twins.append((pack.ids[other], pack.ids[row]))
    return twins
