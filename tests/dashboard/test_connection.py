"""What is bounded of a connection before anybody is asked for a token."""

from __future__ import annotations

import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from threading import Event

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from dashboard.serving import Served, served
from dashboard.test_newest_events import Page
from sfcrime.dashboard.serving import connection
from sfcrime.dashboard.serving.error_answers import Unexpected
from sfcrime.dashboard.serving.events import EventHub

SOON_S = 10.0
ASKED = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def _length(request: Request) -> Response:
    try:
        return PlainTextResponse(f"{len(await request.body())} bytes")
    finally:
        request.app.state.ended.set()


async def _large(request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(1_000):
            yield b"a" * 65_536
        request.app.state.ended.set()

    return StreamingResponse(pieces())


ENDED = Event()
"""Set when an answer has ended, whole or not."""


@pytest.fixture
def server() -> Iterator[Served]:
    hub = EventHub(Page().events)
    methods = ["GET", "POST"]
    routes = [Route("/", _length, methods=methods), Route("/large", _large), Route("/events", hub)]
    app = Starlette(routes=routes, lifespan=lambda _: hub.running())
    app.state.ended = ENDED
    ENDED.clear()
    with served(Unexpected(app), hub) as running:
        yield running


def connected(server: Served) -> closing[socket.socket]:
    return closing(socket.create_connection(("127.0.0.1", server.port), timeout=SOON_S))


def is_ended(client: socket.socket) -> bool:
    """Waits for the server's end of the connection."""
    try:
        while client.recv(65_536):
            pass
    except ConnectionError:
        pass
    return True


def sends_until_ended(client: socket.socket, piece: bytes, most: int) -> int:
    """How much of it was taken before the connection ended."""
    sent = 0
    try:
        while sent < most:
            client.sendall(piece)
            sent += len(piece)
    except ConnectionError:
        pass
    return sent


@pytest.mark.parametrize(
    "piece", [b"a:\r\n" * 4096, b"b" * 16_384], ids=["many headers", "one long header"]
)
def test_headers_without_an_end_are_not_kept(server: Served, piece: bytes) -> None:
    most = 64_000_000
    with connected(server) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nx: ")
        assert sends_until_ended(client, piece, most) < most
    assert httpx.get(server.url).text == "0 bytes"


def test_headers_behind_a_request_whose_answer_is_under_way_are_not_kept_either(
    server: Served,
) -> None:
    most = 64_000_000
    with connected(server) as client:
        client.sendall(ASKED.replace(b" / ", b" /events "))
        assert client.recv(1)
        client.sendall(b"GET / HTTP/1.1\r\n")
        assert sends_until_ended(client, b"a:\r\n" * 4096, most) < most


def test_a_request_of_usual_size_is_taken_whole_and_one_after_the_other(server: Served) -> None:
    with httpx.Client(timeout=SOON_S) as client:
        for _ in range(5):
            answer = client.post(server.url, content=b"x" * 30_000, headers={"y": "z" * 8_000})
            assert answer.text == "30000 bytes"


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"\r\n",
        b"GET / HTTP/1.1\r\nHost: loc",
        b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx",
    ],
    ids=["nothing", "an empty line", "half of the headers", "half of the body"],
)
def test_a_request_that_is_not_whole_in_time_ends_its_connection(
    server: Served, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(connection, "REQUEST_WITHIN_S", 0.3)
    with connected(server) as client:
        client.sendall(begun)
        assert is_ended(client)
    if not begun:
        return  # behind another request that is uvicorn's own matter, after 5 s
    with connected(server) as client:
        client.sendall(ASKED)
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 OK")
        client.sendall(begun)
        assert is_ended(client)


def test_a_stream_may_last_longer_than_a_request(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "REQUEST_WITHIN_S", 0.2)
    monkeypatch.setattr("sfcrime.dashboard.serving.events.BEAT_S", 0.5)
    monkeypatch.setattr("sfcrime.dashboard.serving.events.TICK_S", 0.1)
    with (
        httpx.Client(timeout=SOON_S) as client,
        client.stream("GET", f"{server.url}/events") as answer,
    ):
        lines = answer.iter_lines()
        for _ in range(2):
            next(line for line in lines if line == "event: beat")


def test_a_client_that_leaves_within_its_request_fills_no_log(
    server: Served, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "sfcrime"):
        with connected(server) as client:
            client.sendall(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nx")
        assert ENDED.wait(SOON_S)
        assert httpx.get(server.url).text == "0 bytes"
    assert caplog.records == []


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="the system cannot say so")
def test_a_client_that_takes_nothing_of_its_answer_is_gone_after_a_while(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_LOST_AFTER", {"TCP_USER_TIMEOUT": 500})
    with connected(server) as client:
        client.sendall(ASKED.replace(b" / ", b" /large "))
        assert ENDED.wait(SOON_S)
