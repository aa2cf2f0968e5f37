"""A gallery: people enrolled with sharp images, searched with images of few pixels."""

import threading
from bisect import bisect_left
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np

from lookmore.checkpoint.recogniser import Recogniser
from lookmore.errors import ConfigError, GalleryError
from lookmore.search.entries import Entries, unit_rows
from lookmore.search.faiss_index import IVFPQ_FROM
from lookmore.search.generation import planned, read, write
from lookmore.search.matches import Matches
from lookmore.search.space import Space
from lookmore.search.store import Stored, read_facts, read_gallery, writing


class Added(NamedTuple):
    """What an addition did."""

    new: int
    """Images that were not there before."""

    replaced: int
    """Images that took the place of those of the same path or id."""


class Gallery:
    """People to be found, on disk and in memory; made by `build`, found again by `open`.

    Threads may search while another adds or removes: each search sees the gallery as it was
    before, or as it is after. Processes may too; one that has a gallery open sees what others did
    to it after `refresh`, `add` or `remove`.

    Args:
        path: Its folder.
        stored: What was read from there.
    """

    def __init__(self, path: Path, stored: Stored) -> None:
        self.path = path
        self._now = read(stored)
        self._writing = threading.Lock()

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open a gallery.

        Args:
            path: Its folder.

        Raises:
            GalleryError: If there is none, or it is damaged or of another format.
            MissingExtraError: If it is searched by FAISS, which is not installed.
        """
        return cls(Path(path), read_gallery(Path(path)))

    @classmethod
    def build(
        cls,
        path: str | Path,
        entries: Entries,
        *,
        space: Space,
        fuse: bool = True,
        kind: str = "auto",
        replace: bool = False,
    ) -> Self:
        """Make a gallery and write it.

        Args:
            path: Its folder, made if missing.
            entries: Its images; there may be none yet.
            space: Where their embeddings lie.
            fuse: One vector for each person, fused of all their images; else one for each image,
                and a person is as near as the nearest of theirs.
            kind: ``flat`` compares with everyone, ``hnsw`` and ``ivfpq`` by FAISS with likely ones;
                ``auto`` is flat up to 100,000 vectors.
            replace: Whether a gallery that is there may be thrown away.

        Raises:
            ConfigError: If ``kind`` is unknown or the gallery too small for it.
            GalleryError: If there is a gallery already, or another writes to the folder.
            CheckpointError: If the disk is full.
            MissingExtraError: If it needs FAISS, which is not installed.
            ValueError: If the embeddings are not of the space's width.
        """
        folder = Path(path)
        if entries.embeddings.shape[1] != space.width:
            raise ValueError(
                f"embeddings must have the width {space.width} of their space, got "
                f"{entries.embeddings.shape[1]}"
            )
        facts = {"space": space.facts(), "fuse": fuse, "asked": kind}
        generation = planned(entries, facts=facts)
        if kind == "ivfpq" and generation.facts["kind"] != kind:
            raise ConfigError(
                f"--kind {kind} needs {IVFPQ_FROM:,} vectors or more, the gallery has "
                f"{len(generation.vectors.rows):,}: use --kind flat"
            )
        with writing(folder):
            if not replace:
                refuse_a_gallery(folder)
            write(folder, generation)
        return cls.open(folder)

    @property
    def people(self) -> tuple[str, ...]:
        """Everyone enrolled, sorted."""
        return self._now.vectors.people

    @property
    def space(self) -> Space:
        """Where its embeddings lie, and for which student it was made."""
        return Space.from_facts(self._now.facts["space"])

    @property
    def facts(self) -> dict[str, Any]:
        """What ``gallery.json`` says: kind, counts, recall against exact search, generation."""
        return dict(self._now.facts)

    def __len__(self) -> int:
        return len(self.people)

    def images_of(self, person: str) -> tuple[str, ...]:
        """Return the paths or ids of a person's images; GalleryError if they are not enrolled."""
        now = self._now
        at = bisect_left(now.vectors.people, person)
        if now.vectors.people[at : at + 1] != (person,):
            raise GalleryError(f"nobody in the gallery {self.path} is called {person!r}")
        first, end = now.vectors.images[at]
        return now.entries.images[first:end]

    def check(self, recogniser: Recogniser) -> None:
        """Refuse a student whose probes cannot be compared with this gallery.

        Args:
            recogniser: Who wants to search.

        Raises:
            GalleryError: Saying what differs: teacher, assistant or student, guide space, width.
        """
        self.space.check(recogniser, gallery=f"the gallery {self.path}")

    def search(self, embeddings: np.ndarray, k: int = 5) -> Matches:
        """Return the nearest people of each probe.

        The answer to a probe does not depend on the others it is asked with. Equally near people
        stand in the order of `people`.

        Args:
            embeddings: ``(Q, D)`` rows of length 1, of `Recogniser.embed`.
            k: People to keep for each; more than there are is no mistake.

        Returns:
            Matches of ``Q`` probes, best first.

        Raises:
            ValueError: If the embeddings are not such rows, or ``k`` is below 1.
        """
        now = self._now
        queries = unit_rows(embeddings, name="embeddings")
        width = now.entries.embeddings.shape[1]
        if queries.shape[1] != width:
            raise ValueError(f"embeddings must have the width {width}, got {queries.shape[1]}")
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        return now.search(queries, k)

    def add(self, entries: Entries) -> Added:
        """Enrol images, of new people or of people who are here.

        Args:
            entries: Placed in the gallery's `space`.

        Returns:
            How many came, and how many took another's place.

        Raises:
            GalleryError: If an image is somebody else's already, or another process writes.
            CheckpointError: If the disk is full; the gallery stays as it was.
        """
        done = Added(0, 0)

        def change(old: Entries) -> Entries:
            nonlocal done
            both = old.plus(entries)
            new = len(both) - len(old)
            done = Added(new, len(entries) - new)
            return both

        self._change(change)
        return done

    def remove(self, people: Collection[str]) -> None:
        """Forget people and all their images.

        Args:
            people: Their names.

        Raises:
            GalleryError: If one is not enrolled, or another process writes; all then stay.
            CheckpointError: If the disk is full; the gallery stays as it was.
        """
        self._change(lambda old: old.without(people))

    def refresh(self) -> bool:
        """Take over what other processes wrote; return whether there was anything.

        Raises:
            GalleryError: If the gallery is gone, damaged, or was replaced by one of another space.
        """
        with self._writing:
            return self._catch_up()

    def _catch_up(self) -> bool:
        facts = read_facts(self.path)
        if facts == self._now.facts:
            return False
        stored = read_gallery(self.path)
        if stored.facts["space"] != self._now.facts["space"]:
            raise GalleryError(
                f"the gallery {self.path} was replaced by one of another network: open it again"
            )
        self._now = read(stored)
        return True

    def _change(self, change: Callable[[Entries], Entries]) -> None:
        with self._writing, writing(self.path):
            self._catch_up()
            now = self._now
            after = planned(change(now.entries), facts=now.facts, before=now)
            self._now = write(self.path, after)


def refuse_a_gallery(folder: Path) -> None:
    """Refuse a folder that holds a gallery already.

    Args:
        folder: Where a new one is to be.

    Raises:
        GalleryError: If there is one.
    """
    there = read_facts(folder)
    if there is not None:
        raise GalleryError(
            f"{folder} already holds a gallery of {there.get('people')} people: add to it with "
            "'lookmore gallery add', or throw it away with --replace"
        )
