"""Views of a pack's images, blends with their partners included."""

import numpy as np
import numpy.typing as npt
from torch import Tensor

from lookmore.data.pack import Pack
from lookmore.data.views import ViewConfig, blend_partners, make_views


def views_of(
    pack: Pack,
    rows: npt.NDArray[np.int64],
    views: npt.NDArray[np.int64],
    *,
    candidates: npt.NDArray[np.int64],
    config: ViewConfig,
    seed: int,
) -> Tensor:
    """Make one view of each image; guide and learner both look through this.

    Args:
        pack: The sharp images.
        rows: ``(B,)`` rows of the pack.
        views: ``(B,)`` index of the view of each.
        candidates: Rows among which blends find their partner: the training images.
        config: Which views there are.
        seed: Of the views.

    Returns:
        ``(B, 3, S, S)`` float32 in [0, 1].
    """
    keys = pack.keys[rows]
    partners = None
    if (views >= config.count).any():
        mates = blend_partners(rows, views, keys, candidates=candidates, config=config, seed=seed)
        partners = pack.batch(mates)
    return make_views(
        pack.batch(rows), keys=keys, views=views, config=config, seed=seed, partners=partners
    )
