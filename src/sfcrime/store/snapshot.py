"""Rows of one snapshot of the store, page by page, each page within the reader's time limit."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Select, Table, inspect

from sfcrime.errors import StoreEmpty
from sfcrime.store import database, rows, sqlite
from sfcrime.store.address import StoreAddress
from sfcrime.store.versions import check_schema_version

_FETCHED_ROWS = 10_000
_FETCHED_TUPLES = 2_000
"""More of them at once leave the processor's cache before they are used."""


class Snapshots:
    """Opens snapshots of one store, one after the other. Statements are compiled once for all of
    them, which takes longer than most of them take.

    Arguments and errors are those of `reader.open_reader`; `or_before`: stores of the schema
    version before are opened as well; `again`: many snapshots are opened.
    """

    def __init__(
        self,
        address: StoreAddress,
        limit_s: float,
        *,
        copied: bool = False,
        or_before: bool = False,
        again: bool = False,
    ) -> None:
        self._address = address
        self._or_before = or_before
        self._clock = sqlite.ReadClock(limit_s)
        self._engine = database.open_for_reading(address, self._clock, copied=copied, again=again)
        if again:
            weakref.finalize(self, self._engine.dispose)

    @contextmanager
    def open(self) -> Iterator[Snapshot]:
        """One state of a store of this schema version, for the length of the `with` block."""
        address = self._address
        if isinstance(address, Path) and not address.is_file():
            raise StoreEmpty(f"There is no store at {address}.")
        with database.translated(address, self._clock), self._engine.begin() as connection:
            if not inspect(connection).get_table_names():
                raise StoreEmpty(f"The store {address} is empty.")
            check_schema_version(connection, address, or_before=self._or_before)
            yield Snapshot(connection, self._clock)


class Snapshot:
    """A read-only transaction.

    Args:
        connection: in the transaction.
        clock: stops a statement that works too long between two fetches.
    """

    def __init__(self, connection: Connection, clock: sqlite.ReadClock) -> None:
        self.connection = connection
        self._clock = clock

    def rows(self, statement: Select[Any]) -> Iterator[Any]:
        """The rows, one by one."""
        for some in self.pages(statement):
            yield from some

    def pages(self, statement: Select[Any]) -> Iterator[Sequence[Any]]:
        """The rows, up to 10,000 at a time."""
        return self._fetched(statement, _FETCHED_ROWS)

    def _fetched(self, statement: Select[Any], most: int) -> Iterator[Sequence[Any]]:
        # Where it could, a database would send all rows at once.
        result = self.connection.execute(statement, execution_options={"stream_results": True})
        while True:
            self.restart_clock()
            fetched = result.fetchmany(most)
            if not fetched:
                return
            yield fetched

    def driver_pages(self, statement: Select[Any]) -> Iterator[Sequence[tuple[int, ...]]]:
        """The rows of a statement that selects whole numbers, as the driver's own tuples, up to
        2,000 at a time: from SQLite without a `Row` made of each."""
        if database.is_postgresql(self.connection):
            yield from self._fetched(statement, _FETCHED_TUPLES)
            return
        cursor = self.connection.execute(statement).cursor
        assert cursor is not None  # as there is one for every SELECT
        while True:
            self.restart_clock()
            fetched = cursor.fetchmany(_FETCHED_TUPLES)
            if not fetched:
                return
            yield fetched

    def read_texts(self, table: Table, numbers: set[int], known: dict[int, str]) -> None:
        """Adds to `known`, by number, the labels that it lacks."""
        self.restart_clock()
        known |= rows.label_texts(self.connection, table, numbers - known.keys())

    def restart_clock(self) -> None:
        """Gives the next step the whole limit."""
        self._clock.restart()
