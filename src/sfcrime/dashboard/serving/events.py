"""The event stream: what is newest, to everybody who listens.

There are no queues: who is slow gets the newest events once the last ones are through, and nothing
of what lay between. Everything here runs on the event loop, but for `seen_changed`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from sfcrime.dashboard.answers.api_error import ApiError
from sfcrime.dashboard.serving.error_answers import error_response
from sfcrime.dashboard.serving.newest_events import NewestEvents

MOST_CLIENTS = 1_000
BEAT_S = 10.0
TICK_S = 1.0
"""How often state, beats and stalled clients are looked after."""
ABORT = "sfcrime.abort"
"""The extension of a scope that cuts the connection, with what waits to be sent."""

_CUT_AFTER_S = 0.2
_LOG = logging.getLogger("sfcrime.dashboard")
_FIRST = b"retry: 1000\n\n"
_BEAT = b"event: beat\ndata: 1\n\n"
"""An event, not a comment: of a comment no script of a page hears."""
_START: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
    ],
}


@dataclass(frozen=True, slots=True)
class StreamBounds:
    """What the stream can bear."""

    clients: int = MOST_CLIENTS
    stalled_s: float = 20.0
    """A client that does not take what is sent within so long is dropped."""


@dataclass(eq=False, slots=True)
class _Client:
    """Somebody who listens."""

    cut: Callable[[], object]
    """Ends the connection at once."""
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    place: int = 0
    """Of the newest event that it got."""
    sent_s: float = 0.0
    sending_since_s: float | None = None
    ended: bool = False

    def end(self) -> None:
        self.ended = True
        self.woken.set()


class EventHub:
    """ASGI application of the stream.

    Args:
        events: what there is to send.
        bounds: of clients.
    """

    def __init__(self, events: NewestEvents, bounds: StreamBounds | None = None) -> None:
        self._events = events
        self._bounds = bounds or StreamBounds()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed = asyncio.Event()
        self._clients: set[_Client] = set()
        self._ended = False
        self.dropped = 0
        """How many clients did not take what was sent to them."""

    @property
    def clients(self) -> int:
        """How many listen."""
        return len(self._clients)

    @property
    def snapshots(self) -> int:
        """How many were made."""
        return self._events.snapshots

    def seen_changed(self) -> None:
        """There is a new `Seen`. From any thread."""
        if self._loop is not None and not self._ended:
            self._loop.call_soon_threadsafe(self._changed.set)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Makes events and looks after clients, for the length of the `async with` block."""
        running = asyncio.create_task(self._run())
        yield
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        tick_s = self._loop.time() + TICK_S
        while True:
            try:
                async with asyncio.timeout_at(tick_s):
                    await self._changed.wait()
            except TimeoutError:
                tick_s = self._loop.time() + TICK_S
                self._drop_stalled(self._loop.time())
            self._changed.clear()
            if self._clients:
                self._renew()

    def end(self) -> None:
        """Ends every stream, and cuts those that do not take what was sent. No new ones begin."""
        self._ended = True
        for client in list(self._clients):
            client.end()
            if client.sending_since_s is not None:
                client.cut()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one client until it leaves, stalls, or the server ends."""
        if scope.get("method") == "HEAD":
            await send(_START)
            await send({"type": "http.response.body", "body": b""})
            return
        if self._ended or len(self._clients) >= self._bounds.clients:
            await error_response(too_many(self._bounds.clients))(scope, receive, send)
            return
        task = asyncio.current_task()
        assert task is not None
        client = _Client(scope.get("extensions", {}).get(ABORT, task.cancel))
        self._clients.add(client)
        leaving = asyncio.create_task(_end_when_gone(client, receive))
        try:
            await self._send(client, send, _START)
            self._renew()
            newest = self._events.after_name(Headers(scope=scope).get("last-event-id"))
            client.place = newest.place if newest else 0
            await self._send(client, send, _part(_FIRST + (newest.content if newest else b"")))
            while not client.ended:
                await self._send_next(client, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            if self._ended:  # what is closed still waits for a client that does not read
                asyncio.get_running_loop().call_later(_CUT_AFTER_S, client.cut)
        finally:
            self._clients.discard(client)
            leaving.cancel()

    async def _send_next(self, client: _Client, send: Send) -> None:
        """Sends what is newer than the client's place, or a beat; waits where there is neither."""
        client.woken.clear()
        newest = self._events.after(client.place)
        if newest is not None:
            client.place = newest.place
            await self._send(client, send, _part(newest.content))
        elif self._now_s() - client.sent_s >= BEAT_S:
            await self._send(client, send, _part(_BEAT))
        else:
            await client.woken.wait()

    async def _send(self, client: _Client, send: Send, message: Message) -> None:
        client.sending_since_s = self._now_s()
        await send(message)
        client.sending_since_s = None
        client.sent_s = self._now_s()

    def _drop_stalled(self, now_s: float) -> None:
        """Cuts who does not take what was sent, and wakes who is to get a beat."""
        for client in list(self._clients):
            since_s = client.sending_since_s
            if since_s is None:
                if now_s - client.sent_s >= BEAT_S:
                    client.woken.set()
            elif now_s - since_s >= self._bounds.stalled_s and not client.ended:
                self.dropped += 1
                client.end()
                client.cut()

    def _renew(self) -> None:
        """Makes what is new, and wakes everybody for it, whoever asked."""
        try:
            is_new = self._events.renew(self._now_s())
        except Exception:  # it is one of ours: the stream goes on without the snapshot
            _LOG.exception("no snapshot can be made")
            return
        if is_new:
            for client in self._clients:
                client.woken.set()

    def _now_s(self) -> float:
        return asyncio.get_running_loop().time()


def _part(content: bytes) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": True}


def too_many(most: int) -> ApiError:
    """The stream has as many clients as it may."""
    return ApiError(
        503,
        "too_many",
        f"The event stream has {most:,} clients, and takes no more.",
        "close other windows of the page, or ask again later",
    )


async def _end_when_gone(client: _Client, receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    client.end()
