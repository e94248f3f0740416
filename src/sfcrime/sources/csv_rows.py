"""Reads the rows of a CSV file: RFC 4180, with a header line that names the fields of a call.

Every row has as many cells as the header line; one that has not means that the file is damaged
(a quote or a line end is missing, or it was cut), because cells after the damage would be read
as the wrong fields. Blank lines are passed over. A file that was cut within the last cell of a row
cannot be told from a whole one: CSV has no end mark.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from operator import itemgetter

from sfcrime.errors import UnreadableFile
from sfcrime.sources.content import FileContent
from sfcrime.sources.elements import BYTE_ORDER_MARK, CHUNK_BYTES, Element
from sfcrime.sources.shape import call_columns, row_element

MAX_LINE_BYTES = 4 << 20
"""A line beyond this is no row but a broken file; the csv module bounds a cell by 128 KiB."""

_SHAPE = "CSV, every row with as many cells as the first line"


def csv_elements(content: FileContent) -> Iterator[Element]:
    """The rows as elements, in the file's order; columns that no call has are left out.

    Raises:
        UsageError: the header line does not name the needed fields.
        UnreadableFile: a row is broken; its line, from 1, is named. Elements before it have been
            given already: take none of them as the file's before the end.
    """
    reader = csv.reader(_lines(content), strict=True)
    # A name that is no ASCII is no field of a call; the message shows it as the file means it.
    names = _next_row(reader, content)
    while names == []:
        names = _next_row(reader, content)
    header = [_as_utf8(cell).strip() for cell in names or []]
    fields = call_columns(content.name, "its first line names", header)
    cells_of = itemgetter(*(header.index(field) for field in fields))
    line = reader.line_num + 1
    while (row := _next_row(reader, content, line)) is not None:
        if len(row) == len(header):
            yield row_element(fields, cells_of(row))
        elif row:
            raise _broken(
                content, line, f"its {len(row)} cells do not fit the {len(header)} columns"
            )
        line = reader.line_num + 1


def _next_row(reader: Iterator[list[str]], content: FileContent, line: int = 1) -> list[str] | None:
    try:
        return next(reader, None)
    except csv.Error as error:
        raise _broken(content, line, str(error)) from error


def _lines(content: FileContent) -> Iterator[str]:
    """The lines with their ends; one that the content's end cuts is given as it is."""
    pending = ""
    passed = 0
    first = True
    while chunk := content.read(CHUNK_BYTES):
        text = pending + chunk.decode("latin-1")
        if first and len(text) >= len(BYTE_ORDER_MARK):
            text = text.removeprefix(BYTE_ORDER_MARK)
            first = False
        # "" leaves line ends as they are and knows all three kinds. The last line may go on.
        lines = list(io.StringIO(text, newline=""))
        pending = lines.pop() if lines else ""
        yield from lines
        passed += len(lines)
        if len(pending) > MAX_LINE_BYTES:
            raise _broken(content, passed + 1, f"a line of more than {MAX_LINE_BYTES} bytes")
    if pending:
        yield pending


def _broken(content: FileContent, line: int, reason: str) -> UnreadableFile:
    return UnreadableFile(content.name, f"is damaged at line {line}: {reason}", _SHAPE)


def _as_utf8(text: str) -> str:
    return text.encode("latin-1").decode(errors="replace")
