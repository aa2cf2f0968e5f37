"""What a search answers: for each probe the nearest people, best first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Match(NamedTuple):
    """One person that a probe may show."""

    person: str
    """As enrolled."""

    similarity: float
    """Cosine to the person, in [-1, 1]; larger is nearer."""

    image: str
    """Path or id of the person's image that is nearest to the probe."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Matches(Sequence[tuple[Match, ...]]):
    """The nearest people of each of ``Q`` probes; they are sorted, or cannot be made.

    Example:
        >>> found = Matches(
        ...     people=(("ann", "bob"),),
        ...     images=(("a.png", "b.png"),),
        ...     similarity=np.array([[0.9, 0.1]]),
        ... )
        >>> found[0][0].person, len(found), found.k
        ('ann', 1, 2)
    """

    people: tuple[tuple[str, ...], ...]
    """``Q`` times ``K`` people, nobody twice for one probe."""

    images: tuple[tuple[str, ...], ...]
    """``Q`` times ``K`` paths or ids: of each person the image nearest to the probe."""

    similarity: NDArray[np.float32]
    """``(Q, K)`` float32 cosines, never rising along a row; cannot be written to."""

    def __post_init__(self) -> None:
        rows = np.array(self.similarity, dtype=np.float32)  # a copy: nobody else can change it
        shape = (len(self.people), len(self.people[0]) if self.people else 0)
        if rows.ndim != 2 or len(rows) != shape[0] or (len(rows) and rows.shape != shape):
            raise ValueError(f"similarity must have shape {shape}, got {rows.shape}")
        if not np.isfinite(rows).all():
            raise ValueError("similarity must be finite")
        if (np.diff(rows, axis=1) > 0).any():
            raise ValueError("matches must be sorted: a similarity rises along its row")
        for name, table in (("people", self.people), ("images", self.images)):
            if len(table) != len(rows) or any(len(row) != rows.shape[1] for row in table):
                raise ValueError(f"{name} must hold {rows.shape} texts, as similarity does")
        if any(len(set(row)) != len(row) for row in self.people):
            raise ValueError("a person stands twice among the matches of one probe")
        rows.setflags(write=False)
        object.__setattr__(self, "similarity", rows)

    @property
    def k(self) -> int:
        """People kept for each probe, ``K``: those asked for, or all there are."""
        return int(self.similarity.shape[1])

    def __len__(self) -> int:
        return len(self.people)

    def __getitem__(self, probe: int) -> tuple[Match, ...]:  # type: ignore[override]
        found = zip(
            self.people[probe],
            self.similarity[probe].tolist(),
            self.images[probe],
            strict=True,
        )
        return tuple(Match(*match) for match in found)

    def __iter__(self) -> Iterator[tuple[Match, ...]]:
        return (self[probe] for probe in range(len(self)))
