"""Read-only readers: everything one reader shows comes from one snapshot of the store.

A reader can neither write nor delay the writer, which goes on while it reads; a statement that
works longer than its limit is stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Table

from sfcrime.domain.wall_clock import MICROS
from sfcrime.errors import StoreEmpty
from sfcrime.store import cells, grouped_cells, rows, schema, writer_row
from sfcrime.store.address import StoreAddress
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
    WindowTotal,
    WriterState,
)
from sfcrime.store.set_aside import SetAsideKept, SetAsideSum
from sfcrime.store.snapshot import Snapshot, Snapshots

if TYPE_CHECKING:
    from sfcrime.store.identity_blocks import StoredBlock

READ_LIMIT_S = 60.0
"""Work of one statement between two fetches; 2.7 million cells are read or grouped in 2 to 12 s
in all, on two busy cores."""


@contextmanager
def open_reader(
    address: StoreAddress, *, limit_s: float = READ_LIMIT_S, copied: bool = False
) -> Iterator[StoreReader]:
    """One snapshot of the current generation, for the length of the `with` block.

    Args:
        address: of the store.
        limit_s: seconds a statement may work before its next rows are there.
        copied: for a reader that takes more than seconds: of a file of SQLite it reads a private
            copy, as large as the store, in the system's folder for temporary files.

    Raises:
        StoreEmpty: no store, or nothing in it yet.
        StoreUnavailable: another schema version, a read that took too long, or no room to copy.
    """
    with _reader_of(address, Snapshots(address, limit_s, copied=copied)) as reader:
        yield reader


def counted_generation(address: StoreAddress) -> Generation:
    """The generation that readers see, also of a store that the next job brings up to this schema
    version: what a job has to fit is asked before it opens the store.

    Raises:
        StoreEmpty, StoreUnavailable: as `open_reader`.
    """
    with _reader_of(address, Snapshots(address, READ_LIMIT_S, or_before=True)) as reader:
        return reader.generation()


class Readers:
    """Opens one reader after the other, for who looks at a store again and again: each but the
    first costs a third of what `open_reader` does. One thread at a time."""

    def __init__(self, address: StoreAddress) -> None:
        self._address = address
        self._snapshots = Snapshots(address, READ_LIMIT_S, again=True)

    def open(self) -> AbstractContextManager[StoreReader]:
        """As `open_reader`."""
        return _reader_of(self._address, self._snapshots)


@contextmanager
def _reader_of(address: StoreAddress, snapshots: Snapshots) -> Iterator[StoreReader]:
    with snapshots.open() as snapshot:
        number = rows.current_generation_id(snapshot.connection)
        if number is None:
            raise StoreEmpty(f"The store {address} holds nothing yet.")
        yield StoreReader(snapshot, number)


class StoreReader:
    """Reads one generation in one snapshot; made by `open_reader`.

    Bounds are wall-clock microseconds: `since_us` inclusive, `until_us` exclusive, None open.
    """

    def __init__(self, snapshot: Snapshot, number: int) -> None:
        self._snapshot = snapshot
        self._connection = snapshot.connection
        self.number = number
        """Of the generation; a rebuild's is higher, and a new store begins at 1 again."""

    def generation(self) -> Generation:
        return rows.generation(self._connection, self.number)

    def totals(self) -> Totals:
        return rows.totals(self._connection, self.number)

    def writer_state(self) -> WriterState:
        """The newest run that opened the store for writing, whichever generation it writes."""
        return writer_row.state(self._connection)

    def partition_ledger(self) -> list[PartitionRange]:
        """By partition."""
        return rows.partitions(self._connection, self.number)

    def ledger_rows(self, limit: int) -> list[LedgerRow]:
        """The newest kept batches, newest first."""
        return rows.newest_batches(self._connection, self.number, limit)

    def batch_ranges(self) -> Iterator[tuple[int, PartitionRange]]:
        """What each kept batch read of each partition, by partition and batch id."""
        table = schema.batch_range
        ranges = rows.of_generation(table, self.number)
        for row in self._snapshot.rows(ranges.order_by(table.c.partition, table.c.batch_id)):
            yield row.batch_id, rows.to_range(row)

    def progress(self, limit: int | None = None) -> list[BatchProgress]:
        """Spark's reports of the newest kept batches, newest first; None: all that are kept."""
        table = schema.progress
        newest_first = rows.of_generation(table, self.number).order_by(table.c.batch_id.desc())
        return [rows.to_progress(row) for row in self._snapshot.rows(newest_first.limit(limit))]

    def cells(
        self, since_us: int | None = None, until_us: int | None = None
    ) -> Iterator[CellCount]:
        """Every cell, ordered by (window, call type, disposition) in code point order."""
        statement = cells.labelled(self._between(since_us, until_us))
        for window_s, label, code, calls in self._snapshot.rows(statement):
            yield CellCount(window_s * MICROS, label, code, calls)

    def numbered_cells(
        self, since_s: int | None = None, until_s: int | None = None
    ) -> Iterator[Sequence[tuple[int, ...]]]:
        """The same with numbers in place of labels, for who keeps many cells: up to 2,000 at a
        time, ordered by window, then by number of call type and of disposition.

        1.6 to 1.9 million a second become an array by `np.fromiter(chain.from_iterable(page),
        np.int64, 4 * len(page)).reshape(-1, 4)`; `np.array(page)` takes a third longer.

        Args:
            since_s: start of the first window, seconds on the wall; None: open.
            until_s: windows that start before it.

        Returns:
            (window_s, call type's number, disposition's number, calls) each.
        """
        since_us, until_us = (None if s is None else s * MICROS for s in (since_s, until_s))
        return self._snapshot.driver_pages(cells.numbered(self._between(since_us, until_us)))

    def window_totals(self, changed_after: int | None = None) -> Iterator[WindowTotal]:
        """The calls of each window, by window.

        Args:
            changed_after: a batch id: only windows that a later batch changed. None: all.
        """
        statement = cells.window_totals(self.number, changed_after)
        return (WindowTotal(*row) for row in self._snapshot.rows(statement))

    def call_type_texts(self, numbers: Collection[int]) -> dict[int, str]:
        """Text of raw call types by number; those that the store lacks are not there.

        A number means the same as long as a cell of this generation has it; one that none has may
        be given again.
        """
        return self._texts(schema.call_type, numbers)

    def disposition_texts(self, numbers: Collection[int]) -> dict[int, str]:
        """The same of raw dispositions."""
        return self._texts(schema.disposition, numbers)

    def _texts(self, table: Table, numbers: Collection[int]) -> dict[int, str]:
        found: dict[int, str] = {}
        self._snapshot.read_texts(table, set(numbers), found)
        return found

    def calls_by(
        self, grouping: Grouping, since_us: int | None = None, until_us: int | None = None
    ) -> list[CellCount]:
        """Calls by raw disposition and what else is asked for, grouped by the database; in no
        given order. Bounds: see the class."""
        return grouped_cells.calls_by(self._snapshot, self._between(since_us, until_us), grouping)

    def largest_cells(self, windows: int, most: int) -> LargestCells:
        """Cells of the newest window and those right before it.

        Args:
            windows: how many windows back from the newest one, itself included; one without
                calls has no cells.
            most: how many cells are read where there are more.
        """
        back_us = (windows - 1) * self.generation().window_minutes * 60 * MICROS
        return grouped_cells.largest_cells(self._snapshot, self._between, back_us, most)

    def rejected(
        self,
        limit: int | None = None,
        reason: str | None = None,
        partition: int | None = None,
        after: tuple[int, int] | None = None,
    ) -> Iterator[RejectedRecord]:
        """Kept rejected records, ordered by (partition, offset); those above `after`, a place."""
        statement = rows.set_aside(schema.rejected, self.number, partition, after).limit(limit)
        if reason is not None:
            statement = statement.where(schema.rejected.c.reason == reason)
        return (RejectedRecord(*row) for row in self._snapshot.rows(statement))

    def rejected_kept(self) -> SetAsideKept:
        """How many records were rejected, by reason, and which of their rows are kept."""
        return SetAsideKept.of(each for each in self.set_aside_sums() if not each.is_late)

    def late_kept(self) -> SetAsideKept:
        """The same of late records."""
        return SetAsideKept.of(each for each in self.set_aside_sums() if each.is_late)

    def set_aside_sums(self) -> list[SetAsideSum]:
        """What each reason set aside in each partition, by partition and reason."""
        return rows.set_aside_sums(self._connection, self.number)

    def late(
        self,
        limit: int | None = None,
        partition: int | None = None,
        after: tuple[int, int] | None = None,
    ) -> Iterator[LateRecord]:
        """Kept late records, likewise."""
        statement = rows.set_aside(schema.late, self.number, partition, after).limit(limit)
        return (LateRecord(*row) for row in self._snapshot.rows(statement))

    def identity_blocks(self) -> Iterator[StoredBlock]:
        """The identities that were counted, block by block, by level and first identity."""
        from sfcrime.store.identity_blocks import stored_identities  # Arrow and NumPy come with it

        for block in stored_identities(self._connection, self.number):
            yield block
            self._snapshot.restart_clock()

    def _between(
        self, since_us: int | None = None, until_us: int | None = None
    ) -> list[ColumnElement[bool]]:
        return cells.between(self.number, since_us, until_us)
