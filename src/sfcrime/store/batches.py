"""The rows that a batch leaves behind, written inside the writer's transaction."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection, Table, delete, insert, update

from sfcrime.store import rows, schema, upserts
from sfcrime.store.labels import Labels
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.records import PartitionRange, Totals
from sfcrime.store.writer_row import now_ms


@dataclass(frozen=True, slots=True)
class LedgerBefore:
    """What the ledger holds before a batch."""

    totals: Totals
    partitions: dict[int, PartitionRange]

    @property
    def ends(self) -> dict[int, int]:
        """Of each partition, the first offset not accounted for."""
        return {partition: each.end for partition, each in self.partitions.items()}


def ledger_before(connection: Connection, number: int) -> LedgerBefore:
    """Of generation `number`, as it is now."""
    partitions = {each.partition: each for each in rows.partitions(connection, number)}
    return LedgerBefore(rows.totals(connection, number), partitions)


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
    key = [(name, "ascending") for name in table.column_names[:3]]
    columns = [_integers(column) for column in table.sort_by(key).columns]
    upserts.merge_cells(connection, [[number] * len(cells), *columns])
    by_window = table.group_by("window_s").aggregate([("calls", "sum")]).sort_by("window_s")
    windows, calls = (_integers(by_window[name]) for name in ("window_s", "calls_sum"))
    upserts.merge_window_totals(connection, number, outcome.batch_id, windows, calls)


def _integers(column: pa.ChunkedArray) -> list[int]:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks)
    values = memoryview(array.buffers()[1]).cast("q")  # five times faster than to_pylist
    return values[array.offset : array.offset + len(array)].tolist()


def add_set_aside(connection: Connection, number: int, outcome: BatchOutcome) -> None:
    """Keeps where each rejected and late record stands."""
    for table, records in ((schema.rejected, outcome.rejected), (schema.late, outcome.late)):
        names = [column.name for column in table.columns]  # in the order of the records' fields
        if records:
            connection.execute(
                insert(table),
                [dict(zip(names, (number, *record), strict=True)) for record in records],
            )


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
    connection: Connection, number: int, outcome: BatchOutcome, known: dict[int, PartitionRange]
) -> None:
    """Moves each partition's account forward; a partition not seen before begins its own."""
    for each in outcome.ranges:
        before = known.get(each.partition)
        together = each if before is None else before.followed_by(each)
        row = {"generation_id": number, **rows.from_range(together)}
        upserts.replace_row(connection, schema.partition_ledger, row)


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


def forget_before(connection: Connection, number: int, table: Table, batch_id: int) -> None:
    """Deletes the rows of batches older than `batch_id`; totals keep what they counted."""
    connection.execute(
        delete(table).where(table.c.generation_id == number, table.c.batch_id < batch_id)
    )
