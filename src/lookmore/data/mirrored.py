"""Classes that a mirror turns into one another: their training images, mirrored, once more."""

import difflib
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from torch import Tensor

from lookmore.data.sources import Source
from lookmore.data.splits import Splits
from lookmore.errors import DataError

_MARK = "mirrored:"  # before the id of the image that was copied


class MirroredSource:
    """A source and, after its own images, mirrored copies of some; satisfies `Source`.

    In a mirror a curve to the left is one to the right: each class lends the other its images,
    which helps where one of them has few. Only training images are copied, so that nothing that
    is tried is ever trained on, mirrored or not.

    Args:
        source: The images.
        splits: ``(N,)`` who trains, as `assign_splits` says; every image keeps its own.
        mirrored: Class of the mirror image of each class, either way round: ``{"left":
            "right"}`` says both, ``{"ahead": "ahead"}`` that the class is its own.

    Raises:
        DataError: If a class is not there.
    """

    def __init__(self, source: Source, splits: Splits, mirrored: Mapping[str, str]) -> None:
        becomes = mirror_labels(source.class_names, mirrored)
        there = np.append(becomes, -1)[source.labels]  # an image without a label reads the last
        self.copied = np.flatnonzero((splits == "train") & (there >= 0))
        self.source = source
        self.ids = (*source.ids, *(_MARK + source.ids[row] for row in self.copied))
        self.class_names = source.class_names
        self.labels: npt.NDArray[np.int64] = np.concatenate([source.labels, there[self.copied]])
        self.splits = (*splits.tolist(), *["train"] * len(self.copied))

    def read(self, index: int) -> Tensor:
        """Return one image, ``(3, H, W)`` uint8 RGB; UnreadableImageError if it is damaged."""
        own = len(self.source.ids)
        if index < own:
            return self.source.read(index)
        return self.source.read(int(self.copied[index - own])).flip(-1)

    def fingerprint(self) -> str:
        """Return hex digits that change with the source's, and with what is copied."""
        digest = hashlib.blake2b(self.source.fingerprint().encode(), digest_size=16)
        digest.update(self.copied.tobytes())
        return digest.hexdigest()


def mirror_labels(names: Sequence[str], mirrored: Mapping[str, str]) -> npt.NDArray[np.int64]:
    """Return the label that each class has in a mirror.

    Args:
        names: Of the classes, in the order of their labels.
        mirrored: As in `MirroredSource`.

    Returns:
        ``(len(names),)``; -1 where ``mirrored`` does not name the class.

    Raises:
        DataError: If it names a class that is not in ``names``.
    """
    label_of = {name: label for label, name in enumerate(names)}
    labels = np.full(len(names), -1, dtype=np.int64)
    for pair in mirrored.items():
        for name in pair:
            if name not in label_of:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names[:9])}"
                raise DataError(
                    f"data.mirrored names the class {name!r}, of which there is no image; {hint} "
                    "(write numbers in quotes, or YAML drops their zeros)"
                )
        one, other = (label_of[name] for name in pair)
        labels[one], labels[other] = other, one
    return labels
