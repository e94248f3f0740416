"""A copy of the store in another database, of one moment, proved before anybody can see it.

Every row of every table is read from one snapshot and written in one transaction. Before that is
committed, the rows are read back and compared with what was read, and added up as at a start.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, func, inspect, select

from sfcrime.errors import BackupFailed, StoreEmpty, UsageError
from sfcrime.store import database, rows, schema, upserts
from sfcrime.store.address import StoreAddress
from sfcrime.store.records import Generation, PartitionRange, Totals
from sfcrime.store.snapshot import Snapshot, Snapshots
from sfcrime.store.soundness import require_sound, store_problems
from sfcrime.store.sqlite import ReadClock
from sfcrime.store.versions import make_or_check

TABLES = tuple(
    table for table in schema.metadata.sorted_tables if table is not schema.schema_version
)
"""What is copied, each table after those that it refers to. The version is the target's own."""

_READ_LIMIT_S = 600.0
_ROWS_AT_A_TIME = 20_000
_BLOCKS_AT_A_TIME = 256
"""Of the rows that are some 16 KB each."""

OnRows = Callable[[str, int, int], None]
"""Told (step, rows done, rows due); may raise to end it."""


@dataclass(frozen=True, slots=True)
class CopiedStore:
    """What a copy holds."""

    rows: Mapping[str, int]
    """By table."""
    generation: Generation
    """That readers see."""
    totals: Totals
    partitions: list[PartitionRange]
    """The ledger of each partition; the next start of a job reads on at its end."""


def copy_rows(source: StoreAddress, target: StoreAddress, on_rows: OnRows) -> CopiedStore:
    """Copies the store while a job may write to it, which goes on.

    Nobody else writes to the target meanwhile: a database of PostgreSQL sees to that, for a file
    the caller does. Where it fails or is ended, the target is as empty as it was.

    Args:
        source: of the store.
        target: a database without tables; a file may not be there.
        on_rows: told how far it is.

    Raises:
        StoreEmpty: there is no store, or nothing in it yet.
        StoreUnavailable: the source cannot be read, is damaged, or has another schema version; the
            target cannot be written.
        StoreTaken: a job writes to the target.
        UsageError: the target holds something.
        BackupFailed: what was written is not what was read.
    """
    on_rows("checking the store", 0, 0)
    with Snapshots(source, _READ_LIMIT_S).open() as snapshot:
        number = rows.current_generation_id(snapshot.connection)
        if number is None:
            raise StoreEmpty(f"The store {source} holds nothing yet.")
        for problem in store_problems(source):
            raise database.damaged(source, problem)
        counts = {table.name: _count(snapshot, table) for table in TABLES}
        # Before the target: once that is written, nothing of the source may fail any more.
        snapshot.restart_clock()
        read = snapshot.connection
        copied = CopiedStore(
            counts,
            rows.generation(read, number),
            rows.totals(read, number),
            rows.partitions(read, number),
        )
        with database.translated(target):
            engine = database.open_for_writing(target)
            try:
                with engine.begin() as connection:
                    _require_empty(connection, target)
                    make_or_check(connection, target)
                    digests = _write(_Source(source, snapshot), connection, counts, on_rows)
                    _prove(connection, digests, counts, on_rows)
                    require_sound(connection, source, in_order=True)
            finally:
                engine.dispose()
        return copied


class _Source:
    """The rows that are copied; an error on the way is one of theirs, not of the target."""

    def __init__(self, address: StoreAddress, snapshot: Snapshot) -> None:
        self._address = address
        self._snapshot = snapshot

    def pages(self, table: Table) -> Iterator[list[tuple[Any, ...]]]:
        with database.translated(self._address, ReadClock(_READ_LIMIT_S)):
            for page in _pages(self._snapshot.connection, table):
                yield page
                self._snapshot.restart_clock()


def _require_empty(connection: Connection, target: StoreAddress) -> None:
    if inspect(connection).get_table_names():
        raise UsageError(
            f"{target} holds something already.",
            rule="A store is copied as a whole, in place of nothing.",
            next_step="name a data folder without a store, or an empty database: createdb NAME",
        )


def _write(
    source: _Source, connection: Connection, counts: Mapping[str, int], on_rows: OnRows
) -> dict[str, bytes]:
    """Writes every row; the digest of each table."""
    digests, done, due = {}, 0, sum(counts.values())
    for table in TABLES:
        digest = _Digest()
        for page in source.pages(table):
            upserts.add_rows(connection, table, page)
            digest.add(page)
            done += len(page)
            on_rows("copying", done, due)
        digests[table.name] = digest.value()
    return digests


def _prove(
    connection: Connection,
    digests: Mapping[str, bytes],
    counts: Mapping[str, int],
    on_rows: OnRows,
) -> None:
    """Reads back what was written, as many rows as there are to copy, and compares."""
    done, due = 0, sum(counts.values())
    for table in TABLES:
        digest, held = _Digest(), 0
        for page in _pages(connection, table):
            digest.add(page)
            held += len(page)
            on_rows("comparing", done + held, due)
        done += held
        if held != counts[table.name] or digest.value() != digests[table.name]:
            raise BackupFailed(
                f"The copy of the table {table.name} holds {held:,} rows that are not the "
                f"{counts[table.name]:,} of the store.",
                rule="A copy is compared row by row before it is there.",
                next_step="nothing of it was kept; report this",
            )


def _pages(connection: Connection, table: Table) -> Iterator[list[tuple[Any, ...]]]:
    """All rows in the order of the key, which is the same in every database."""
    most = _BLOCKS_AT_A_TIME if table is schema.identity_block else _ROWS_AT_A_TIME
    statement = select(table).order_by(*table.primary_key.columns)
    options = {"stream_results": True, "max_row_buffer": most}
    with connection.execute(statement, execution_options=options) as result:
        while page := [tuple(row) for row in result.fetchmany(most)]:
            yield page


def _count(snapshot: Snapshot, table: Table) -> int:
    snapshot.restart_clock()
    return snapshot.connection.scalar(select(func.count()).select_from(table)) or 0


class _Digest:
    """Of rows in their order, however they are divided into pages of `_pages`."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, page: list[tuple[Any, ...]]) -> None:
        self._hash.update(msgspec.json.encode(page))

    def value(self) -> bytes:
        return self._hash.digest()
