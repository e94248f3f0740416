"""Generations in the store: begun, shown to readers, forgotten; inside the writer's transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict

from sqlalchemy import Connection, Table, delete, func, insert, select, tuple_

from sfcrime.domain.outcomes import Accounting
from sfcrime.store import rows, schema, upserts
from sfcrime.store.labels import Labels
from sfcrime.store.records import Generation, PartitionRange

ROWS_FORGOTTEN_AT_ONCE = 50_000
"""In one transaction, so that a generation of any size never holds the store for long."""
_BLOCKS_FORGOTTEN_AT_ONCE = 1_000
"""Of the rows that are some 16 KB each."""


def create(connection: Connection, generation: Generation) -> int:
    """Makes a generation; its number."""
    newest = connection.scalar(select(func.max(schema.generation.c.id)))
    number = 1 if newest is None else newest + 1
    connection.execute(
        insert(schema.generation).values(id=number, **rows.from_generation(generation))
    )
    nothing = asdict(Accounting())
    connection.execute(insert(schema.totals).values(generation_id=number, batches=0, **nothing))
    for partition, start in generation.start_offsets.items():
        row = rows.from_range(PartitionRange(partition, start, start))
        connection.execute(insert(schema.partition_ledger).values(generation_id=number, **row))
    return number


def point_readers_to(connection: Connection, number: int) -> None:
    """Makes `number` the generation that readers see: the one row of `current_generation`."""
    row = {"slot": 1, "generation_id": number}
    upserts.replace_rows(connection, schema.current_generation, [row])


def unseen(connection: Connection) -> dict[int, Generation]:
    """Those newer than the one that readers see, by number, which are not being forgotten. Older
    ones were replaced by it."""
    table = schema.totals
    current = rows.current_generation_id(connection) or 0
    newer = select(table.c.generation_id).where(table.c.generation_id > current)
    numbers = connection.scalars(newer.order_by(table.c.generation_id)).all()
    return {number: rows.generation(connection, number) for number in numbers}


def forget(
    numbers: Sequence[int],
    labels: Iterable[Labels],
    transaction: Callable[[], AbstractContextManager[Connection]],
    after_each: Callable[[], None],
) -> None:
    """Deletes generations, and then the labels that no cell has any more.

    Args:
        numbers: of the generations.
        labels: all tables of labels.
        transaction: opens one of the many short ones that it takes.
        after_each: called after each that deleted rows of a generation.
    """
    for number in numbers:
        more = True
        while more:
            with transaction() as connection:
                more = forget_some(connection, number)
            after_each()
    for each in labels:
        each.forget_unused(transaction)
    # Their own rows go once nothing else is left to be done for them.
    with transaction() as connection:
        connection.execute(delete(schema.generation).where(schema.generation.c.id.in_(numbers)))


def forget_some(connection: Connection, number: int) -> bool:
    """Deletes a bounded part of a generation: all but its own row, and the labels, which are
    shared.

    Its totals go first: without them nobody goes on with what is left of it.

    Returns:
        Whether some of it may be left.
    """
    for table in sorted(schema.metadata.sorted_tables, key=lambda each: each is not schema.totals):
        is_counted = "generation_id" in table.columns and table is not schema.current_generation
        if is_counted and _delete_some(connection, table, number):
            return True
    return False


def _delete_some(connection: Connection, table: Table, number: int) -> bool:
    """Deletes rows of a generation; whether there were as many as are deleted at once."""
    most = ROWS_FORGOTTEN_AT_ONCE
    if table is schema.identity_block:
        most = min(most, _BLOCKS_FORGOTTEN_AT_ONCE)
    key = tuple_(*table.primary_key.columns)
    some = select(*table.primary_key.columns).where(table.c.generation_id == number).limit(most)
    deleted = connection.execute(delete(table).where(key.in_(some)))
    return deleted.rowcount >= most
