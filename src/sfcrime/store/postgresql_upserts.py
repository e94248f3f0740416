"""Rows that are inserted or added to what is there, in PostgreSQL's own words.

A batch's cells are two columns of arrays away from the table: one statement takes them all. A
temporary table to COPY into would leave a dozen dead rows in the catalog with each batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import insert

__all__ = ["add_rows", "add_set_aside", "insert", "merge_cells", "merge_window_totals"]

_MERGE = (
    "INSERT INTO cell (generation_id, window_s, call_type_id, disposition_id, calls) "
    "SELECT * FROM unnest(%s::int[], %s::bigint[], %s::int[], %s::int[], %s::bigint[]) "
    "ON CONFLICT (generation_id, window_s, call_type_id, disposition_id) "
    "DO UPDATE SET calls = cell.calls + excluded.calls"
)
_MERGE_TOTALS = (
    "INSERT INTO window_total (generation_id, batch_id, window_s, calls) "
    "SELECT %s, %s, * FROM unnest(%s::bigint[], %s::bigint[]) "
    "ON CONFLICT (generation_id, window_s) "
    "DO UPDATE SET calls = window_total.calls + excluded.calls, batch_id = excluded.batch_id"
)
_ADD_SET_ASIDE = (
    "INSERT INTO set_aside (generation_id, partition, reason, records, dropped, kept_from) "
    "VALUES (%s, %s, %s, %s, 0, 0) ON CONFLICT (generation_id, partition, reason) "
    "DO UPDATE SET records = set_aside.records + excluded.records"
)


def merge_cells(connection: Connection, columns: Sequence[Sequence[int]]) -> None:
    """As `upserts.merge_cells`."""
    connection.exec_driver_sql(_MERGE, tuple(map(_array, columns)))


def merge_window_totals(
    connection: Connection, number: int, batch_id: int, windows: Sequence[int], calls: Sequence[int]
) -> None:
    """As `upserts.merge_window_totals`."""
    values = (number, batch_id, _array(windows), _array(calls))
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


def _array(numbers: Sequence[int]) -> str:
    """The numbers as PostgreSQL reads them: a third of the time that the driver's lists take."""
    return "{" + ",".join(map(str, numbers)) + "}"
