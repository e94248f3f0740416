"""The one row of `writer`: which run may write, how often one began, and whether it is alive.

Every transaction of a writer begins by comparing the run id, and keeps the row to itself until it
ends. So a start waits for what the run before it is writing, and nothing of that run comes after.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, func, select, update

from sfcrime.errors import Refused, StoreUnavailable
from sfcrime.machine.clock import now_ms
from sfcrime.store import schema, upserts
from sfcrime.store.address import StoreAddress
from sfcrime.store.records import RunFacts, WriterState
from sfcrime.store.written_state import file_identity


def begin_run(connection: Connection, run_id: str) -> None:
    """Makes a run the one that may write; whichever it was before may no longer."""
    starts = connection.scalar(select(schema.writer.c.starts)) or 0
    began_ms = now_ms()
    row = {
        "slot": 1,
        "run_id": run_id,
        "started_ms": began_ms,
        "seen_ms": began_ms,
        "ended_ms": None,
        "starts": starts + 1,
        "facts": "{}",
    }
    upserts.replace_rows(connection, schema.writer, [row])


def require_own(
    connection: Connection, address: StoreAddress, file: tuple[int, int] | None, run_id: str
) -> None:
    """Refuses a store that another run has opened since, or another file of its name.

    Args:
        connection: in a transaction.
        address: of the store.
        file: which file it was when this run opened it (`written_state.file_identity`).
        run_id: of this run.
    """
    if file_identity(address) != file:
        raise StoreUnavailable(
            f"The store {address} was deleted or replaced under the job.",
            rule="A batch goes into the store that the job read its offsets from.",
            next_step="start the job again: it goes on where the store that is there now ends",
        )
    # SQLite's transaction has the write lock already.
    if connection.scalar(select(schema.writer.c.run_id).with_for_update()) != run_id:
        raise Refused(
            f"Another job has opened the store {address} for writing.",
            rule="A store has one writer, the one that opened it last.",
            next_step="stop the other job, and start this one again",
        )


def describe(connection: Connection, facts: RunFacts) -> None:
    """Notes what the run says of itself."""
    _change(connection, facts=json.dumps(asdict(facts)))


def note_seen(connection: Connection) -> int:
    """Notes that the run is alive at this moment, which is returned."""
    seen_ms = now_ms()
    _change(connection, seen_ms=seen_ms)
    return seen_ms


def note_end(connection: Connection) -> None:
    """Notes that the run has ended in order."""
    _change(connection, ended_ms=now_ms())


def _change(connection: Connection, **columns: Any) -> None:
    connection.execute(update(schema.writer).values(**columns))


def state(connection: Connection) -> WriterState:
    """The newest run. A commit is a sign of life of its own, in whichever generation it was."""
    row = connection.execute(select(schema.writer)).one()
    committed_ms = connection.scalar(select(func.max(schema.totals.c.committed_ms))) or 0
    return WriterState(
        run_id=row.run_id,
        started_ms=row.started_ms,
        seen_ms=max(row.seen_ms, committed_ms),
        ended_ms=row.ended_ms,
        starts=row.starts,
        facts=RunFacts(**json.loads(row.facts)),
    )
