"""Read-only readers: everything one reader shows comes from one snapshot of the store.

The file is opened `mode=ro`, so a reader can neither write nor delay the writer, which goes on
while it reads; a statement that works longer than its limit is stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Select, Table, func, inspect, select

from sfcrime.domain.wall_clock import MICROS
from sfcrime.errors import StoreEmpty
from sfcrime.store import cells, rows, schema, sqlite
from sfcrime.store.records import (
    BatchProgress,
    CellCount,
    Generation,
    Grouping,
    LargestCells,
    LateRecord,
    LedgerRow,
    PartitionRange,
    RejectedRecord,
    Totals,
)
from sfcrime.store.versions import check_schema_version

if TYPE_CHECKING:
    from sfcrime.store.identity_blocks import StoredBlock

READ_LIMIT_S = 60.0
"""Work of one statement between two fetches; 2.7 million cells are read or grouped in 2 to 12 s
in all, on two busy cores."""

_FETCHED_ROWS = 10_000


@contextmanager
def open_reader(
    path: Path, *, limit_s: float = READ_LIMIT_S, copied: bool = False
) -> Iterator[StoreReader]:
    """One snapshot of the current generation, for the length of the `with` block.

    Args:
        path: the store's file.
        limit_s: seconds a statement may work before its next rows are there.
        copied: for a reader that takes more than seconds: reads a private copy, as large as the
            store, in the system's folder for temporary files.

    Raises:
        StoreEmpty: no store, or nothing in it yet.
        StoreUnavailable: another schema version, a read that took too long, or no room to copy.
    """
    if not path.is_file():
        raise StoreEmpty(f"There is no store at {path}.")
    clock = sqlite.ReadClock(limit_s)
    engine = sqlite.open_for_reading(path, clock, copied=copied)
    with sqlite.translated(path, clock), engine.begin() as connection:
        if not inspect(connection).get_table_names():
            raise StoreEmpty(f"The store {path} is empty.")
        check_schema_version(connection, path)
        number = rows.current_generation_id(connection)
        if number is None:
            raise StoreEmpty(f"The store {path} holds nothing yet.")
        yield StoreReader(connection, clock, number)


class StoreReader:
    """Reads one generation in one snapshot; made by `open_reader`.

    Bounds are wall-clock microseconds: `since_us` inclusive, `until_us` exclusive, None open.
    """

    def __init__(self, connection: Connection, clock: sqlite.ReadClock, number: int) -> None:
        self._connection = connection
        self._clock = clock
        self._number = number

    def generation(self) -> Generation:
        return rows.generation(self._connection, self._number)

    def totals(self) -> Totals:
        return rows.totals(self._connection, self._number)

    def partition_ledger(self) -> list[PartitionRange]:
        """By partition."""
        return rows.partitions(self._connection, self._number)

    def ledger_rows(self, limit: int) -> list[LedgerRow]:
        """The newest kept batches, newest first."""
        return rows.newest_batches(self._connection, self._number, limit)

    def batch_ranges(self) -> Iterator[tuple[int, PartitionRange]]:
        """What each kept batch read of each partition, by partition and batch id."""
        table = schema.batch_range
        ranges = rows.of_generation(table, self._number)
        for row in self._rows(ranges.order_by(table.c.partition, table.c.batch_id)):
            yield row.batch_id, rows.to_range(row)

    def progress(self, limit: int | None = None) -> list[BatchProgress]:
        """Spark's reports of the newest kept batches, newest first; None: all that are kept."""
        table = schema.progress
        newest_first = rows.of_generation(table, self._number).order_by(table.c.batch_id.desc())
        return [rows.to_progress(row) for row in self._rows(newest_first.limit(limit))]

    def cells(
        self, since_us: int | None = None, until_us: int | None = None
    ) -> Iterator[CellCount]:
        """Every cell, ordered by (window, call type, disposition) in code point order."""
        statement = cells.labelled(self._between(since_us, until_us))
        for window_s, label, code, calls in self._rows(statement):
            yield CellCount(window_s * MICROS, label, code, calls)

    def calls_by(
        self, grouping: Grouping, since_us: int | None = None, until_us: int | None = None
    ) -> list[CellCount]:
        """Calls by raw disposition and what else is asked for, grouped by the database; in no
        given order. Bounds: see the class."""
        window: ColumnElement[int] | None = None
        if grouping.windows:
            window = schema.cell.c.window_s
            if grouping.width_s is not None:
                window = cells.wider_window(grouping.width_s, grouping.origin_s)
        where = self._between(since_us, until_us)
        types, codes = {0: ""}, dict[int, str]()
        counts: list[CellCount] = []
        for some in self._pages(cells.grouped(where, window, types=grouping.types)):
            self._read_texts(schema.call_type, {row[1] for row in some}, types)
            self._read_texts(schema.disposition, {row[2] for row in some}, codes)
            counts += [
                CellCount(window_s * MICROS, types[type_id], codes[code_id], calls)
                for window_s, type_id, code_id, calls in some
            ]
        return counts

    def largest_cells(self, windows: int, most: int) -> LargestCells:
        """Cells of the newest window and those right before it.

        Args:
            windows: how many windows back from the newest one, itself included; one without
                calls has no cells.
            most: how many cells are read where there are more.
        """
        newest = next(self._rows(cells.newest(self._between())))[0]
        if newest is None:
            return LargestCells([], 0)
        width_s = self.generation().window_minutes * 60
        where = self._between((newest - (windows - 1) * width_s) * MICROS)
        found = list(self._rows(cells.largest(where, most)))
        left_out = 0
        if len(found) == most:
            left_out = next(self._rows(cells.total(where)))[0] - sum(row[2] for row in found)
        types: dict[int, str] = {}
        self._read_texts(schema.call_type, {row[1] for row in found}, types)
        largest = [CellCount(row[0] * MICROS, types[row[1]], "", row[2]) for row in found]
        return LargestCells(largest, left_out)

    def rejected(
        self, limit: int | None = None, reason: str | None = None, partition: int | None = None
    ) -> Iterator[RejectedRecord]:
        """Rejected records, ordered by (partition, offset)."""
        statement = self._set_aside(schema.rejected, limit, partition)
        if reason is not None:
            statement = statement.where(schema.rejected.c.reason == reason)
        return (RejectedRecord(*row[1:]) for row in self._rows(statement))

    def rejected_by_reason(self) -> dict[str, int]:
        """How many records each reason set aside; reasons that never applied are not there."""
        table = schema.rejected
        statement = (
            select(table.c.reason, func.count())
            .where(table.c.generation_id == self._number)
            .group_by(table.c.reason)
        )
        return {row[0]: row[1] for row in self._rows(statement)}

    def late(self, limit: int | None = None, partition: int | None = None) -> Iterator[LateRecord]:
        """Late records, ordered by (partition, offset)."""
        statement = self._set_aside(schema.late, limit, partition)
        return (LateRecord(*row[1:]) for row in self._rows(statement))

    def _set_aside(self, table: Table, limit: int | None, partition: int | None) -> Select[Any]:
        """Rows of a table of records: the generation, then the fields of one."""
        statement = rows.of_generation(table, self._number).limit(limit)
        if partition is not None:
            statement = statement.where(table.c.partition == partition)
        return statement.order_by(table.c.partition, table.c.record_offset)

    def identity_blocks(self) -> Iterator[StoredBlock]:
        """The identities that were counted, block by block, by level and first identity."""
        from sfcrime.store.identity_blocks import stored_identities  # Arrow and NumPy come with it

        for block in stored_identities(self._connection, self._number):
            yield block
            self._clock.restart()

    def _between(
        self, since_us: int | None = None, until_us: int | None = None
    ) -> list[ColumnElement[bool]]:
        return cells.between(self._number, since_us, until_us)

    def _rows(self, statement: Select[Any]) -> Iterator[Any]:
        for some in self._pages(statement):
            yield from some

    def _pages(self, statement: Select[Any]) -> Iterator[Sequence[Any]]:
        """The rows, up to 10,000 at a time."""
        result = self._connection.execute(statement)
        while True:
            self._clock.restart()
            fetched = result.fetchmany(_FETCHED_ROWS)
            if not fetched:
                return
            yield fetched

    def _read_texts(self, table: Table, numbers: set[int], known: dict[int, str]) -> None:
        """Adds to `known`, by number, the labels that it lacks."""
        self._clock.restart()
        known |= rows.label_texts(self._connection, table, numbers - known.keys())
