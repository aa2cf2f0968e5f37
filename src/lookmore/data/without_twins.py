"""What is done about a picture on both sides of a split; looked for once, and kept on disk."""

import hashlib
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lookmore.data.leakage import RULES, Twin, twins
from lookmore.data.pack import Pack
from lookmore.data.pack_files import fresh_folder
from lookmore.errors import DataError

_NAME = "twins.json"


def without_twins(pack: Pack, *, policy: str, folder: Path) -> Pack:
    """Return a pack in which no training or validation image is a picture of the test split.

    Args:
        pack: The images.
        policy: ``refuse``, ``drop``, or ``allow``, which compares nothing.
        folder: Where what was found is kept, under a hash of the images and their splits.

    Returns:
        The pack; what was dropped is in it still, but in no split.

    Raises:
        DataError: If there are twins and they are not to be dropped, what was found cannot be
            kept, or what was kept is damaged.
    """
    if policy == "allow":
        return pack
    own = np.sort(np.concatenate([pack.rows("train"), pack.rows("val")]))
    found = _kept(pack, own, pack.rows("test"), folder)
    if not found:
        return pack
    rows = sorted({twin.train for twin in found})
    if policy == "refuse":
        first = found[0]
        raise DataError(
            f"training images that are in the test split too, or nearly: {len(rows)} (such as "
            f"{pack.ids[first.train]} and {pack.ids[first.tried]}, {100 * first.likeness:.1f} % "
            "alike); set data.leaks=drop to train without them, or data.leaks=allow if they "
            "belong there; 'lookmore data check' shows them"
        )
    return pack.without(rows)


def _kept(
    pack: Pack, own: npt.NDArray[np.int64], tried: npt.NDArray[np.int64], folder: Path
) -> list[Twin]:
    digest = hashlib.sha256(json.dumps([*RULES, *pack.images.shape]).encode())
    for rows in (own, tried):
        digest.update(len(rows).to_bytes(8, "little") + rows.tobytes() + pack.keys[rows].tobytes())
    home = folder / f"twins-{digest.hexdigest()[:24]}"
    if not home.exists():
        found, _ = twins(pack, own, tried)
        with fresh_folder(home) as beside:
            (beside / _NAME).write_text(json.dumps(found))
        return found
    try:
        return [Twin(*twin) for twin in json.loads((home / _NAME).read_text())]
    except (OSError, TypeError, ValueError) as error:
        raise DataError(
            f"{home} is damaged: delete that folder and run the same command again"
        ) from error
