"""Many small pictures are made at once, each by one thread."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

import torch

Item = TypeVar("Item")
Made = TypeVar("Made")


def in_threads(
    make: Callable[[Item], Made], items: Sequence[Item], *, piece: int = 1
) -> Iterator[Made]:
    """Yield ``make(item)`` of every item, in order, made by as many threads as torch may use.

    A few images are too little for several threads to share: one thread for each piece is faster
    than all of them on every piece. Two pieces for each thread are made, and in memory, before the
    first of them is yielded; then none is at work, and whoever goes on has the cores alone.

    Args:
        make: Must not depend on what was made before.
        items: What to make something of.
        piece: Items that a thread makes in one go: several where each is soon made.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        yield from map(make, items)
        return
    pieces = [items[start : start + piece] for start in range(0, len(items), piece)]
    for start in range(0, len(pieces), 2 * threads):
        some = pieces[start : start + 2 * threads]
        try:
            with ThreadPoolExecutor(threads, initializer=lambda: torch.set_num_threads(1)) as pool:
                made = list(pool.map(lambda part: [make(item) for item in part], some))
        finally:  # it holds for part of the work of all threads, too, and for threads yet to start
            torch.set_num_threads(threads)
        yield from chain.from_iterable(made)
