"""A small store as the page sees it, and an application that answers from it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import httpx
import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.responses import JSONResponse

from cell_samples import cells_of
from sfcrime.dashboard.answers.api_error import api_error, body_of, headers_of, of_validation
from sfcrime.dashboard.answers.records import State
from sfcrime.dashboard.api import calls, stream
from sfcrime.dashboard.api.sight import Sight
from sfcrime.dashboard.memory.changes import Changes
from sfcrime.dashboard.memory.column_reading import ColumnReader
from sfcrime.dashboard.memory.hours import hour_totals
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.domain.outcomes import Accounting
from sfcrime.domain.wall_clock import from_datetime
from sfcrime.errors import SfcrimeError
from sfcrime.settings import Settings
from sfcrime.store import STORE_FILE
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.reader import open_reader
from sfcrime.store.records import CellCount, Generation, PartitionRange
from sfcrime.store.writer import open_writer
from store_samples import GENERATION, identities

LIVE = State(
    state="live",
    since=None,
    reason="A job counts.",
    job_started_at="2026-02-03T04:05:06.789Z",
    job_seen_at="2026-02-03T04:05:07.000Z",
    starts=1,
    lag=0,
    lag_by_partition={0: 0},
    lag_reason=None,
)


def wall_us(text: str) -> int:
    """Microseconds of a time such as "2018-10-02T09:00"."""
    return from_datetime(datetime.fromisoformat(text))


def cell(window: str, call_type: str, disposition: str, calls: int) -> CellCount:
    return CellCount(wall_us(window), call_type, disposition, calls)


def outcome_of(
    cells: Sequence[CellCount], *, batch_id: int = 0, first_call: int = 0
) -> BatchOutcome:
    """A batch of partition 0 that counted these cells and nothing else."""
    calls = sum(each.calls for each in cells)
    end = first_call + calls
    return BatchOutcome(
        batch_id=batch_id,
        cells=cells_of(cells),
        rejected=[],
        late=[],
        ranges=[PartitionRange(0, first_call, end, counted=calls)],
        accounting=Accounting(read=calls, counted=calls),
        identities=identities(first_call, end),
        newest_call_us=max((each.window_us for each in cells), default=None),
    )


def count(data_dir: Path, batches: Iterable[BatchOutcome], generation: Generation) -> None:
    """A store with these batches."""
    with open_writer(data_dir / STORE_FILE, history_rows=100) as writer:
        writer.create_generation(generation)
        for outcome in batches:
            writer.commit_batch(outcome)


def seen_in(data_dir: Path, *, with_columns: bool = True, changes: Changes | None = None) -> Seen:
    """What the page knows of the store of a data folder, read at once."""
    with open_reader(data_dir / STORE_FILE) as reader:
        windows = list(reader.window_totals())
        return Seen(
            revision=1,
            generation_id=reader.number,
            generation=reader.generation(),
            totals=reader.totals(),
            partitions=tuple(reader.partition_ledger()),
            rejected_by_reason=reader.rejected_kept().by_reason,
            writer=reader.writer_state(),
            progress=tuple(reversed(reader.progress(1000))),
            hours=hour_totals(
                np.array([each.window_s for each in windows], np.int64),
                np.array([each.calls for each in windows], np.int64),
            ),
            columns=ColumnReader().read(reader) if with_columns else None,
            changes=changes or Changes(),
        )


def seen_of(data_dir: Path, *cells: CellCount) -> Seen:
    """What the page knows of these cells, counted by one batch."""
    generation = replace(GENERATION, start_offsets={0: 0})
    count(data_dir, [outcome_of(cells)], generation)
    return seen_in(data_dir)


@dataclass(slots=True)
class Shown:
    """What the application answers from; a test may change it between requests."""

    seen: Seen | None
    state: State = LIVE


def api_app(shown: Shown, settings: Settings) -> FastAPI:
    """The API alone, with errors in the one body."""
    app = FastAPI(openapi_url=None)
    app.state.sight = Sight(settings, lambda: shown.seen, lambda _: shown.state)
    app.include_router(calls.router)
    app.include_router(stream.router)

    @app.exception_handler(SfcrimeError)
    def of_ours(_: Request, error: SfcrimeError) -> Response:
        found = api_error(error)
        body = body_of(found).model_dump()
        return JSONResponse(body, status_code=found.status, headers=headers_of(found))

    @app.exception_handler(RequestValidationError)
    def of_fastapi(_: Request, error: RequestValidationError) -> Response:
        found = of_validation(error.errors())
        return JSONResponse(body_of(found).model_dump(), status_code=found.status)

    return app


def ask(
    app: FastAPI,
    path: str,
    params: Mapping[str, str | int] | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """What the application answers to a GET of /api/v1 and the path."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.get(f"/api/v1/{path}", params=params, headers=headers)

    return asyncio.run(asked())
