"""Views of a pack's images, blends with their partners included."""

import numpy as np
import numpy.typing as npt
from torch import Tensor

from lookmore.data.pack import Pack
from lookmore.data.views import ViewConfig, blend_partners, make_views, view_identities


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
        partners = pack.batch(
            partners_of(pack, rows, views, candidates=candidates, config=config, seed=seed)
        )
    return make_views(
        pack.batch(rows), keys=keys, views=views, config=config, seed=seed, partners=partners
    )


def identities_of(
    pack: Pack,
    rows: npt.NDArray[np.int64],
    views: npt.NDArray[np.int64],
    *,
    candidates: npt.NDArray[np.int64],
    config: ViewConfig,
    seed: int,
) -> npt.NDArray[np.uint64]:
    """Return ``(B,)`` numbers, equal for equal views, whatever other images are trained on."""
    partners = partners_of(pack, rows, views, candidates=candidates, config=config, seed=seed)
    found: npt.NDArray[np.uint64] = view_identities(
        views, keys=pack.keys[rows], partner_keys=pack.keys[partners], config=config
    )
    return found


def partners_of(
    pack: Pack,
    rows: npt.NDArray[np.int64],
    views: npt.NDArray[np.int64],
    *,
    candidates: npt.NDArray[np.int64],
    config: ViewConfig,
    seed: int,
) -> npt.NDArray[np.int64]:
    """Return the ``(B,)`` row that each view is blended with; its own where it is no blend."""
    return blend_partners(
        rows,
        views,
        pack.keys[rows],
        candidates=candidates,
        images=len(pack.keys),
        config=config,
        seed=seed,
    )
