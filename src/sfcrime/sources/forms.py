"""Tells by its content which form a file has, and reads its elements."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sfcrime.errors import UsageError
from sfcrime.sources.content import FileContent, unreadable
from sfcrime.sources.csv_rows import csv_elements
from sfcrime.sources.elements import BYTE_ORDER_MARK, BrokenContent, Element, split_elements
from sfcrime.sources.parquet import PARQUET_MAGIC, parquet_elements

_LOOK_BYTES = 64 << 10
_BYTE_ORDER_MARK = BYTE_ORDER_MARK.encode("latin-1")


def elements_of(content: FileContent) -> Iterator[Element]:
    """The elements of a file, whatever its name: Parquet, CSV, a JSON array or JSON lines.

    Raises:
        UsageError: the file is a table of something else, or packed Parquet.
        UnreadableFile: the content is broken or ends too early.
    """
    start = content.peek(_LOOK_BYTES)
    if start.startswith(PARQUET_MAGIC):
        if content.is_packed:
            raise UsageError(
                f"{content.name} is a packed Parquet file.",
                rule="Parquet is packed within, and is read at several places at once.",
                next_step="unpack it, and name the unpacked file",
            )
        return parquet_elements(content)
    return _json_elements(content) if _is_json(start) else csv_elements(content)


def _is_json(start: bytes) -> bool:
    """Content without anything counts as JSON; a header line of CSV is no JSON value."""
    text = start.removeprefix(_BYTE_ORDER_MARK).lstrip(b" \t\r\n")
    if not text or text[:1] in b"[{":
        return True
    try:
        json.loads(text.partition(b"\n")[0].decode("latin-1"), strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def _json_elements(content: FileContent) -> Iterator[Element]:
    try:
        yield from split_elements(content)
    except BrokenContent as error:
        raise unreadable(
            content.name,
            f"is not JSON at byte {error.position}, line {error.line}: {error.reason}",
            "a JSON array, or one JSON object a line",
        ) from error
