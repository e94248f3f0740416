"""Puts records in publication order out of core, in bounded memory.

A record's bytes go to a scratch file in file order; DuckDB sorts only (call time, position,
place of the bytes), 48 bytes a record, and spills to disk beyond `MEMORY_LIMIT`. Sorting the bytes
themselves was tried: DuckDB 2.0 then pins them, and ran out of 160 MB at 450 MB of content.
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pyarrow as pa

from sfcrime.errors import SfcrimeError

MEMORY_LIMIT = "128MB"
THREADS = 2
ROWS_PER_BATCH = 16_384

_COLUMNS = ("call_us", "position", "published_ms", "place", "key_bytes", "value_bytes")
_NO_TIME = -(2**63)
_NO_KEY = -1


class OrderedRecord(NamedTuple):
    """A record in publication order."""

    published_ms: int
    """As staged: not yet made never-decreasing."""
    key: bytes | None
    value: bytes


class OrderedRecords:
    """Scratch space: `stage` every record, `put_in_order` once, then `read` any number of times.

    It takes as many bytes as the records' keys and values, and up to 100 a record more.
    """

    def __init__(self, work_dir: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="sfcrime-order-", dir=work_dir)
        self._bytes_path = Path(self._folder.name) / "records"
        self._bytes = self._bytes_path.open("wb", buffering=1 << 20)
        self._place = 0
        self._staged = 0
        self._columns = [array("q") for _ in _COLUMNS]
        self._database = duckdb.connect(
            str(Path(self._folder.name) / "order.duckdb"),
            config={
                "memory_limit": MEMORY_LIMIT,
                "threads": THREADS,
                "temp_directory": self._folder.name,
                "preserve_insertion_order": True,
            },
        )
        # It would draw a bar on standard output whenever a sort takes two seconds.
        self._run("SET enable_progress_bar = false")
        columns = ", ".join(f"{name} BIGINT" for name in _COLUMNS)
        self._run(f"CREATE TABLE staged ({columns})")
        self._run("BEGIN")

    def stage(self, times: tuple[int, int] | None, key: bytes | None, value: bytes) -> None:
        """Takes the next record of the file.

        Args:
            times: call time on the wall (us) and publication (ms); None before the file's first
                usable date.
        """
        call_us, published_ms = times or (_NO_TIME, _NO_TIME)
        key_bytes = _NO_KEY if key is None else len(key)
        row = (call_us, self._staged, published_ms, self._place, key_bytes, len(value))
        for column, number in zip(self._columns, row, strict=True):
            column.append(number)
        try:
            self._bytes.write(key + value if key else value)
        except OSError as error:
            raise _no_room(error) from error
        self._place += max(key_bytes, 0) + len(value)
        self._staged += 1
        if self._staged % ROWS_PER_BATCH == 0:
            self._flush()

    def put_in_order(self, first: tuple[int, int]) -> None:
        """Sorts by call time, then position; records staged without times get the first ones."""
        self._flush()
        try:
            self._bytes.close()
        except OSError as error:
            raise _no_room(error) from error
        self._run("COMMIT")
        call_us, published_ms = first
        # Plain integers of ours, so they may stand in the text.
        self._run(
            f"CREATE TABLE ordered AS SELECT CASE published_ms WHEN {_NO_TIME} THEN {published_ms}"  # noqa: S608
            " ELSE published_ms END AS published_ms, place, key_bytes, value_bytes FROM staged"
            f" ORDER BY CASE call_us WHEN {_NO_TIME} THEN {call_us} ELSE call_us END, position"
        )
        self._run("DROP TABLE staged")

    def newest_before(self, start: int) -> int | None:
        """The latest `published_ms` among the records before `start`."""
        row = self._database.execute(
            "SELECT max(published_ms) FROM ordered WHERE rowid < ?", [start]
        ).fetchone()
        return None if row is None else row[0]

    def read(self, start: int) -> Iterator[OrderedRecord]:
        """The records from `start` on; rows lie as they were written, so nothing is sorted."""
        cursor = self._database.cursor()
        with self._bytes_path.open("rb", buffering=0) as file:
            for first in range(start, self._staged, ROWS_PER_BATCH):
                rows = cursor.execute(
                    "SELECT published_ms, place, key_bytes, value_bytes FROM ordered"
                    " WHERE rowid >= ? AND rowid < ?",
                    [first, first + ROWS_PER_BATCH],
                ).fetchall()
                for published_ms, place, key_bytes, value_bytes in rows:
                    file.seek(place)
                    if key_bytes == _NO_KEY:
                        yield OrderedRecord(published_ms, None, file.read(value_bytes))
                    else:
                        both = file.read(key_bytes + value_bytes)
                        yield OrderedRecord(published_ms, both[:key_bytes], both[key_bytes:])

    def close(self) -> None:
        """Deletes the scratch space; idempotent."""
        self._database.close()
        self._bytes.close()
        self._folder.cleanup()

    def _flush(self) -> None:
        if not self._columns[0]:
            return
        arrays = [
            pa.Array.from_buffers(pa.int64(), len(column), [None, pa.py_buffer(column)])
            for column in self._columns
        ]
        batch = pa.Table.from_arrays(arrays, names=list(_COLUMNS))
        try:
            # Not INSERT ... SELECT from a registered table: DuckDB 2.0 keeps hold of every such
            # table until the transaction ends, 48 bytes a record.
            self._database.from_arrow(batch).insert_into("staged")
        except duckdb.Error as error:
            raise _no_room(error) from error
        self._columns = [array("q") for _ in _COLUMNS]

    def _run(self, statement: str) -> None:
        try:
            self._database.execute(statement)
        except duckdb.Error as error:
            raise _no_room(error) from error


def _no_room(error: Exception) -> SfcrimeError:
    return SfcrimeError(
        f"The file's records could not be put into call-time order: {error}",
        rule="Sorting needs scratch space of the file's uncompressed size.",
        next_step="free space in the data folder, or name another with --data-dir",
        may_pass=True,
    )
