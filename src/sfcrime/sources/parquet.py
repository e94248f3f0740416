"""Reads the rows of a Parquet file, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sfcrime.errors import UnreadableFile, UsageError
from sfcrime.sources.content import FileContent
from sfcrime.sources.elements import Element
from sfcrime.sources.shape import call_columns, row_element

PARQUET_MAGIC = b"PAR1"

_ROWS_PER_BATCH = 8_192
# Pages are read as they are needed, so memory does not grow with the size of a row group.
_BUFFER_BYTES = 1 << 20


def parquet_elements(content: FileContent) -> Iterator[Element]:
    """The rows as elements, in the file's order; columns that no call has are left out.

    Columns are published as text: timestamps and dates in the form of the legacy file
    (`2018-10-02T09:11:00.000`), everything else as Arrow writes it. A null stays a null: whether
    the record counts is judged elsewhere.

    Raises:
        UsageError: the columns are not those of calls, or cannot be read as text.
        UnreadableFile: the file is cut or damaged; the row reached, from 1, is named.
    """
    content.digest_whole()
    done = 0
    place = f"at its end, byte {content.size}"  # where the description of the columns is
    try:
        with pq.ParquetFile(
            content.path, pre_buffer=False, buffer_size=_BUFFER_BYTES, memory_map=False
        ) as file:
            fields = _fields_of(content.name, file.schema_arrow)
            total = file.metadata.num_rows
            place = "at row 1 or after it"
            for batch in file.iter_batches(_ROWS_PER_BATCH, columns=fields, use_threads=False):
                columns = [_texts_of(batch.column(field)) for field in fields]
                for texts in zip(*columns, strict=True):
                    yield row_element(fields, texts)
                done += batch.num_rows
                place = f"at row {done + 1} or after it"
                content.report(content.size * done // total)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise UnreadableFile(content.name, f"is damaged {place}: {reason}", "Parquet") from error


def _fields_of(name: str, schema: pa.Schema) -> list[str]:
    fields = call_columns(name, "its columns are", schema.names)
    for field in fields:
        kind = schema.field(field).type
        if pa.types.is_nested(kind):
            raise UsageError(
                f"{name} has a column {field} of the type {kind}.",
                rule="A field of a call is one text.",
                next_step=f"write {field} as text",
            )
        if pa.types.is_timestamp(kind) and kind.tz is not None:
            raise UsageError(
                f"{name} has a column {field} of instants (time zone {kind.tz}).",
                rule="Times of calls are San Francisco wall clock, without a zone.",
                next_step=f"write {field} as text, or as a timestamp without a zone",
            )
    return fields


def _texts_of(column: pa.Array) -> Sequence[str | None]:
    """The cells as text (latin-1 views of UTF-8); None where there is no value."""
    kind = column.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        column = _legacy_times(column)
    elif not pa.types.is_binary(kind) and not pa.types.is_large_binary(kind):
        column = column.cast(pa.large_string())
    cells = column.cast(pa.large_binary()).to_pylist()
    return [None if cell is None else cell.decode("latin-1") for cell in cells]


def _legacy_times(column: pa.Array) -> pa.Array:
    """Milliseconds where they hold the time, more digits where they do not: nothing is cut."""
    for unit in ("ms", "us", "ns"):
        try:
            return pc.strftime(column.cast(pa.timestamp(unit)), format="%Y-%m-%dT%H:%M:%S")
        except pa.ArrowInvalid:
            continue
    return column.cast(pa.large_string())
