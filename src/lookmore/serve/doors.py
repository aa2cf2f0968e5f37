"""Who may ask: names the server answers to, pages that may write, and the API key."""

import hmac
from collections.abc import Collection
from urllib.parse import urlsplit

from lookmore.serve.asgi import App, Receive, Scope, Send, header, refuse

_READING = ("GET", "HEAD", "OPTIONS")


class HostDoor:
    """Turns away requests that a browser was tricked into.

    A stranger's page may have its own name point at this machine, to read our answers (DNS
    rebinding): its requests carry that name. Or it may post a form to us without reading
    anything: its requests carry its origin.

    Args:
        app: Who is behind the door.
        names: Host names the server answers to, in lower case; ``None`` = any.
        public: Those among them by which a proxy is reached.
    """

    def __init__(self, app: App, *, names: Collection[str] | None, public: Collection[str]) -> None:
        self._app, self._names = app, names
        self._public = {name.lower() for name in public}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        host = header(scope, "host") or ""
        if self._names is not None and _host_name(host) not in self._names:
            return await refuse(
                scope, receive, send, status=421,
                detail=f"this server does not answer to the host name {_host_name(host)!r}: ask "
                "for 127.0.0.1 or localhost; behind a proxy, start it with --public-host",
            )  # fmt: skip
        origin = header(scope, "origin")
        if scope["method"] not in _READING and origin and not self._is_own(origin, host):
            return await refuse(
                scope, receive, send, status=403,
                detail=f"pages of {origin!r} may not write to this server",
            )  # fmt: skip
        return await self._app(scope, receive, send)

    def _is_own(self, origin: str, host: str) -> bool:
        try:
            parts = urlsplit(origin)
            return parts.netloc.lower() == host.lower() or parts.hostname in self._public
        except ValueError:
            return False


def _host_name(host: str) -> str:
    """Return a Host header without its port: ``[::1]:8000`` is ``::1``."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


class KeyDoor:
    """Asks for the API key, before anything of the body is read.

    Args:
        app: Who is behind the door.
        key: What must be sent as ``Authorization: Bearer KEY``; empty: nothing.
        open_paths: May be asked for without it.
    """

    def __init__(self, app: App, *, key: str, open_paths: Collection[str]) -> None:
        self._app, self._key, self._open = app, key.encode(), frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http" or not self._key or scope["path"] in self._open:
            return await self._app(scope, receive, send)
        kind, _, given = (header(scope, "authorization") or "").partition(" ")
        fits = hmac.compare_digest(given.strip().encode("latin-1"), self._key)
        if kind.lower() != "bearer" or not fits:
            return await refuse(
                scope, receive, send, status=401,
                detail="this server needs its API key: send the header Authorization: Bearer KEY",
                headers={"WWW-Authenticate": "Bearer"},
            )  # fmt: skip
        return await self._app(scope, receive, send)
