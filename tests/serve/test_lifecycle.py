"""lookmore serve from outside: how it starts, whom it lets in, and how it ends."""

import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from lookmore.cli.main import main

KEY = "a-key-of-more-than-16-characters"
Start = Callable[..., Any]
Photo = Callable[..., bytes]


Refused = Callable[..., str]


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Refused:
    """Run a command that must not start; returns its last line."""

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["lookmore", "serve", *arguments])
        monkeypatch.delenv("LOOKMORE_API_KEY", raising=False)
        with pytest.raises(SystemExit) as stopped:
            main()
        assert stopped.value.code == 1
        return capsys.readouterr().err.splitlines()[-1]

    return run


def test_other_machines_are_not_let_in_without_a_key(refused: Refused) -> None:
    line = refused("run", "--host", "0.0.0.0")
    assert line.startswith("lookmore: --host 0.0.0.0 can be reached from other machines, which")


def test_a_port_that_is_taken_is_said_at_once(refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused("run", "--port", str(port))
    assert line.startswith(f"lookmore: cannot listen on --host 127.0.0.1 --port {port}: ")


def test_a_key_file_that_is_empty_or_missing_is_refused(refused: Refused, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.write_text("\n")
    line = refused("run", "--api-key-file", str(empty))
    assert line == f"lookmore: --api-key-file {empty} is empty: write a key into it"
    gone = tmp_path / "gone"
    line = refused("run", "--api-key-file", str(gone))
    assert line == f"lookmore: --api-key-file {gone} cannot be read: No such file or directory"


def test_a_run_or_a_gallery_that_is_none_is_refused(
    refused: Refused, world: Any, tmp_path: Path
) -> None:
    line = refused(str(tmp_path), "--port", "0")
    assert line.startswith(f"lookmore: no finished checkpoint in {tmp_path}")
    line = refused(str(world.run), "--index", str(tmp_path), "--port", "0")
    assert line.startswith(f"lookmore: no gallery in {tmp_path}")


@pytest.fixture(scope="module")
def locked(start: Start, world: Any) -> Any:
    """A server with a key, of two places, that reaches beyond this machine."""
    return start(
        str(world.run), "--index", str(world.index), "--host", "0.0.0.0", "--queue", "2", key=KEY
    )


def test_the_key_is_asked_for_everywhere_but_at_the_page(locked: Any, photo: Photo) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{locked.port}", timeout=120) as client:
        for path in ("/about", "/people", "/samples", "/metrics", "/pictures/0"):
            assert client.get(path).status_code == 401, path
        files = [("image", ("a", photo(0, 0)))]
        for path in ("/search", "/embed", "/compare", "/people"):
            assert client.post(path, files=files).status_code == 401, path
        assert client.delete("/people/ann").status_code == 401
        for path in ("/", "/docs", "/page/main.js", "/healthz", "/openapi.json"):
            assert client.get(path).status_code == 200, path
        client.headers["authorization"] = f"Bearer {KEY}"
        assert client.post("/search", files=files).status_code == 200
        assert client.get("/about").json()["people"] == 3
    assert KEY not in "\n".join(locked.lines)
    assert any("nothing is encrypted" in line for line in locked.lines)


def half_sent(port: int, photo: bytes, *, path: str = "/embed") -> tuple[socket.socket, bytes]:
    """A request whose last bytes are still to be sent, and those bytes."""
    head = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a"\r\n\r\n'
    body = head + photo + b"\r\n--b--\r\n"
    request = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    line = socket.create_connection(("127.0.0.1", port), timeout=120)
    line.sendall(request.encode() + body[:-10])
    return line, body[-10:]


def answer(line: socket.socket) -> bytes:
    """All that the server says on a connection."""
    said = b""
    while part := line.recv(65536):
        said += part
    line.close()
    return said


def inside(port: int) -> float:
    """Requests that are at work, as the server counts them."""
    url, headers = f"http://127.0.0.1:{port}/metrics", {"authorization": f"Bearer {KEY}"}
    lines = httpx.get(url, headers=headers, timeout=120).text.splitlines()
    return float(next(x for x in lines if x.startswith("lookmore_requests_inside ")).split()[1])


def until(claim: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + 60
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_who_finds_every_place_taken_is_asked_to_come_back(locked: Any, photo: Photo) -> None:
    held = [half_sent(locked.port, photo(0, 0)) for _ in range(2)]
    until(lambda: inside(locked.port) == 2)
    files, headers = [("images", ("a", photo(0, 0)))], {"authorization": f"Bearer {KEY}"}
    url = f"http://127.0.0.1:{locked.port}/embed"
    found = httpx.post(url, files=files, headers=headers, timeout=120)
    assert (found.status_code, found.headers["retry-after"]) == (503, "1")
    for line, rest in held:
        line.sendall(rest)
        assert line.recv(100).startswith(b"HTTP/1.1 200")
        line.close()
    until(lambda: inside(locked.port) == 0)
    assert httpx.post(url, files=files, headers=headers, timeout=120).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_running_requests_finish_and_ends_with_0(
    start: Start, world: Any, photo: Photo, number: signal.Signals
) -> None:
    server = start(str(world.run))
    line, rest = half_sent(server.port, photo(0, 0))
    plain = httpx.get(f"{server.url}/metrics", timeout=120).text
    assert "lookmore_requests_inside" in plain
    server.process.send_signal(number)
    time.sleep(0.3)
    assert server.process.poll() is None
    line.sendall(rest)
    said = answer(line)
    assert said.startswith(b"HTTP/1.1 200") and b'"embeddings"' in said
    assert server.process.wait(timeout=120) == 0
    until(lambda: server.lines[-1] == "Stopped.")
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_without_a_gallery_it_embeds_and_says_what_is_missing(
    start: Start, world: Any, photo: Photo
) -> None:
    server = start(str(world.run / "student"))
    files = [("image", ("a", photo(0, 0)))]
    found = httpx.post(f"{server.url}/search", files=files, timeout=120)
    assert found.status_code == 409
    assert found.json()["detail"].startswith("this server has no gallery: start it with --index")
    assert httpx.get(f"{server.url}/about", timeout=120).json()["people"] is None
    assert server.stop() == 0
