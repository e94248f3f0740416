"""What the tables say of a generation as a whole; shared by the writer and the readers."""

from __future__ import annotations

from sqlalchemy import Connection, select

from sfcrime.store import rows, schema
from sfcrime.store.records import Generation, LedgerRow, PartitionLedger, Totals


def current_generation_id(connection: Connection) -> int | None:
    """The generation that readers see; None in a store that holds nothing yet."""
    return connection.scalar(select(schema.current_generation.c.generation_id))


def generation_ids(connection: Connection) -> list[int]:
    """Every generation in the store, oldest first."""
    return list(connection.scalars(select(schema.generation.c.id).order_by(schema.generation.c.id)))


def whole_generation_ids(connection: Connection) -> list[int]:
    """Those of them that are not being forgotten."""
    table = schema.totals
    return list(connection.scalars(select(table.c.generation_id).order_by(table.c.generation_id)))


def generation(connection: Connection, number: int) -> Generation:
    """The generation, with a start offset for every partition the ledger knows."""
    table = schema.generation
    row = connection.execute(select(table).where(table.c.id == number)).one()
    return rows.to_generation(row, partitions(connection, number))


def totals(connection: Connection, number: int) -> Totals:
    """The accounting of all its batches together."""
    table = schema.totals
    return rows.to_totals(
        connection.execute(select(table).where(table.c.generation_id == number)).one()
    )


def partitions(connection: Connection, number: int) -> list[PartitionLedger]:
    """The cumulative account of each partition, by partition."""
    table = schema.partition_ledger
    found = connection.execute(
        select(table).where(table.c.generation_id == number).order_by(table.c.partition)
    )
    return [rows.to_partition_ledger(row) for row in found]


def newest_batches(connection: Connection, number: int, limit: int) -> list[LedgerRow]:
    """The newest kept ledger rows, newest first."""
    table = schema.batch
    found = connection.execute(
        select(table)
        .where(table.c.generation_id == number)
        .order_by(table.c.batch_id.desc())
        .limit(limit)
    )
    return [rows.to_ledger_row(row) for row in found]
