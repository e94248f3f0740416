"""Rows that are inserted or added to what is there, in PostgreSQL's own words.

A batch's cells go as arrays, and one statement adds them all up. A temporary table to COPY them
into would save the server a seventh of its time, and leave a dozen dead rows in its catalog with
each batch, six times a second.
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


def merge_cells(connection: Connection, columns: Sequence[Sequence[int]]) -> None:
    """As `upserts.merge_cells`."""
    generations, *others = columns
    values = (generations[0], *map(_column, others))
    connection.exec_driver_sql(_MERGE, values)


def merge_window_totals(
    connection: Connection, number: int, batch_id: int, windows: Sequence[int], calls: Sequence[int]
) -> None:
    """As `upserts.merge_window_totals`."""
    values = (number, batch_id, _column(windows), _column(calls))
    connection.exec_driver_sql(_MERGE_TOTALS, values)


def add_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """As `upserts.add_rows`."""
    driver_connection = connection.connection.driver_connection
    assert isinstance(driver_connection, psycopg.Connection)
    statement = SQL("COPY {} FROM STDIN").format(Identifier(table.name))
    with driver_connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def add_set_aside(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """As `upserts.add_set_aside`."""
    connection.exec_driver_sql(_ADD_SET_ASIDE, rows)


def _column(numbers: Sequence[int]) -> NDArray[np.int64]:
    return np.fromiter(numbers, np.int64, len(numbers))


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
