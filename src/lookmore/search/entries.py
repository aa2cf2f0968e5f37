"""The images of a gallery: whose each is, where it lies, and its embedding."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Self

import numpy as np
from numpy.typing import NDArray

from lookmore.errors import GalleryError

_ROUNDING = 1e-6
_LENGTH = 1e-3  # how far from 1 the length of a row may be: embeddings come in half precision too


@dataclass(frozen=True, kw_only=True, eq=False)
class Entries:
    """Enrolled images, ordered by person; whatever order they are given in.

    An image stands once: one that is added again takes the place of the old one.
    """

    people: tuple[str, ...]
    """Whose image each of the ``N`` is."""

    images: tuple[str, ...]
    """Path or id of each; no two alike."""

    embeddings: NDArray[np.float32]
    """``(N, D)`` float32 placed rows of length 1 (0 where an image is the very mean)."""

    quality: NDArray[np.float32] | None = None
    """``(N,)`` in [0, 1], what each image counts among those of its person; ``None``: 1 each."""

    def __post_init__(self) -> None:
        rows = unit_rows(self.embeddings, name="embeddings")
        if not len(self.people) == len(self.images) == len(rows):
            raise ValueError(
                f"each image needs a person, an id and an embedding, got {len(self.people)} "
                f"people, {len(self.images)} ids and embeddings of shape {rows.shape}"
            )
        if len(set(self.images)) != len(self.images):
            twice = next(name for name, count in Counter(self.images).items() if count > 1)
            raise GalleryError(f"the image {twice!r} is enrolled more than once: leave one out")
        for name in set(self.people):
            if not name.strip() or not name.isprintable():
                raise GalleryError(
                    f"the name of a person must be printable and not empty, got {name!r}"
                )
        quality = self._checked_quality(len(rows))
        order = sorted(range(len(rows)), key=lambda at: self.people[at])  # stable
        rows = rows[order]
        rows.setflags(write=False)
        object.__setattr__(self, "people", tuple(self.people[at] for at in order))
        object.__setattr__(self, "images", tuple(self.images[at] for at in order))
        object.__setattr__(self, "embeddings", rows)
        object.__setattr__(self, "quality", None if quality is None else quality[order])

    def _checked_quality(self, count: int) -> NDArray[np.float32] | None:
        if self.quality is None:
            return None
        quality = np.asarray(self.quality, dtype=np.float32)
        if quality.shape != (count,) or not ((quality >= 0) & (quality <= 1)).all():
            raise ValueError(f"quality must be ({count},) in [0, 1], got {quality.shape}")
        return quality

    @property
    def counts(self) -> NDArray[np.float32]:
        """``(N,)`` what each image counts, in [0, 1]."""
        return np.ones(len(self), np.float32) if self.quality is None else self.quality

    def __len__(self) -> int:
        return len(self.images)

    def plus(self, others: Self) -> Self:
        """Return these and ``others``; an image of ``others`` that is here already is replaced.

        Args:
            others: Of the same width.

        Raises:
            GalleryError: If an image is here already, as somebody else's, or the widths differ.
        """
        if others.embeddings.shape[1] != self.embeddings.shape[1]:
            raise GalleryError(
                f"the gallery holds embeddings of width {self.embeddings.shape[1]}, the new ones "
                f"have {others.embeddings.shape[1]}: embed them through the same network"
            )
        owners = dict(zip(self.images, self.people, strict=True))
        for person, image in zip(others.people, others.images, strict=True):
            if owners.get(image, person) != person:
                raise GalleryError(
                    f"the image {image!r} is already enrolled as {owners[image]!r}, not as "
                    f"{person!r}: remove that person first, or give the image another name"
                )
        replaced = set(others.images)
        kept = self._where([image not in replaced for image in self.images])
        return type(self)(
            people=kept.people + others.people,
            images=kept.images + others.images,
            embeddings=np.concatenate([kept.embeddings, others.embeddings]),
            quality=np.concatenate([kept.counts, others.counts]),
        )

    def without(self, names: Collection[str]) -> Self:
        """Return these without some people.

        Args:
            names: Of people who are here.

        Raises:
            GalleryError: If one of them is not.
        """
        gone, known = set(names), sorted(set(self.people))
        if missing := sorted(gone - set(known)):
            near = get_close_matches(missing[0], known, n=3) or known[:3]
            raise GalleryError(
                f"nobody in the gallery is called {missing[0]!r}; among its {len(known)} people "
                f"are {', '.join(map(repr, near))}"
            )
        return self._where([person not in gone for person in self.people])

    def _where(self, claims: list[bool]) -> Self:
        places = np.flatnonzero(claims)
        return type(self)(
            people=tuple(self.people[at] for at in places),
            images=tuple(self.images[at] for at in places),
            embeddings=self.embeddings[places],
            quality=None if self.quality is None else self.quality[places],
        )


def unit_rows(rows: np.ndarray, *, name: str) -> NDArray[np.float32]:
    """Return rows as float32 of length 1, refusing what was never placed.

    Args:
        rows: ``(N, D)`` of length 1, or 0; a rounding error is put right.
        name: What the caller calls them; opens the message.

    Returns:
        ``(N, D)`` float32, a copy.

    Raises:
        ValueError: If they are not finite ``(N, D)``, or have other lengths: a teacher's own
            embeddings must be placed first.
    """
    found = np.array(rows, dtype=np.float32)
    if found.ndim != 2 or found.shape[1] == 0 or not np.isfinite(found).all():
        raise ValueError(f"{name} must be finite (N, D), got shape {found.shape}")
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    unfit = (np.abs(lengths - 1) > _LENGTH) & (lengths > 0)
    if unfit.any():
        raise ValueError(
            f"{name} must have rows of length 1, as Recogniser.embed and .place give them, got "
            f"length {lengths[unfit][0]:.3g}"
        )
    # rows of length 1 stay as they are to the last bit, however often they are written and read
    rough = (np.abs(lengths - 1) > _ROUNDING) & (lengths > 0)
    return np.asarray(found / np.where(rough, lengths, 1), dtype=np.float32)
