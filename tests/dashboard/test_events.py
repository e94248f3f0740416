"""The stream over real connections: at once, in order, bounded, and ended in time."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from dashboard.serving import SEEN, Served, after_batch, served
from dashboard.test_newest_events import Page
from running import wait_until
from sfcrime.dashboard.serving import events
from sfcrime.dashboard.serving.events import EventHub, StreamBounds

SOON_S = 10.0


@dataclass
class Stream:
    """A server with the event stream alone."""

    page: Page
    hub: EventHub
    served: Served

    def publish(self, batch_id: int) -> None:
        source = self.page.source
        source.seen = after_batch(source.seen or SEEN, batch_id)
        self.hub.seen_changed()

    @contextmanager
    def listening(self, last_event_id: str | None = None) -> Iterator[Iterator[str]]:
        """The lines of a client that reads."""
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        with (
            httpx.Client(timeout=SOON_S) as client,
            client.stream("GET", f"{self.served.url}/events", headers=headers) as answer,
        ):
            assert answer.status_code == 200, answer.read()
            assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            yield answer.iter_lines()

    def deaf(self) -> socket.socket:
        """A client that never reads."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", self.served.port))
        client.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        return client


def next_id(lines: Iterator[str]) -> str:
    """The id of the next snapshot."""
    return next(line for line in lines if line.startswith("id: ")).removeprefix("id: ")


@contextmanager
def streaming(bounds: StreamBounds | None = None) -> Iterator[Stream]:
    page = Page()
    hub = EventHub(page.events, bounds)
    app = Starlette(routes=[Route("/events", hub)], lifespan=lambda _: hub.running())
    with served(app, hub) as running:
        yield Stream(page, hub, running)


@pytest.fixture
def stream() -> Iterator[Stream]:
    with streaming() as running:
        yield running


def test_a_new_client_gets_the_newest_at_once_and_each_later_batch(stream: Stream) -> None:
    with stream.listening() as lines:
        assert next(lines) == "retry: 1000"
        assert next_id(lines).startswith("1.1.")
        for batch_id in (2, 3):
            stream.publish(batch_id)
            assert next_id(lines).startswith(f"1.{batch_id}.")


def test_a_client_that_has_the_newest_gets_the_next(stream: Stream) -> None:
    with stream.listening() as lines:
        newest = next_id(lines)

    with stream.listening(newest) as lines:
        assert "event: state" in [next(lines) for _ in range(3)]
        stream.publish(2)
        assert next_id(lines).startswith("1.2.")


def test_before_anything_is_counted_a_client_waits_for_the_first_batch() -> None:
    with streaming() as stream:
        stream.page.source.seen = None
        with stream.listening() as lines:
            assert next(lines) == "retry: 1000"
            stream.publish(0)
            assert next_id(lines).startswith("1.0.")


def test_one_snapshot_is_made_for_all_who_listen(stream: Stream) -> None:
    with ExitStack() as listening:
        clients = [listening.enter_context(stream.listening()) for _ in range(5)]
        for lines in clients:
            assert next_id(lines).startswith("1.1.")
        stream.publish(2)
        for lines in clients:
            assert next_id(lines).startswith("1.2.")

    assert stream.hub.snapshots == 2


def test_while_nobody_listens_no_snapshot_is_made(stream: Stream) -> None:
    for batch_id in (2, 3):
        stream.publish(batch_id)

    with stream.listening() as lines:
        assert next_id(lines).startswith("1.3.")

    assert stream.hub.snapshots == 1
    wait_until(lambda: stream.hub.clients == 0, "the client is gone", SOON_S)


def test_a_client_that_does_not_read_neither_delays_others_nor_keeps_what_it_missed() -> None:
    large = {f"reason-{number}": number for number in range(2_000)}
    with streaming() as stream, closing(stream.deaf()) as deaf:
        stream.page.source.seen = replace(SEEN, rejected_by_reason=large)
        with stream.listening() as lines:
            next_id(lines)
            for batch_id in range(2, 200):
                stream.publish(batch_id)
                assert next_id(lines).startswith(f"1.{batch_id}.")
        deaf.settimeout(SOON_S)
        late = b""
        while b"id: 1.199." not in late:
            piece = deaf.recv(1_000_000)
            assert piece, "the server ended the connection"
            late += piece

    assert late.count(b"\nid: ") < 30, "most snapshots were passed over"


def test_a_client_that_does_not_take_what_is_sent_is_dropped() -> None:
    large = {f"reason-{number}": number for number in range(20_000)}
    bounds = StreamBounds(stalled_s=0.2)
    with streaming(bounds) as stream, ExitStack() as connected:
        stream.page.source.seen = replace(SEEN, rejected_by_reason=large)
        connected.enter_context(closing(stream.deaf()))
        lines = connected.enter_context(stream.listening())
        assert next_id(lines).startswith("1.1.")
        for batch_id in range(2, 20):
            stream.publish(batch_id)
            assert next_id(lines).startswith(f"1.{batch_id}.")
        wait_until(lambda: stream.hub.dropped == 1, "the deaf client is dropped", SOON_S)
        assert stream.hub.clients == 1
        stream.publish(20)
        assert next_id(lines).startswith("1.20.")


def test_a_quiet_stream_has_a_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "BEAT_S", 0.2)
    monkeypatch.setattr(events, "TICK_S", 0.1)
    with streaming() as stream, stream.listening() as lines:
        assert "event: beat" in lines
        assert next(lines) == "data: 1"  # a browser hands on no event without data


def test_what_a_newcomer_is_the_first_to_get_the_others_get_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(events, "TICK_S", 3_600.0)
    with streaming() as stream, stream.listening() as lines:
        next_id(lines)
        stream.page.source.seen = after_batch(SEEN, 2)  # and nobody says so
        with stream.listening() as others:
            assert next_id(others).startswith("1.2.")
        assert next_id(lines).startswith("1.2.")


def test_who_asks_for_the_head_alone_gets_an_end(stream: Stream) -> None:
    with httpx.Client(timeout=SOON_S) as client:
        for _ in range(2):  # by the same connection
            head = client.head(f"{stream.served.url}/events")
            assert (head.status_code, head.content) == (200, b"")
    assert stream.hub.clients == 0


def test_more_clients_than_the_bound_are_refused_and_those_there_stay() -> None:
    with streaming(StreamBounds(clients=1)) as stream, stream.listening() as lines:
        next_id(lines)
        refused = httpx.get(f"{stream.served.url}/events")
        assert (refused.status_code, refused.json()["error"]) == (503, "too_many")
        stream.publish(2)
        assert next_id(lines).startswith("1.2.")


def test_a_client_that_leaves_makes_room(stream: Stream) -> None:
    with stream.listening() as lines:
        next_id(lines)
        assert stream.hub.clients == 1

    wait_until(lambda: stream.hub.clients == 0, "it is gone", SOON_S)


def test_a_snapshot_that_cannot_be_made_ends_no_stream(stream: Stream) -> None:
    with stream.listening() as lines:
        next_id(lines)
        stream.page.source.seen = replace(SEEN, revision=2, totals=None)  # type: ignore[arg-type]
        stream.hub.seen_changed()
        stream.page.source.seen = SEEN
        stream.publish(2)
        assert next_id(lines).startswith("1.2.")


def test_the_streams_end_with_the_server_even_those_that_are_not_read() -> None:
    large = {f"reason-{number}": number for number in range(20_000)}
    with streaming() as stream, ExitStack() as connected:
        stream.page.source.seen = replace(SEEN, rejected_by_reason=large)
        connected.enter_context(closing(stream.deaf()))
        lines = connected.enter_context(stream.listening())
        next_id(lines)
        for batch_id in range(2, 20):
            stream.publish(batch_id)
            next_id(lines)
        started_s = time.monotonic()
        stream.served.stop.set()
        list(lines)
        stream.served.thread.join(SOON_S)

        assert not stream.served.thread.is_alive()
        assert time.monotonic() - started_s < 3.0


def test_a_server_that_ends_takes_no_new_client() -> None:
    hub = EventHub(Page().events)
    hub.end()
    sent: list[int] = []

    async def ask() -> None:
        async def send(message: events.Message) -> None:
            sent.append(message.get("status", 0))

        await hub({"type": "http", "headers": []}, _never, send)

    asyncio.run(ask())
    assert sent[0] == 503


async def _never() -> events.Message:
    return {"type": "http.disconnect"}
