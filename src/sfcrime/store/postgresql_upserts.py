"""Rows that are inserted or added to what is there, in PostgreSQL's own words.

Cells of windows that the store does not have yet, nearly all of a backlog's, are copied: looking
for each of them first, as a merge does, takes the server three times as long. Other cells go as
arrays, and one statement adds them all up. A temporary table to COPY them into would save the
server a tenth of its time, and leave a dozen dead rows in its catalog with each batch, six times a
second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg.adapt import Dumper
from psycopg.pq import Format
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert

__all__ = ["adapt", "add_rows", "add_set_aside", "insert", "merge_cells", "merge_window_totals"]

_MERGE = (
    "INSERT INTO cell (generation_id, window_s, call_type_id, disposition_id, calls) "
    "SELECT %s, * FROM unnest(%b, %b, %b, %b) "
    "ON CONFLICT (generation_id, window_s, call_type_id, disposition_id) "
    "DO UPDATE SET calls = cell.calls + excluded.calls"
)
_WINDOWS_THERE = "SELECT window_s FROM window_total WHERE generation_id = %s AND window_s = ANY(%b)"
_COPY = "COPY cell (generation_id, window_s, call_type_id, disposition_id, calls) FROM STDIN BINARY"
_COPIED_AT_LEAST = 1_000
"""Cells; what comes live is merged in one statement, without asking which windows are there."""
_COPIED_AT_ONCE = 10_000
"""Cells; 0.4 MB, which stay in the processor's caches while the server begins with those before."""

_MERGE_TOTALS = (
    "INSERT INTO window_total (generation_id, batch_id, window_s, calls) "
    "SELECT %s, %s, * FROM unnest(%b, %b) "
    "ON CONFLICT (generation_id, window_s) "
    "DO UPDATE SET calls = window_total.calls + excluded.calls, batch_id = excluded.batch_id"
)
_ADD_SET_ASIDE = (
    "INSERT INTO set_aside (generation_id, partition, reason, records, dropped, kept_from) "
    "VALUES (%s, %s, %s, %s, 0, 0) ON CONFLICT (generation_id, partition, reason) "
    "DO UPDATE SET records = set_aside.records + excluded.records"
)


def adapt(connection: psycopg.Connection[Any]) -> None:
    """Prepares a connection for what follows."""
    connection.adapters.register_dumper(np.ndarray, _BigintArray)


def merge_cells(connection: Connection, number: int, columns: Sequence[NDArray[np.int64]]) -> None:
    """As `upserts.merge_cells`."""
    windows = columns[0]
    is_new = np.zeros(len(windows), np.bool_)
    if len(windows) >= _COPIED_AT_LEAST:
        asked = (number, np.unique(windows))
        there = connection.exec_driver_sql(_WINDOWS_THERE, asked).scalars().all()
        is_new = ~np.isin(windows, np.array(there, np.int64))
    if not is_new.all():
        merged = [column[~is_new] for column in columns]
        connection.exec_driver_sql(_MERGE, (number, *merged))
    if is_new.any():
        _copy_cells(connection, number, [column[is_new] for column in columns])


def _copy_cells(connection: Connection, number: int, columns: Sequence[NDArray[np.int64]]) -> None:
    with _driver_connection(connection).cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(_CopiedCell.HEAD)
        for start in range(0, len(columns[0]), _COPIED_AT_ONCE):
            some = [column[start : start + _COPIED_AT_ONCE] for column in columns]
            cells = np.repeat(_CopiedCell.EMPTY, len(some[0]))
            cells["generation_id"] = number
            for name, column in zip(_CopiedCell.GIVEN, some, strict=True):
                cells[name] = column
            copy.write(cells.tobytes())
        copy.write(_CopiedCell.END)


def merge_window_totals(
    connection: Connection,
    number: int,
    batch_id: int,
    windows: NDArray[np.int64],
    calls: NDArray[np.int64],
) -> None:
    """As `upserts.merge_window_totals`."""
    connection.exec_driver_sql(_MERGE_TOTALS, (number, batch_id, windows, calls))


def add_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """As `upserts.add_rows`."""
    statement = SQL("COPY {} FROM STDIN").format(Identifier(table.name))
    with _driver_connection(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def add_set_aside(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """As `upserts.add_set_aside`."""
    connection.exec_driver_sql(_ADD_SET_ASIDE, rows)


def _driver_connection(connection: Connection) -> psycopg.Connection[Any]:
    driver_connection = connection.connection.driver_connection
    assert isinstance(driver_connection, psycopg.Connection)
    return driver_connection


class _CopiedCell:
    """A row of `cell` byte for byte as a binary COPY has it: how many columns, then each of them
    after the number of its bytes."""

    HEAD, END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
    GIVEN = ("window_s", "call_type_id", "disposition_id", "calls")
    LAYOUT = np.dtype(
        [
            ("columns", ">i2"),
            *(("generation_id bytes", ">i4"), ("generation_id", ">i4")),
            *(("window_s bytes", ">i4"), ("window_s", ">i8")),
            *(("call_type_id bytes", ">i4"), ("call_type_id", ">i4")),
            *(("disposition_id bytes", ">i4"), ("disposition_id", ">i4")),
            *(("calls bytes", ">i4"), ("calls", ">i8")),
        ]
    )
    EMPTY = np.array((5, 4, 0, 8, 0, 4, 0, 4, 0, 8, 0), LAYOUT)


class _BigintArray(Dumper):
    """A column as `bigint[]`, byte for byte as the server has it: a third of the time that text
    takes, which is time of the one thread that stores."""

    format = Format.BINARY
    oid = psycopg.postgres.types["int8"].array_oid
    _head = np.dtype([(name, ">i4") for name in ("dims", "nulls", "oid", "length", "first")])
    _element = np.dtype([("bytes", ">i4"), ("number", ">i8")])

    def dump(self, obj: NDArray[np.int64]) -> bytes:
        head = (1, 0, psycopg.postgres.types["int8"].oid, len(obj), 1)
        elements = np.empty(len(obj), self._element)
        elements["bytes"], elements["number"] = 8, obj
        return np.array(head, self._head).tobytes() + elements.tobytes()
