"""A page on loopback for tests: the real server, over a `Seen` that a test gives."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event, Thread
from typing import Any

import httpx
import numpy as np
from starlette.types import ASGIApp

from running import wait_until
from sfcrime.dashboard.answers.records import State
from sfcrime.dashboard.memory.changes import Changes
from sfcrime.dashboard.memory.hours import HourTotals
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.serving.events import EventHub
from sfcrime.dashboard.serving.server import run_server
from sfcrime.dashboard.serving.state import state_of
from sfcrime.domain.known_lag import Lag
from sfcrime.domain.outcomes import Accounting
from sfcrime.pipeline.activity import PartState, SupervisionActivity
from sfcrime.pipeline.liveness import liveness_of, supervised
from sfcrime.store.records import BatchProgress, PartitionRange, Totals
from store_samples import COMMITTED_MS, GENERATION, NINE_US, TEN_US, WRITER

SUPERVISION = SupervisionActivity(
    started_ms=COMMITTED_MS - 61_000,
    seen_ms=COMMITTED_MS + 900,
    parts=(
        PartState("broker", "down", COMMITTED_MS + 500, 1, "was killed by signal 9"),
        PartState("producer", "done", COMMITTED_MS - 50_000, 0, ""),
        PartState("stream", "up", COMMITTED_MS - 50_000, 2, "was killed by signal 11"),
    ),
)
BROKER_DOWN = "The broker is down: it was killed by signal 9."

HOUR_TOTALS = HourTotals(NINE_US // 1_000_000, np.array([5, 5], dtype=np.int64))

SEEN = Seen(
    revision=1,
    generation_id=1,
    generation=GENERATION,
    totals=Totals(
        accounting=Accounting(read=15, counted=10, duplicate=1, late=1, rejected=3, gaps=1),
        batches=2,
        last_batch_id=1,
        committed_ms=COMMITTED_MS,
        newest_call_us=TEN_US + 60_000_000,
    ),
    partitions=(PartitionRange(0, 0, 11, 7, 1, 2), PartitionRange(1, 10, 15, 3, 0, 1)),
    rejected_by_reason={"not-json": 2, "bad-call-id": 1},
    writer=WRITER,
    progress=(
        BatchProgress(
            batch_id=1,
            started_ms=COMMITTED_MS - 400,
            duration_ms=400,
            input_rows=250,
            input_rows_per_s=250.0,
            processed_rows_per_s=625.0,
            phases_ms={"addBatch": 300, "queryPlanning": 20},
            lag_records=17,
        ),
    ),
    hours=HOUR_TOTALS,
    columns=None,
    changes=Changes(),
)


def state_at(seen: Seen, lag: Lag, said: SupervisionActivity, now_ms: int) -> State:
    """What the page says at a moment, for who looks once."""
    supervision, committed_ms = supervised(said, now_ms), seen.totals.committed_ms
    found = liveness_of(seen.writer, committed_ms, lag.records, supervision.parts, now_ms)
    return state_of(seen.writer, lag, supervision, found)


def after_batch(seen: Seen, batch_id: int) -> Seen:
    """The same, one revision later, after a further batch that counted nothing."""
    totals = replace(seen.totals, last_batch_id=batch_id, batches=batch_id + 1)
    return replace(seen, revision=seen.revision + 1, totals=totals)


@dataclass
class GivenSource:
    """Gives the `Seen` that a test puts there."""

    seen: Seen | None = SEEN
    problem: str | None = None
    restarts: int = 1
    on_seen: list[Callable[[], None]] = field(default_factory=list)

    def publish(self, seen: Seen | None) -> None:
        self.seen = seen
        for each in self.on_seen:
            each()


class PageClient:
    """Asks an application without a network, as a browser of one user would; errors of the
    application are answers."""

    def __init__(self, app: ASGIApp, base_url: str) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._base_url = base_url
        self.cookies = httpx.Cookies()

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def ask() -> httpx.Response:
            async with httpx.AsyncClient(
                transport=self._transport, base_url=self._base_url, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **more)
                self.cookies = httpx.Cookies(client.cookies)
                return answer

        return asyncio.run(ask())


@dataclass(frozen=True)
class Served:
    """A running server."""

    port: int
    thread: Thread
    stop: Event

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served(app: ASGIApp, hub: EventHub) -> Iterator[Served]:
    """The application on a free port, until the block ends."""
    stop, answering = Event(), Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        arguments = (app, hub, listener, stop, answering.set)
        thread = Thread(target=run_server, args=arguments, daemon=True)
        thread.start()
        try:
            wait_until(answering.is_set, "the server answers", timeout_s=20)
            yield Served(port, thread, stop)
        finally:
            stop.set()
            thread.join(10)
            assert not thread.is_alive(), "the server did not stop"
