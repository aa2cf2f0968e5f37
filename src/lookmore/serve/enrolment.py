"""The people of a gallery: listed, enrolled and forgotten while others search."""

import hashlib
import threading
import time
from collections.abc import Sequence

import numpy as np

from lookmore.errors import GalleryError, LookmoreError
from lookmore.search import Entries, Gallery
from lookmore.search.enrol import Looked
from lookmore.serve.answers import Enrolled, People, Person
from lookmore.serve.journal import LOGGER
from lookmore.serve.networks import Networks, submit
from lookmore.serve.pictures import Darkroom, Probe, png, shrunk
from lookmore.serve.refusal import RefusalError
from lookmore.serve.thumbnails import Thumbnails

LONGEST_NAME = 100
"""Characters of a person's name."""

_SAMPLES = 12
_LOOK_SECONDS = 2.0


class Enrolment:
    """A gallery with its pictures; its methods may be called by many threads at once.

    Args:
        gallery: Searched and changed.
        networks: Who embeds new images: the one that embedded those of the gallery.
        darkroom: Decodes images.
        side: Of the pictures, in pixels.
        absent: Why nobody can be enrolled; ``None`` if one can.
    """

    def __init__(
        self,
        gallery: Gallery,
        *,
        networks: Networks,
        darkroom: Darkroom,
        side: int,
        absent: str | None,
    ) -> None:
        self.gallery, self.absent = gallery, absent
        self.pictures = Thumbnails(lambda path: darkroom.thumbnail(path, side=side))
        self._networks, self._darkroom, self._side = networks, darkroom, side
        self._lock, self._looked = threading.Lock(), time.monotonic()

    @property
    def against(self) -> str:
        """Whose embeddings a probe is compared with, as thresholds call it."""
        return self.gallery.space.through

    def now(self) -> Gallery:
        """Return the gallery with what other processes wrote, looked for every two seconds."""
        with self._lock:
            is_due = time.monotonic() - self._looked > _LOOK_SECONDS
            if is_due:
                self._looked = time.monotonic()
        if is_due:
            try:
                self.gallery.refresh()
            except LookmoreError as error:  # what is in memory still answers
                LOGGER.error("the gallery could not be read again: %s", error)
        return self.gallery

    def picture(self, name: str) -> bytes | None:
        """Return the picture of a name that was given out; ``None`` if its person is gone."""
        person = self.pictures.owner(name)
        return self.pictures.take(name) if person in self.gallery.people else None

    def people(self, *, query: str, start: int, count: int) -> People:
        """Return a part of those enrolled.

        Args:
            query: Part of the name, in any case; empty: everyone.
            start: Leave out so many.
            count: Return so many at most.
        """
        wanted = query.casefold()
        names = [name for name in self.now().people if wanted in name.casefold()]
        found = [self._person(name) for name in names[start : start + count]]
        return People(people=[person for person in found if person is not None], total=len(names))

    def samples(self) -> People:
        """Return a few people with a picture, spread over the alphabet."""
        names = self.now().people
        step = max(1, len(names) // _SAMPLES)
        found = [self._person(name) for name in names[::step][:_SAMPLES]]
        kept = [person for person in found if person is not None and person.picture]
        return People(people=kept, total=len(kept))

    def enrol(self, name: str, images: Sequence[bytes]) -> Enrolled:
        """Enrol a person, or more images of one who is there.

        The images are embedded and then forgotten; a small picture of each stays in memory until
        the server stops.

        Args:
            name: Of the person; spaces around it are taken off.
            images: Image files.

        Raises:
            UnreadableImageError: If one cannot be read.
            RefusalError: If nobody can be enrolled here, the name cannot be one, or the gallery
                cannot be written.
        """
        if self.absent is not None:
            raise RefusalError(409, self.absent)
        person = name.strip()
        if not person.isprintable() or not 0 < len(person) <= LONGEST_NAME:
            raise RefusalError(
                422,
                f"name must have 1 to {LONGEST_NAME} printable characters, got {len(person)}"
                + ("" if person.isprintable() else ", some of which cannot be printed"),
            )
        if person in (".", ".."):  # in an address these are no names, so nobody could be removed
            raise RefusalError(422, f"name must not be {person!r}: add a letter to it")
        probes = [self._darkroom.develop(data, name="image") for data in images]
        keys = [f"upload:{_digest(person, data)}" for data in images]
        kept = {key: at for at, key in enumerate(keys)}  # the same image twice is one
        found = self._sharp([probes[at] for at in kept.values()])
        entries = Entries(
            people=(person,) * len(kept),
            images=tuple(kept),
            embeddings=found.embeddings,
            quality=found.quality,
        )
        try:
            added = self.gallery.add(entries)
        except LookmoreError as error:
            raise _unwritten(error) from error
        for key, at in kept.items():
            self.pictures.keep(person, key, png(shrunk(probes[at].pixels, self._side)))
        return Enrolled(
            name=person,
            added=added.new,
            sides=[probe.own_side for probe in probes],
            people=len(self.gallery),
        )

    def forget(self, name: str) -> None:
        """Remove a person with all images and pictures.

        Args:
            name: As enrolled.

        Raises:
            RefusalError: If there is nobody of that name, or the gallery cannot be written.
        """
        if name not in self.now().people:
            raise RefusalError(404, "nobody of that name is enrolled")
        try:
            self.gallery.remove([name])
        except LookmoreError as error:
            raise _unwritten(error) from error
        self.pictures.forget(name)

    def _person(self, name: str) -> Person | None:
        try:
            images = self.gallery.images_of(name)
        except GalleryError:
            return None  # removed in the meantime
        return Person(name=name, images=len(images), picture=self.pictures.issue(name, images[0]))

    def _sharp(self, probes: Sequence[Probe]) -> Looked:
        """Return what the network says of sharp images that embedded those of the gallery."""
        networks = self._networks
        if self.gallery.space.through == "student":
            words = networks.wait(submit(networks.student, [probe.seen for probe in probes]))
            told = [word.recognisability for word in words if word.recognisability is not None]
            quality = np.array(told, np.float32) if len(told) == len(words) else None
            return Looked(np.stack([word.embedding for word in words]), quality)
        queue = networks.teacher if self.gallery.space.through == "teacher" else networks.assistant
        if queue is None:
            raise ValueError("a gallery that can be added to has a network that embeds for it")
        rows = networks.wait(submit(queue, [probe.pixels for probe in probes]))
        return Looked(np.stack(rows), None)


def _digest(person: str, data: bytes) -> str:
    """Return an id: two people may share a picture, and one cannot have it twice."""
    return hashlib.sha256(person.encode() + b"\0" + data).hexdigest()


def _unwritten(error: LookmoreError) -> RefusalError:
    LOGGER.error("the gallery could not be written: %s", error)
    return RefusalError(503, "the gallery could not be written; the server's log says why")
