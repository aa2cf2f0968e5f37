"""A socket, a process that answers on it, and its end."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from lookmore.errors import ConfigError, MissingExtraError
from lookmore.serve.asgi import App
from lookmore.serve.settings import ServeConfig

if TYPE_CHECKING:
    import uvicorn

_BACKLOG = 256
_IDLE_SECONDS = 20  # that a connection stays open between two requests


def check_extra() -> None:
    """Refuse to go on without the packages that the server needs.

    Raises:
        MissingExtraError: If one of them is not installed.
    """
    for package in ("fastapi", "uvicorn", "python_multipart"):
        if find_spec(package) is None:
            raise MissingExtraError(package=package, extra="serve", purpose="lookmore serve")


def listen(config: ServeConfig) -> socket.socket:
    """Open the socket to listen on, before anything slow is loaded.

    Args:
        config: Where.

    Raises:
        ConfigError: If the port is taken or may not be used, or the host means no address here.
    """
    address = f"--host {config.host} --port {config.port}"
    try:
        family, *_, where = socket.getaddrinfo(
            config.host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(where[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {address}: {error.strerror or error}; choose another --port, or 0 "
            "for any that is free"
        ) from error


def address_of(listening: socket.socket) -> str:
    """Return the URL of a socket that listens."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def run(
    app: App, listening: socket.socket, *, config: ServeConfig, ready: Callable[[], None]
) -> None:
    """Answer requests until SIGTERM or Ctrl-C; then finish those that are running, and return.

    A second signal does not wait for them.

    Args:
        app: Answers.
        listening: Of `listen`; closed in the end.
        config: Limits.
        ready: Called once requests are answered.
    """
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=_impatient(config.body_seconds),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=_IDLE_SECONDS,
            timeout_graceful_shutdown=int(config.answer_seconds) + 1,
            backlog=_BACKLOG,
        )
    )
    # in a thread of its own, uvicorn leaves signals to us, and does not end by one
    thread = threading.Thread(target=server.run, args=([listening],), name="server")
    with _stopping(server):
        thread.start()
        try:
            while thread.is_alive() and not server.started:
                thread.join(0.01)
            if server.started:
                ready()
            while thread.is_alive():
                thread.join(0.2)
        finally:
            server.should_exit = True
            thread.join()


def _impatient(seconds: float) -> "type[asyncio.Protocol]":
    """Return uvicorn's protocol, which hangs up on who connects and then asks for nothing."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Impatient(H11Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)  # type: ignore[arg-type]
            self._expect_request()

        def data_received(self, data: bytes) -> None:
            was_idle = self._is_idle()
            super().data_received(data)
            if was_idle and self._is_idle():  # a part of some headers
                self._expect_request()

        def _is_idle(self) -> bool:
            return self.cycle is None or self.cycle.response_complete

        def _expect_request(self) -> None:
            self.loop.call_later(seconds, self._hang_up, self.cycle)

        def _hang_up(self, last: object) -> None:
            if self.cycle is last and self._is_idle() and not self.transport.is_closing():
                self.transport.close()

    return Impatient


@contextlib.contextmanager
def _stopping(server: "uvicorn.Server") -> Iterator[None]:
    """Have signals stop a server, the second one at once."""

    def stop(number: int, frame: object) -> None:
        server.force_exit = server.should_exit
        server.should_exit = True

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
