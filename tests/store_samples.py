"""A small store for tests: hand-written batches, no arithmetic shared with the code under test."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine, event

from cell_samples import cells_of
from sfcrime.domain.outcomes import RULES_VERSION, Accounting
from sfcrime.store.identity_columns import IdentityColumns
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.records import (
    BatchProgress,
    CellCount,
    Generation,
    LateRecord,
    PartitionRange,
    RejectedRecord,
    RunFacts,
    WriterState,
)

HOUR_US = 3_600_000_000
NINE_US = 1_538_470_800_000_000
"""2018-10-02T09:00:00 on the wall."""
TEN_US = NINE_US + HOUR_US

GENERATION = Generation(
    topic="org.sf.police.calls",
    topic_id="yV3m0r0nQ0m2f8q1l5XbXA",
    start_offsets={0: 0, 1: 10},
    lateness_s=604_800,
    window_minutes=60,
    rules_version=RULES_VERSION,
    source_name="synthetic:seed=1:start=2018-10-02",
    source_title="synthetic city",
    synthetic=True,
    created_ms=1_700_000_000_000,
)


def identities(first: int, past: int) -> IdentityColumns:
    """Of calls with the ids [first, past), all of nine o'clock."""
    call_ids = np.arange(first, past)
    return IdentityColumns.of_calls(call_ids, np.full(len(call_ids), NINE_US))


FIRST_CELLS = (
    CellCount(NINE_US, "Traf Violation Cite", "CIT", 3),
    CellCount(TEN_US, "Passing Call", "HAN", 2),
    CellCount(NINE_US, "Passing Call", "HAN", 1),
    CellCount(NINE_US, "Passing Call", "22", 1),
)

FIRST = BatchOutcome(
    batch_id=0,
    cells=cells_of(FIRST_CELLS),
    rejected=[RejectedRecord(1, 12, "not-json"), RejectedRecord(0, 4, "bad-call-id")],
    late=[LateRecord(0, 5, NINE_US - 8 * 24 * HOUR_US, 1_538_500_000_000)],
    ranges=[
        PartitionRange(0, 0, 7, counted=4, late=1, rejected=1, leader_epoch=3),
        PartitionRange(1, 10, 15, counted=3, late=0, rejected=1, leader_epoch=7),
    ],
    accounting=Accounting(read=11, counted=7, duplicate=1, late=1, rejected=2, gaps=1),
    identities=identities(1, 8),
    newest_call_us=TEN_US + 60_000_000,
)

SECOND = BatchOutcome(
    batch_id=1,
    cells=cells_of(
        [
            CellCount(TEN_US, "Passing Call", "HAN", 1),
            CellCount(TEN_US, "Noise Nuisance", "OTS", 2),
        ]
    ),
    rejected=[RejectedRecord(0, 10, "not-json")],
    late=[],
    ranges=[
        PartitionRange(0, 7, 11, counted=3, late=0, rejected=1, leader_epoch=4),
        PartitionRange(1, 15, 15, counted=0, late=0, rejected=0, leader_epoch=7),
    ],
    accounting=Accounting(read=4, counted=3, rejected=1),
    identities=identities(8, 11),
    newest_call_us=TEN_US + 30_000_000,
)


def many_cells(batch_id: int, hours: Sequence[int], types: Sequence[int]) -> BatchOutcome:
    """One call for each of these hours after nine o'clock and call types; goes on in partition 0
    where the batch before, of at most 10,000 calls, ended with its last offset."""
    cells = [
        CellCount(NINE_US + hour * HOUR_US, f"type {kind}", "HAN", 1)
        for hour in hours
        for kind in types
    ]
    start, calls = batch_id * 10_000, len(cells)
    return BatchOutcome(
        batch_id=batch_id,
        cells=cells_of(cells),
        rejected=[],
        late=[],
        ranges=[PartitionRange(0, start, start + 10_000, counted=calls, late=0, rejected=0)],
        accounting=Accounting(read=calls, counted=calls, gaps=10_000 - calls),
        identities=identities(start, start + calls),
        newest_call_us=NINE_US + max(hours) * HOUR_US,
    )


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is sent to any database in the `with` block, in one line each."""
    sent: list[str] = []

    def note(_: object, __: object, statement: str, *___: Any) -> None:
        sent.append(" ".join(statement.split()))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def progress_of(batch_id: int, *, input_rows: int = 250) -> BatchProgress:
    return BatchProgress(
        batch_id=batch_id,
        started_ms=1_700_000_000_000 + batch_id * 1000,
        duration_ms=400,
        input_rows=input_rows,
        input_rows_per_s=250.0,
        processed_rows_per_s=625.0,
        phases_ms={"addBatch": 300, "queryPlanning": 20, "walCommit": 12},
        lag_records=17,
        lag_by_partition={0: 12, 1: 5},
    )


def may_begin_again(store: Path) -> bool:
    """Whether the file beside the store can be emptied: nobody holds an older snapshot of it."""
    with closing(sqlite3.connect(store, timeout=0)) as connection:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


COMMITTED_MS = 1_538_500_061_789
WRITER = WriterState(
    run_id="a-run",
    started_ms=COMMITTED_MS - 60_000,
    seen_ms=COMMITTED_MS,
    ended_ms=None,
    starts=3,
    facts=RunFacts(),
)
"""A run that has just committed."""
