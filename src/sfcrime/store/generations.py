"""Generations in the store: begun, shown to readers, forgotten; inside the writer's transaction."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import Refused
from sfcrime.store import ledger, rows, schema, sqlite
from sfcrime.store.batches import start_partition
from sfcrime.store.records import Generation, PartitionRange


def create(connection: Connection, generation: Generation) -> int:
    """The number of a generation, which is made unless it is there (but for `created_ms`).

    Raises:
        Refused: the query id has a generation that was shaped otherwise.
    """
    table = schema.generation
    known = connection.execute(select(table.c.id, table.c.query_id)).all()
    for number, query_id in known:
        if query_id == generation.query_id:
            _check_same(ledger.generation(connection, number), generation)
            return int(number)
    number = max((row.id for row in known), default=0) + 1
    _insert(connection, number, generation)
    return number


def _insert(connection: Connection, number: int, generation: Generation) -> None:
    connection.execute(
        insert(schema.generation).values(id=number, **rows.from_generation(generation))
    )
    nothing = rows.from_accounting(Accounting())
    connection.execute(insert(schema.totals).values(generation_id=number, batches=0, **nothing))
    for partition, start in generation.start_offsets.items():
        untouched = PartitionRange(partition, start, start, counted=0, late=0, rejected=0)
        start_partition(connection, number, untouched)


def _check_same(kept: Generation, wanted: Generation) -> None:
    kept_columns, wanted_columns = rows.from_generation(kept), rows.from_generation(wanted)
    names = [
        name
        for name, value in wanted_columns.items()
        if name != "created_ms" and kept_columns[name] != value
    ]
    # The ledger may know more partitions by now, but none that began elsewhere.
    if wanted.start_offsets.items() - kept.start_offsets.items():
        names.append("start_offsets")
    if names:
        raise Refused(
            f"Query {wanted.query_id} is in the store with another {', '.join(names)}.",
            rule="What shaped a count never changes under it.",
            next_step="count the topic anew: sfcrime rebuild",
        )


def point_readers_to(connection: Connection, number: int) -> None:
    """Makes `number` the generation that readers see: the one row of `current_generation`."""
    row = {"slot": 1, "generation_id": number}
    sqlite.replace_row(connection, schema.current_generation, row)


def forget(connection: Connection, number: int) -> None:
    """Deletes a generation with everything that was counted for it; labels are shared and stay."""
    of_generation = "generation_id"
    for table in reversed(schema.metadata.sorted_tables):
        if of_generation in table.columns and table is not schema.current_generation:
            connection.execute(delete(table).where(table.c[of_generation] == number))
    connection.execute(delete(schema.generation).where(schema.generation.c.id == number))
