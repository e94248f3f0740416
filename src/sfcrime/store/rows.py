"""What the tables say of a generation, as records, and records as rows."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, Table, select, tuple_

from sfcrime.domain.outcomes import ACCOUNTING_FIELDS, Accounting
from sfcrime.store import schema
from sfcrime.store.records import (
    BatchProgress,
    Generation,
    LedgerRow,
    PartitionRange,
    Totals,
)
from sfcrime.store.set_aside import SetAsidePlaces, SetAsideSum, kept_from

AnyRow = Row[*tuple[Any, ...]]

LABELS_AT_A_TIME = 500
"""In one statement."""

_RANGE = (
    *("partition", "start_offset", "end_offset", "counted", "late", "rejected"),
    "leader_epoch",
)
"""The columns of `partition_ledger` and of `batch_range`, in the order of `PartitionRange`."""


def of_generation(table: Table, number: int) -> Select[Any]:
    """The rows of a table that belong to generation `number`."""
    return select(table).where(table.c.generation_id == number)


def current_generation_id(connection: Connection) -> int | None:
    """The generation that readers see; None in a store that holds nothing yet."""
    return connection.scalar(select(schema.current_generation.c.generation_id))


def generation_ids(connection: Connection) -> list[int]:
    """Every generation in the store, oldest first."""
    return list(connection.scalars(select(schema.generation.c.id).order_by(schema.generation.c.id)))


def generation(connection: Connection, number: int) -> Generation:
    """The generation, with a start offset for every partition the ledger knows."""
    table = schema.generation
    row = connection.execute(select(table).where(table.c.id == number)).one()._asdict()
    del row["id"]
    return Generation(start_offsets=_starts(connection, number), **row)


def _starts(connection: Connection, number: int) -> dict[int, int]:
    """Where each partition began. Asks for no column that the version before does not have."""
    table = schema.partition_ledger
    columns = select(table.c.partition, table.c.start_offset).order_by(table.c.partition)
    found = connection.execute(columns.where(table.c.generation_id == number))
    return {partition: start for partition, start in found}


def from_generation(generation: Generation) -> dict[str, Any]:
    """All but the start offsets, which stand in `partition_ledger`."""
    row = asdict(generation)
    del row["start_offsets"]
    return row


def totals(connection: Connection, number: int) -> Totals:
    """The accounting of all its batches together."""
    row = connection.execute(of_generation(schema.totals, number)).one()
    others = (row.batches, row.last_batch_id, row.committed_ms, row.newest_call_us)
    return Totals(_accounting(row), *others)


def newest_batches(connection: Connection, number: int, limit: int) -> list[LedgerRow]:
    """The newest kept ledger rows, newest first."""
    newest_first = of_generation(schema.batch, number).order_by(schema.batch.c.batch_id.desc())
    return [
        LedgerRow(row.batch_id, row.committed_ms, _accounting(row))
        for row in connection.execute(newest_first.limit(limit))
    ]


def _accounting(row: AnyRow) -> Accounting:
    return Accounting(*(getattr(row, name) for name in ACCOUNTING_FIELDS))


def partitions(connection: Connection, number: int) -> list[PartitionRange]:
    """What was read of each partition since counting began, by partition."""
    table = schema.partition_ledger
    found = connection.execute(of_generation(table, number).order_by(table.c.partition))
    return [to_range(row) for row in found]


def set_aside(
    table: Table, number: int, partition: int | None, after: tuple[int, int] | None
) -> Select[Any]:
    """Rows of `rejected` or `late` in the form of their records, by partition and offset: of one
    partition or of all, above the place `after` or from the first."""
    columns = [each for each in table.columns if each.name not in ("generation_id", "batch_id")]
    statement = select(*columns).where(table.c.generation_id == number)
    statement = statement.order_by(table.c.partition, table.c.record_offset)
    if partition is not None:
        statement = statement.where(table.c.partition == partition)
    if after is not None:
        statement = statement.where(tuple_(table.c.partition, table.c.record_offset) > after)
    return statement


def set_aside_sums(connection: Connection, number: int) -> list[SetAsideSum]:
    """What each reason set aside in each partition, by partition and reason."""
    table = schema.set_aside
    found = of_generation(table, number).order_by(table.c.partition, table.c.reason)
    return [SetAsideSum(*row[1:]) for row in connection.execute(found)]


def set_aside_since(
    connection: Connection, number: int, starts: Mapping[int, int]
) -> SetAsidePlaces:
    """Where records were rejected or late at or after these offsets, by partition."""
    found = set[tuple[int, int]]()
    for table in (schema.rejected, schema.late):
        for partition, start in starts.items():
            places = select(table.c.partition, table.c.record_offset).where(
                table.c.generation_id == number,
                table.c.partition == partition,
                table.c.record_offset >= start,
            )
            found.update((row[0], row[1]) for row in connection.execute(places))
    dropped = kept_from(set_aside_sums(connection, number))
    return SetAsidePlaces(frozenset(found), dropped)


def to_range(row: AnyRow) -> PartitionRange:
    return PartitionRange(*(getattr(row, name) for name in _RANGE))


def from_range(each: PartitionRange) -> dict[str, int]:
    return dict(zip(_RANGE, each, strict=True))


def from_progress(progress: BatchProgress) -> dict[str, Any]:
    return asdict(progress) | {
        "phases_ms": json.dumps(progress.phases_ms),
        "lag_by_partition": json.dumps(progress.lag_by_partition),
    }


def to_progress(row: AnyRow) -> BatchProgress:
    lag = {int(partition): n for partition, n in json.loads(row.lag_by_partition).items()}
    found = row._asdict() | {"phases_ms": json.loads(row.phases_ms), "lag_by_partition": lag}
    del found["generation_id"]
    return BatchProgress(**found)


def label_numbers(connection: Connection, table: Table, texts: Collection[str]) -> dict[str, int]:
    """Text -> id of those of the labels that the table has."""
    number, text = table.columns
    return dict(_looked_up(connection, select(text, number), text, texts))


def label_texts(connection: Connection, table: Table, numbers: Collection[int]) -> dict[int, str]:
    """Id -> text of those labels of the table."""
    number, text = table.columns
    return dict(_looked_up(connection, select(number, text), number, numbers))


def _looked_up(
    connection: Connection, statement: Select[Any], column: Column[Any], wanted: Collection[Any]
) -> Iterator[Any]:
    """The rows that have one of the values, many values to a statement."""
    left = iter(wanted)
    while some := list(islice(left, LABELS_AT_A_TIME)):
        yield from connection.execute(statement.where(column.in_(some))).all()
