"""Images with fewer pixels than a student is made for, so that it learns to tell them."""

import torch
from torch import Tensor

from lookmore.degradation.resize import enlarge, shrink

_FACTORS = (0.375, 0.5625, 0.75)  # of the side: 6, 9 and 12 of 16 pixels
# One image in so many for each factor, a sixteenth of a batch in all. With a quarter, scores ranked
# held-out probes of the student's own side worse than with fewer.
_EVERY = 48
_SMALLEST = 3  # pixels


def coarser(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return some images of a batch as they would be had they come with fewer pixels.

    A probe smaller than the student's side is enlarged to it, and looks like this. Which images,
    and how coarse, hangs on their place in the batch alone, so that no random number is drawn.

    Args:
        images: ``(B, 3, S, S)`` in [0, 1], ``B >= 1``.

    Returns:
        ``(n, 3, S, S)`` in [0, 1], bicubic down and up again; and ``(n,)`` int64, the place of
        each in the batch.
    """
    side = images.shape[-1]
    seen, rows = [], []
    for first, factor in enumerate(_FACTORS[: len(images)]):
        small = min(max(_SMALLEST, round(factor * side)), side - 1)
        chosen = torch.arange(first, len(images), _EVERY, device=images.device)
        seen.append(enlarge(shrink(images[chosen], side=small, kernel="bicubic"), side=side))
        rows.append(chosen)
    return torch.cat(seen), torch.cat(rows)
