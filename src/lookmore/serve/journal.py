"""What is written about each request: its id, one line in the log, and the counts."""

import logging
import re
import secrets
import time
from collections.abc import Mapping, Sequence

from lookmore.serve.asgi import REQUEST_ID, App, Message, Receive, Scope, Send, header, refuse
from lookmore.serve.metrics import Counter, Histogram

LOGGER = logging.getLogger("lookmore.serve")
_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH")

HEADERS: Mapping[str, str] = {
    # images of the page come from our own answers (blob:, data:); everything else from files here
    "content-security-policy": (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
"""Of every answer; an answer's own ``cache-control`` stays."""


class Journal:
    """Stands before everything: gives each request an id and keeps the books.

    The log names the kind of request and never what was in it: no image, no embedding, no name
    of a person, no key.

    Args:
        app: Who answers.
        templates: Paths that there are, such as ``/people/{name}``.
        requests: Counts answers by method, path and status.
        seconds: Takes how long each answer took, by path.
    """

    def __init__(
        self, app: App, *, templates: Sequence[str], requests: Counter, seconds: Histogram
    ) -> None:
        self._app = app
        self._exact = frozenset(path for path in templates if "{" not in path)
        self._beginnings = {path.partition("{")[0]: path for path in templates if "{" in path}
        self._requests, self._seconds = requests, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        given = header(scope, "x-request-id") or ""
        scope[REQUEST_ID] = given if _ID.fullmatch(given) else secrets.token_hex(6)
        began = time.perf_counter()
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": _completed(message["headers"], scope[REQUEST_ID])}
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except Exception:
            LOGGER.exception("%s failed", scope[REQUEST_ID])
            if status == 0:
                await refuse(
                    scope, receive, noted, status=500,
                    detail="something went wrong here; the server's log tells more under this id",
                )  # fmt: skip
        took = time.perf_counter() - began
        method = scope["method"] if scope["method"] in _METHODS else "other"
        path = self._template(scope["path"])
        self._requests.add(method, path, str(status))
        self._seconds.observe(took, path)
        LOGGER.info(
            "%s %s %s %d %.1f ms", scope[REQUEST_ID], method, path, status, 1000 * took
        )  # fmt: skip
        return None

    def _template(self, path: str) -> str:
        """Return which of the known paths was asked for: names of people stay out of the books."""
        if path in self._exact:
            return path
        fitting = [known for start, known in self._beginnings.items() if path.startswith(start)]
        return fitting[0] if fitting else "other"


def _completed(pairs: Sequence[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    own = {name for name, _ in pairs}
    added = {**HEADERS, "x-request-id": request_id}
    more = [(name.encode(), value.encode()) for name, value in added.items()]
    return [*pairs, *((name, value) for name, value in more if name not in own)]
