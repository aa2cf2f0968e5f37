"""Pictures of enrolled people, asked for by names that mean nothing: no path ever comes in."""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from lookmore.errors import LookmoreError

_ISSUED, _UPLOADED = 20_000, 2_000  # names, and pictures of uploaded images, that are remembered


class Thumbnails:
    """Gives out names for the pictures of a gallery, and the pictures for the names.

    Only what the gallery itself named can be asked for, and only while its person is enrolled.
    Pictures of people who were enrolled here live in memory, and go when the server stops.

    Args:
        draw: From the path of an image to a small PNG file.
    """

    def __init__(self, draw: Callable[[Path], bytes]) -> None:
        self._draw = draw
        self._secret = secrets.token_bytes(16)  # so that names cannot be computed from paths
        self._issued: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._uploaded: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, person: str, image: str, picture: bytes) -> None:
        """Remember the picture of an image that has no file.

        Args:
            person: Whose it is.
            image: Its id in the gallery.
            picture: A small PNG file.
        """
        with self._lock:
            self._uploaded[image] = (person, picture)
            while len(self._uploaded) > _UPLOADED:
                self._uploaded.popitem(last=False)

    def issue(self, person: str, image: str) -> str | None:
        """Return the name of a picture; ``None`` where there is none to show.

        Args:
            person: Whose it is.
            image: Its path or id in the gallery.
        """
        with self._lock:
            is_uploaded = image in self._uploaded
        if not is_uploaded and not Path(image).is_file():
            return None
        digest = hashlib.blake2b(image.encode(), key=self._secret, digest_size=12)
        name = digest.hexdigest()
        with self._lock:
            self._issued[name] = (person, image)
            self._issued.move_to_end(name)
            while len(self._issued) > _ISSUED:
                self._issued.popitem(last=False)
        return name

    def owner(self, name: str) -> str | None:
        """Return whose picture a name stands for; ``None`` if it was not given out."""
        with self._lock:
            return self._issued[name][0] if name in self._issued else None

    def take(self, name: str) -> bytes | None:
        """Return a picture as a PNG file; ``None`` if the name was not given out, or no longer.

        Args:
            name: As given out.
        """
        with self._lock:
            _, image = self._issued.get(name, ("", ""))
            if not image:
                return None
            if image in self._uploaded:
                return self._uploaded[image][1]
        try:
            return self._draw(Path(image))
        except LookmoreError:
            return None  # moved or damaged since it was enrolled

    def forget(self, person: str) -> None:
        """Take back all names of a person's pictures, and the pictures kept here.

        Args:
            person: As enrolled.
        """
        with self._lock:
            for table in (self._issued, self._uploaded):
                for key in [key for key, (whose, _) in table.items() if whose == person]:
                    del table[key]
