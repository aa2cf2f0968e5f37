"""How much at once: requests at work, bytes of a body, seconds that it may take to arrive."""

import asyncio
import contextlib

from lookmore.serve.asgi import App, Message, Receive, Scope, Send, header, refuse


class Gate:
    """Counts the requests at work, and asks those above the limit to come back.

    Args:
        app: Who is behind the gate.
        most: Requests that send something and may be at work or waiting at once.
    """

    def __init__(self, app: App, *, most: int) -> None:
        self._app, self._most = app, most
        self.inside = 0
        """Requests at work or waiting."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self._app(scope, receive, send)
        if self.inside >= self._most:
            return await refuse(
                scope, receive, send, status=503,
                detail=f"{self._most} requests are at work or waiting already: try again in a "
                "second",
                headers={"Retry-After": "1"},
            )  # fmt: skip
        self.inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self.inside -= 1


class _CutOffError(Exception):
    """The body is not read any further."""


class BodyLimits:
    """Cuts off a body that is too long, whatever length it states, or too slow.

    Args:
        app: Who reads the body.
        most_bytes: Of the body.
        seconds: Longest that it may take to arrive.
    """

    def __init__(self, app: App, *, most_bytes: int, seconds: float) -> None:
        self._app, self._most, self._seconds = app, most_bytes, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        too_long = (
            f"a request may have {self._most / 2**20:g} MiB at most: send smaller images, or raise "
            "--max-upload-mib"
        )
        stated = header(scope, "content-length")
        if stated is not None and stated.isdigit() and int(stated) > self._most:
            return await refuse(scope, receive, send, status=413, detail=too_long)
        seen, is_whole = 0, False
        verdict: tuple[int, str] | None = None
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._seconds

        async def measured() -> Message:
            nonlocal seen, verdict, is_whole
            if verdict is not None:
                raise _CutOffError
            try:
                # once whole, what is waited for is only that the client hangs up
                async with asyncio.timeout_at(None if is_whole else deadline):
                    message = await receive()
            except TimeoutError:
                verdict = (408, f"the request did not arrive within {self._seconds:g} seconds")
                raise _CutOffError from None
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                is_whole = not message.get("more_body", False)
                if seen > self._most:
                    verdict = (413, too_long)
                    raise _CutOffError
            return message

        async def answered(message: Message) -> None:
            if verdict is None:  # else it is about a body that broke off, which is our doing
                await send(message)

        with contextlib.suppress(_CutOffError):
            await self._app(scope, measured, answered)
        if verdict is not None:
            await refuse(scope, receive, send, status=verdict[0], detail=verdict[1])
