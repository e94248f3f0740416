"""The rows that a batch leaves behind, written inside the writer's transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from operator import itemgetter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sqlalchemy import Connection, insert, update

from sfcrime.domain.outcomes import Outcome
from sfcrime.machine.clock import now_ms
from sfcrime.store import rows, schema, upserts
from sfcrime.store.labels import Labels
from sfcrime.store.outcome import BatchOutcome, LedgerBefore
from sfcrime.store.records import PartitionRange, Totals


def ledger_before(connection: Connection, number: int) -> LedgerBefore:
    """Of generation `number`, as it is now."""
    partitions = {each.partition: each for each in rows.partitions(connection, number)}
    totals = rows.totals(connection, number)
    return LedgerBefore(totals, partitions, rows.set_aside_sums(connection, number))


def write_batch(
    connection: Connection,
    number: int,
    outcome: BatchOutcome,
    labels: tuple[Labels, Labels],
    before: LedgerBefore,
) -> None:
    """Writes all of a batch but its identities; it was checked that it continues the ledger.

    `labels` are those of call types, and those of dispositions.
    """
    add_cells(connection, number, outcome, labels)
    add_set_aside(connection, number, outcome)
    add_to_partitions(connection, number, outcome, before.partitions)
    committed_ms = now_ms()  # as near to the COMMIT as can be
    add_to_ledger(connection, number, outcome, committed_ms)
    add_to_totals(connection, number, outcome, before=before.totals, committed_ms=committed_ms)


def add_cells(
    connection: Connection, number: int, outcome: BatchOutcome, labels: tuple[Labels, Labels]
) -> None:
    """Adds the batch's calls to the cells of generation `number`, in the order of the key, and to
    the totals of their windows."""
    call_types, dispositions = labels
    cells = outcome.cells
    if not len(cells):
        return
    table = pa.table(
        {
            "window_s": pc.divide(cells.windows_us, 1_000_000),
            "call_type_id": call_types.number(connection, cells.call_types),
            "disposition_id": dispositions.number(connection, cells.dispositions),
            "calls": cells.calls,
        }
    )
    ordered = _in_order(table)
    upserts.merge_cells(connection, number, [_integers(column) for column in ordered.columns])
    by_window = table.group_by("window_s").aggregate([("calls", "sum")]).sort_by("window_s")
    windows, calls = (_integers(by_window[name]) for name in ("window_s", "calls_sum"))
    upserts.merge_window_totals(connection, number, outcome.batch_id, windows, calls)


def _in_order(cells: pa.Table) -> pa.Table:
    """The cells in the order of their key, each once."""
    key = cells.column_names[:3]
    ordered = cells.sort_by([(name, "ascending") for name in key])
    same = [pc.equal(ordered[name][1:], ordered[name][:-1]) for name in key]
    if not pc.any(pc.and_(pc.and_(same[0], same[1]), same[2])).as_py():
        return ordered
    added_up = cells.group_by(key).aggregate([("calls", "sum")]).select([*key, "calls_sum"])
    return _in_order(added_up.rename_columns(cells.column_names))


def _integers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(column, np.int64)


def add_set_aside(connection: Connection, number: int, outcome: BatchOutcome) -> None:
    """Keeps where each rejected and late record stands, and adds them to the sums by reason."""
    for table, records in ((schema.rejected, outcome.rejected), (schema.late, outcome.late)):
        if records:  # their fields are the columns between generation and batch
            upserts.add_rows(
                connection, table, [(number, *record, outcome.batch_id) for record in records]
            )
    added = Counter(map(itemgetter(0, 2), outcome.rejected))
    added.update((each.partition, Outcome.LATE.value) for each in outcome.late)
    if added:
        upserts.add_set_aside(connection, number, added)


def add_to_ledger(
    connection: Connection, number: int, outcome: BatchOutcome, committed_ms: int
) -> None:
    """Writes the batch's own ledger row and what it read of each partition."""
    connection.execute(
        insert(schema.batch).values(
            generation_id=number,
            batch_id=outcome.batch_id,
            **asdict(outcome.accounting),
            newest_call_us=outcome.newest_call_us,
            committed_ms=committed_ms,
        )
    )
    if outcome.ranges:
        connection.execute(
            insert(schema.batch_range),
            [
                {"generation_id": number, "batch_id": outcome.batch_id, **rows.from_range(each)}
                for each in outcome.ranges
            ],
        )


def add_to_partitions(
    connection: Connection, number: int, outcome: BatchOutcome, known: Mapping[int, PartitionRange]
) -> None:
    """Moves each partition's account forward; a partition not seen before begins its own."""
    together = [
        known[each.partition].followed_by(each) if each.partition in known else each
        for each in outcome.ranges
    ]
    ledger = [{"generation_id": number, **rows.from_range(each)} for each in together]
    upserts.replace_rows(connection, schema.partition_ledger, ledger)


def add_to_totals(
    connection: Connection, number: int, outcome: BatchOutcome, *, before: Totals, committed_ms: int
) -> None:
    """Moves the generation's totals forward."""
    table = schema.totals
    calls_us = [us for us in (before.newest_call_us, outcome.newest_call_us) if us is not None]
    connection.execute(
        update(table)
        .where(table.c.generation_id == number)
        .values(
            batches=before.batches + 1,
            last_batch_id=outcome.batch_id,
            **asdict(before.accounting + outcome.accounting),
            committed_ms=committed_ms,
            newest_call_us=max(calls_us, default=None),
        )
    )
