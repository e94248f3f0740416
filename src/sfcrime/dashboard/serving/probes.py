"""What programs ask that watch the server: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Protocol

from fastapi import APIRouter, Query, Response

from sfcrime.dashboard.answers.records import State
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.serving.events import EventHub
from sfcrime.dashboard.serving.health import MOST_LAG, readiness_of
from sfcrime.dashboard.serving.lag import NOT_ASKED

_LAG_WITHIN_S = 4.0
"""Kafka answers within 3 s or not at all."""


class SeenSource(Protocol):
    """Keeps the newest `Seen`; see `seen.Watch`."""

    @property
    def seen(self) -> Seen | None: ...
    @property
    def problem(self) -> str | None: ...
    @property
    def restarts(self) -> int: ...


def probe_router(source: SeenSource, state_of: Callable[[Seen], State], hub: EventHub) -> APIRouter:
    """The three, which are no part of the API."""
    router = APIRouter(include_in_schema=False)

    async def state() -> State | None:
        """With the lag, for which it waits the first time."""
        deadline_s = asyncio.get_running_loop().time() + _LAG_WITHIN_S
        while True:
            seen = source.seen
            found = state_of(seen) if seen is not None else None
            asked = found is None or found.lag_reason != NOT_ASKED
            if asked or asyncio.get_running_loop().time() > deadline_s:
                return found
            await asyncio.sleep(0.05)

    @router.get("/healthz")
    async def healthz() -> Response:
        return _json('{"status":"ok"}')

    @router.get("/readyz")
    async def readyz(most_lag: Annotated[int, Query(ge=0)] = MOST_LAG) -> Response:
        found = readiness_of(source.problem, await state(), most_lag)
        return _json(found.model_dump_json(), 200 if found.ready else 503)

    @router.get("/metrics")
    async def metrics() -> Response:
        # Nobody who looks at the page needs Prometheus's client: the start does not wait for it.
        from sfcrime.dashboard.serving.metrics import CONTENT_TYPE, Scrape, Server, metrics_text

        server = Server(hub.clients, hub.snapshots, hub.dropped, source.restarts)
        text = metrics_text(Scrape(source.seen, await state(), server))
        return Response(text, headers={"Content-Type": CONTENT_TYPE, "Cache-Control": "no-cache"})

    return router


def _json(text: str, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-cache"}
    return Response(text, status_code=status, headers=headers, media_type="application/json")
