"""The guards before the routes: each refusal has its status, its sentence, and costs nothing."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from lookmore.serve.asgi import App, Message, Receive, Scope, Send
from lookmore.serve.doors import HostDoor, KeyDoor
from lookmore.serve.journal import Journal
from lookmore.serve.limits import BodyLimits, Gate
from lookmore.serve.metrics import Counter, Histogram, exposition

KEY = "0123456789abcdef"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Read the whole body and answer with its length."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    await answer(send, str(length))


async def answer(send: Send, text: str) -> None:
    """Answer 200."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text.encode()})


def ask(app: App, method: str = "GET", path: str = "/", **how: object) -> httpx.Response:
    """Ask an application without a socket."""

    async def once() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as it:
            return await it.request(method, path, **how)  # type: ignore[arg-type]

    return asyncio.run(once())


LOCAL = ("127.0.0.1", "localhost", "::1")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "LOCALHOST:9", "[::1]:8000"])
def test_own_names_are_answered_to(host: str) -> None:
    door = HostDoor(echo, names=LOCAL, public=())
    assert ask(door, headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1", "a@b:c"])
def test_names_that_were_rebound_are_not(host: str) -> None:
    found = ask(HostDoor(echo, names=LOCAL, public=()), headers={"host": host})
    assert found.status_code == 421
    assert "does not answer to the host name" in found.json()["detail"]


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://127.0.0.1:8000", 200),
        ("https://faces.example", 200),
        ("http://127.0.0.1:3000", 403),
        ("http://evil.example", 403),
        ("null", 403),
        ("http://[", 403),
    ],
)
def test_only_our_own_page_may_write(origin: str, status: int) -> None:
    door = HostDoor(echo, names=(*LOCAL, "faces.example"), public=("faces.example",))
    assert ask(door, "POST", headers={"origin": origin}).status_code == status
    assert ask(door, "DELETE", headers={"origin": origin}).status_code == status
    assert ask(door, "GET", headers={"origin": origin}).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        KEY,
        f"Basic {KEY}",
        "Bearer",
        f"Bearer {KEY}x",
        f"Bearer {KEY[:-1]}",
        "Bearer \xe9",
    ],
)
def test_without_the_key_the_body_is_not_even_looked_at(given: str | None) -> None:
    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("asked without a key")

    headers = {} if given is None else {"authorization": given.encode("latin-1")}
    found = ask(KeyDoor(never, key=KEY, open_paths=()), "POST", content=b"x", headers=headers)
    assert found.status_code == 401
    assert found.headers["www-authenticate"] == "Bearer"
    assert KEY not in found.text


def test_the_key_opens_and_open_paths_need_none() -> None:
    door = KeyDoor(echo, key=KEY, open_paths=("/healthz",))
    assert ask(door, headers={"authorization": f"Bearer {KEY}"}).status_code == 200
    assert ask(door, path="/healthz").status_code == 200
    assert ask(door, path="/healthz/../people").status_code == 401
    assert ask(KeyDoor(echo, key="", open_paths=())).status_code == 200


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_a_body_within_the_limit_arrives_whole(size: int) -> None:
    limits = BodyLimits(echo, most_bytes=1000, seconds=5)
    assert ask(limits, "POST", content=b"x" * size).text == str(size)


def test_a_stated_length_above_the_limit_is_refused_before_reading() -> None:
    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("asked with too much")

    found = ask(BodyLimits(never, most_bytes=1000, seconds=5), "POST", content=b"x" * 1001)
    assert found.status_code == 413
    assert found.json()["detail"].startswith("a request may have 0.000953674 MiB at most")


def test_a_body_that_states_no_length_is_cut_off() -> None:
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 100
            yield b"x" * 100

    read = 0

    async def counting(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal read
        try:
            while True:
                message = await receive()
                read += len(message["body"])
        finally:  # a framework that answers 400 where the body breaks off
            await send({"type": "http.response.start", "status": 400, "headers": []})

    found = ask(BodyLimits(counting, most_bytes=1000, seconds=5), "POST", content=chunks())
    assert found.status_code == 413
    assert read <= 1000


def test_a_body_that_takes_too_long_is_cut_off() -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(0.6)
        yield b"x"

    found = ask(BodyLimits(echo, most_bytes=1000, seconds=0.1), "POST", content=slow())
    assert found.status_code == 408


def test_a_long_answer_is_not_a_slow_body() -> None:
    async def thinking(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await asyncio.sleep(0.3)
        await answer(send, "done")

    assert ask(BodyLimits(thinking, most_bytes=9, seconds=0.1), "POST", content=b"x").text == "done"


def test_the_gate_lets_so_many_in_and_asks_the_others_to_come_back() -> None:
    async def play() -> list[int]:
        leave = asyncio.Event()

        async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
            await leave.wait()
            await answer(send, "done")

        gate = Gate(waiting, most=2)
        transport = httpx.ASGITransport(app=gate)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            inside = [asyncio.create_task(client.post("/")) for _ in range(2)]
            while gate.inside < 2:
                await asyncio.sleep(0)
            refused = await client.post("/")
            assert refused.headers["retry-after"] == "1"
            assert "2 requests are at work or waiting" in refused.json()["detail"]
            leave.set()
            statuses = [refused.status_code, *[(await task).status_code for task in inside]]
            return [*statuses, (await client.post("/")).status_code, gate.inside]

    assert asyncio.run(play()) == [503, 200, 200, 200, 0]


def test_the_gate_forgets_a_request_that_failed() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise ArithmeticError

    gate = Gate(failing, most=1)
    with pytest.raises(ArithmeticError):
        ask(gate, "POST")
    assert gate.inside == 0


Journalled = tuple[Journal, Counter, Histogram]


@pytest.fixture
def journal() -> Callable[[App], Journalled]:
    """Returns a journal before an application, and its books."""

    def make(app: App) -> Journalled:
        requests = Counter("n_total", "N.", "method", "path", "status")
        seconds = Histogram("s", "S.", "path", bounds=(1.0,))
        templates = ("/search", "/people", "/people/{name}")
        return (
            Journal(app, templates=templates, requests=requests, seconds=seconds),
            requests,
            seconds,
        )

    return make


def test_every_answer_has_an_id_and_the_headers_that_keep_a_page_safe(
    journal: Callable[[App], Journalled],
) -> None:
    found = ask(journal(echo)[0])
    assert len(found.headers["x-request-id"]) == 12
    policy = found.headers["content-security-policy"]
    assert policy.startswith("default-src 'self';") and "unsafe" not in policy
    assert found.headers["x-content-type-options"] == "nosniff"
    assert found.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_X", True), ("a" * 65, False), ("with space", False), ("", False)]
)
def test_an_id_of_the_clients_is_kept_if_it_is_one(
    journal: Callable[[App], Journalled], given: str, kept: bool
) -> None:
    found = ask(journal(echo)[0], headers={"x-request-id": given})
    assert (found.headers["x-request-id"] == given) is kept


def test_the_log_and_the_counts_know_kinds_of_requests_and_no_names(
    journal: Callable[[App], Journalled], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="lookmore.serve")
    app, requests, seconds = journal(echo)
    ask(app, "DELETE", "/people/Ann%20Smith")
    ask(app, "GET", "/secret-path?token=1")
    ask(app, "BREW", "/search")
    text = exposition([requests, seconds])
    assert 'n_total{method="DELETE",path="/people/{name}",status="200"} 1' in text
    assert 'n_total{method="GET",path="other",status="200"} 1' in text
    assert 'n_total{method="other",path="/search",status="200"} 1' in text
    for word in ("Ann", "Smith", "secret", "token", "BREW"):
        assert word not in text + caplog.text
    assert len(caplog.records) == 3


def test_a_failure_is_an_answer_with_an_id_and_the_rest_is_in_the_log(
    journal: Callable[[App], Journalled], caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise ArithmeticError("the inside story")

    found = ask(journal(failing)[0])
    assert found.status_code == 500
    assert "inside story" not in found.text
    assert found.json()["request_id"] == found.headers["x-request-id"]
    assert "inside story" in caplog.text and found.headers["x-request-id"] in caplog.text


def test_a_refusal_reads_away_what_still_comes() -> None:
    read = 0

    async def receive() -> Message:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b"x", "more_body": read < 5}

    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"host", b"evil")]}
    asyncio.run(HostDoor(echo, names=LOCAL, public=())(scope, receive, send))
    assert read == 5
    assert sent[0]["status"] == 421 and json.loads(sent[1]["body"])["detail"]
