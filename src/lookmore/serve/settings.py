"""Settings of the server: where it listens, who may ask, how much it takes in."""

import ipaddress
import string
from dataclasses import dataclass

from lookmore.errors import ConfigError

_SHORTEST_KEY = 16
_MAKE_ONE = "make one with: openssl rand -hex 32"
_KEY_CHARACTERS = frozenset(string.ascii_letters + string.digits + string.punctuation)


@dataclass(frozen=True, kw_only=True)
class ServeConfig:
    """Where a server listens, who may ask, and how much it takes in."""

    host: str = "127.0.0.1"
    """Address to listen on; anything but the machine itself needs an ``api_key``."""

    port: int = 8000
    """TCP port; 0 = any that is free."""

    api_key: str = ""
    """What clients send as ``Authorization: Bearer KEY``; empty: no key is asked for."""

    public_hosts: tuple[str, ...] = ()
    """Names by which a proxy in front is reached, without port; they need an ``api_key`` too."""

    max_upload_bytes: int = 8 * 2**20
    """Most bytes of one request's body."""

    max_pixels: int = 16_000_000
    """Most pixels of one image, as its header states them before anything is decoded."""

    queue: int = 64
    """Requests that may be at work or waiting at once; more are asked to come back."""

    batch: int = 32
    """Most images that a network is shown at once."""

    batch_wait_ms: float = 2.0
    """Longest that a first image waits for others to join it, in milliseconds."""

    body_seconds: float = 30.0
    """Longest that the headers, and then the body, of a request may take to arrive."""

    answer_seconds: float = 60.0
    """Longest that an answer may take, and that running requests get when the server stops."""

    def __post_init__(self) -> None:
        _check_number("--port", self.port, low=0, high=65_535)
        _check_number("--max-upload-mib", self.max_upload_bytes / 2**20, low=1e-3, high=1024)
        _check_number("--max-pixels", self.max_pixels, low=64, high=64_000_000)
        _check_number("--queue", self.queue, low=1, high=10_000)
        _check_number("batch", self.batch, low=1, high=1024)
        _check_number("batch_wait_ms", self.batch_wait_ms, low=0, high=1000)
        _check_number("body_seconds", self.body_seconds, low=0.1, high=3600)
        _check_number("answer_seconds", self.answer_seconds, low=0.1, high=3600)
        if self.api_key:
            _check_key(self.api_key)
        elif not self.is_loopback:
            raise ConfigError(
                f"--host {self.host} can be reached from other machines, which needs an API key: "
                f"give --api-key-file FILE or set LOOKMORE_API_KEY ({_MAKE_ONE}), or listen on "
                "127.0.0.1"
            )
        elif self.public_hosts:
            raise ConfigError(
                f"--public-host {self.public_hosts[0]} lets other machines in, which needs an API "
                f"key: give --api-key-file FILE or set LOOKMORE_API_KEY ({_MAKE_ONE})"
            )

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:  # a name, which may mean any address tomorrow
            return False

    @property
    def host_names(self) -> frozenset[str] | None:
        """Names, without port, that a request may call this server by; ``None`` = any.

        On loopback a page of a stranger could have its own name point here (DNS rebinding), and
        the browser would take our answers for the stranger's.
        """
        if not self.is_loopback and not self.public_hosts:
            return None
        own = {"localhost", "127.0.0.1", "::1", self.host}
        return frozenset(name.lower() for name in own.union(self.public_hosts))


def _check_number(name: str, value: float, *, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigError(f"{name} must be from {low:,} to {high:,}, got {value:,}")


def _check_key(key: str) -> None:
    if len(key) < _SHORTEST_KEY:
        raise ConfigError(
            f"an API key must have at least {_SHORTEST_KEY} characters, got {len(key)}: {_MAKE_ONE}"
        )
    if not set(key) <= _KEY_CHARACTERS:
        raise ConfigError(
            f"an API key must be ASCII letters, digits and punctuation, without spaces: {_MAKE_ONE}"
        )
