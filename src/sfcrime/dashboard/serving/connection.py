"""One connection of a client: what it may send, how long it may take, and what is kept for it.

Tokens and names of hosts are looked at once the head of a request is there as a whole. What comes
before that is bounded here, because it may come from anybody.
"""

from __future__ import annotations

import asyncio
import socket

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sfcrime.dashboard.serving.events import ABORT

MOST_REQUEST_BYTES = 64 * 1024
"""Of a whole request, its headers and its body; the page's own take less than 2 KiB."""
REQUEST_WITHIN_S = 15.0
"""From the connection, or from the first byte of a further request, to its last byte."""
_UNSENT_BYTES = 128 * 1024
"""What the system keeps for a client that does not read; it would be megabytes."""
_LOST_AFTER = {
    "TCP_KEEPIDLE": 60,
    "TCP_KEEPINTVL": 10,
    "TCP_KEEPCNT": 6,
    "TCP_USER_TIMEOUT": 120_000,
}
"""A client that vanished without a word is gone after two minutes, and so is one that takes nothing
of what it was sent; where the system can say so."""


class Connection(HttpToolsProtocol):
    """Ends a connection whose request is too large or too slow, keeps little of what a client does
    not read, and lets the event stream cut it: a closed one waits for what was not sent yet."""

    _received = 0
    """Bytes of the request that is not whole yet."""
    _due: asyncio.TimerHandle | None = None
    """When it has to be whole; None while none is awaited."""

    # It is a transport of sockets, always; the base class takes any.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNSENT_BYTES)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _LOST_AFTER.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        self._await_request()

    def data_received(self, data: bytes) -> None:
        if self._due is None and (self.cycle is None or self.cycle.response_complete):
            self._await_request()
        if self._due is not None:
            self._received += len(data)
            if self._received > MOST_REQUEST_BYTES:
                self.transport.abort()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        # The type of a scope names the values that ASGI itself gives.
        self.scope["extensions"] = {ABORT: self.transport.abort}  # type: ignore[dict-item]
        if self._due is None:  # it came behind another one
            self._await_request()

    def on_message_complete(self) -> None:
        self._await_nothing()
        super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._await_nothing()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        self._received = 0
        self._due = self.loop.call_later(REQUEST_WITHIN_S, self.transport.abort)

    def _await_nothing(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None
