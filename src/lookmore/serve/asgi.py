"""The few words of ASGI that our guards speak: headers, and a refusal in one line of JSON."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

REQUEST_ID = "lookmore.request_id"
"""Key of a request's id in its scope."""

_DRAINED_BYTES, _DRAIN_SECONDS = 64 * 2**20, 2.0


def header(scope: Scope, name: str) -> str | None:
    """Return a request's header, the first of several; ``None`` where there is none.

    Args:
        scope: Of the request.
        name: In lower case.
    """
    wanted = name.encode("ascii")
    for key, value in scope["headers"]:
        if key == wanted:
            return str(value.decode("latin-1"))
    return None


async def refuse(
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Answer a request that goes no further.

    What the client is still sending is read and thrown away first, up to 64 MiB or two seconds:
    were the connection closed in its face, it would never see the answer.

    Args:
        scope: Of the request.
        receive: Its body.
        send: Takes the answer.
        status: Of HTTP.
        detail: One line: what is wrong, and the way out.
        headers: To be added.
    """
    if header(scope, "expect") is None:  # such a client waits to be asked for its body
        await _drain(receive)
    content = json.dumps({"detail": detail, "request_id": scope.get(REQUEST_ID, "")}).encode()
    named = {
        "content-type": "application/json",
        "content-length": str(len(content)),
        "connection": "close",
        **(headers or {}),
    }
    pairs = [(name.lower().encode(), value.encode("latin-1")) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": pairs})
    await send({"type": "http.response.body", "body": content})


async def _drain(receive: Receive) -> None:
    seen, more = 0, True
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while more and seen < _DRAINED_BYTES:
                message = await receive()
                seen += len(message.get("body", b""))
                more = message.get("more_body", False)
