"""The application: the page's files, the API, the event stream and the probes behind one guard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from starlette.routing import Route

from sfcrime import __version__
from sfcrime.dashboard.answers.records import State
from sfcrime.dashboard.api import calls, stream
from sfcrime.dashboard.api.openapi import described_api
from sfcrime.dashboard.api.sight import Sight
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.overview import snapshot_of
from sfcrime.dashboard.serving.binding import Binding
from sfcrime.dashboard.serving.error_answers import Unexpected, answer_errors
from sfcrime.dashboard.serving.events import EventHub
from sfcrime.dashboard.serving.guard import Guard
from sfcrime.dashboard.serving.lag import LagWatch
from sfcrime.dashboard.serving.login import login_route
from sfcrime.dashboard.serving.newest_events import NewestEvents
from sfcrime.dashboard.serving.pages import FOLDER, page_routes
from sfcrime.dashboard.serving.probes import SeenSource, probe_router
from sfcrime.dashboard.serving.state import state_of
from sfcrime.dashboard.serving.supervision import SupervisionWatch
from sfcrime.machine.clock import now_ms
from sfcrime.pipeline.liveness import LivenessWatch, supervised
from sfcrime.settings import Settings


def build_app(
    source: SeenSource,
    settings: Settings,
    binding: Binding,
    lag: LagWatch,
    folder: Path = FOLDER,
) -> FastAPI:
    """The application, whose `state.hub` is the event stream's.

    Args:
        source: keeps the newest `Seen`; whoever starts it tells the hub of each new one.
        settings: of this server.
        binding: who may ask.
        lag: looked at by everything that tells the state.
        folder: of the page's built files.
    """

    supervision, liveness = SupervisionWatch(settings.data_dir), LivenessWatch()

    def state_now(seen: Seen) -> State:
        lag.look()
        known, looked_ms = lag.known, now_ms()
        said = supervised(supervision.look(), looked_ms)
        committed_ms = seen.totals.committed_ms
        found = liveness.look(seen.writer, committed_ms, known.records, said.parts, looked_ms)
        return state_of(seen.writer, known, said, found)

    sight = Sight(settings, lambda: source.seen, state_now)
    hub = EventHub(NewestEvents(sight, snapshot_of))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with hub.running():
            yield

    # FastAPI's own pages about the API load scripts from elsewhere, so they are left out.
    app = FastAPI(
        title="sfcrime",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    # As FastAPI documents it; a method of a class is a function of an object here.
    app.openapi = described_api  # type: ignore[method-assign]
    app.state.sight, app.state.hub = sight, hub
    app.include_router(calls.router)
    app.include_router(stream.router)
    app.include_router(probe_router(source, state_now, hub))
    app.router.routes += [
        Route("/api/v1/events", hub, methods=["GET"]),
        login_route(binding.token),
        *page_routes(folder),
    ]
    answer_errors(app)
    app.add_middleware(Unexpected)
    app.add_middleware(Guard, binding=binding)
    return app
