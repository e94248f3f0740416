"""Puts the calls of files on disk in the order of their times, whatever form the files have.

The form is told by the content. Times are read leniently here: whether a record counts is judged
elsewhere, and more strictly; for an order, a time that can be made out at all is better than none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache

import orjson

from sfcrime.domain.calls import CALL_ID_FIELD, CALL_TIME_FIELD, CALL_TYPE_FIELD
from sfcrime.domain.outcomes import FIRST_YEAR, LAST_YEAR_EXCLUSIVE
from sfcrime.domain.wall_clock import from_datetime, instant_of
from sfcrime.errors import UnreadableFile, UsageError
from sfcrime.sources.content import FileContent
from sfcrime.sources.csv_rows import csv_elements
from sfcrime.sources.elements import BYTE_ORDER_MARK, BrokenContent, Element, split_elements
from sfcrime.sources.ordering import OrderedRecords
from sfcrime.sources.parquet import PARQUET_MAGIC, parquet_elements
from sfcrime.sources.shape import other_shape

RECOGNISED_WITHIN = 1_000
"""Elements among which at least one must have a field by which a call is known."""

_LOOK_BYTES = 64 << 10
_BYTE_ORDER_MARK = BYTE_ORDER_MARK.encode("latin-1")
_HOUR_US = 3_600_000_000
# Where the content has no usable date at all, its records are published at this time.
_START_OF_TIME_US = from_datetime(datetime(FIRST_YEAR, 1, 1))
# Not the disposition: other records of the same police have one too.
_KNOWN_BY = frozenset((CALL_ID_FIELD, CALL_TYPE_FIELD, CALL_TIME_FIELD))

_Times = tuple[int, int]
"""(call time on the wall in microseconds, its instant in milliseconds)"""


class Staging:
    """Stages file after file, as if they were one; then puts all records in order."""

    def __init__(self, ordered: OrderedRecords) -> None:
        self._ordered = ordered
        self._last: _Times | None = None
        self._first: _Times | None = None
        self.total = 0
        """Records staged."""

    def stage_file(self, content: FileContent) -> None:
        """Stages every element of a file.

        Raises:
            UsageError: the file holds no calls.
            UnreadableFile: the content is broken or ends too early.
        """
        seen = 0
        recognised = False
        unlike: Element | None = None
        for seen, element in enumerate(elements_of(content), 1):
            if not recognised:
                parsed = element.parsed
                recognised = isinstance(parsed, dict) and not _KNOWN_BY.isdisjoint(parsed)
                unlike = unlike or element
                if seen == RECOGNISED_WITHIN:
                    _refuse_unless(recognised, content, seen, unlike)
            times = _times_of(element)
            if times is not None:
                self._last = times
                self._first = self._first or times
            self._ordered.stage(self._last, _key_of(element), element.value)
        if unlike is not None:
            _refuse_unless(recognised, content, seen, unlike)
        self.total += seen

    def put_in_order(self) -> None:
        """Sorts what was staged."""
        self._ordered.put_in_order(
            self._first or (_START_OF_TIME_US, instant_of(_START_OF_TIME_US))
        )


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
        raise UnreadableFile(
            content.name,
            f"is not JSON at byte {error.position}, line {error.line}: {error.reason}",
            "a JSON array, or one JSON object a line",
        ) from error


def _refuse_unless(recognised: bool, content: FileContent, seen: int, first: Element) -> None:
    if not recognised:
        fields = list(first.parsed) if isinstance(first.parsed, dict) else []
        what = f"none is among its first elements ({seen:,} looked at); the first has the fields"
        raise other_shape(content.name, what, fields)


def _times_of(element: Element) -> _Times | None:
    if not isinstance(element.parsed, dict):
        return None
    text = element.parsed.get(CALL_TIME_FIELD)
    return _times_of_text(text) if isinstance(text, str) else None


@lru_cache(maxsize=4_096)
def _times_of_text(text: str) -> _Times | None:
    call_us = ordering_time_us(text)
    if call_us is None:
        return None
    hour = call_us // _HOUR_US
    return call_us, _instant_of_hour(hour) + (call_us - hour * _HOUR_US) // 1000


def ordering_time_us(text: object) -> int | None:
    """Microseconds on the wall of an ISO 8601 date or date and time, or None.

    An offset, which no source of ours gives, is ignored: the wall clock written is what counts.
    None for anything that is no text, no date, or outside the years 2000 to 2099.
    """
    if not isinstance(text, str):
        return None
    text = text.strip()
    if not text.isprintable():  # Python 3.11 reads a date up to a NUL, later ones do not
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST_YEAR <= moment.year < LAST_YEAR_EXCLUSIVE:
        return None
    return from_datetime(moment.replace(tzinfo=None))


@lru_cache(maxsize=4_096)
def _instant_of_hour(hour: int) -> int:
    """The zone's offset changes on full hours only, so an hour's start speaks for all of it."""
    return instant_of(hour * _HOUR_US)


def _key_of(element: Element) -> bytes | None:
    """The call id's bytes in UTF-8, where it is text and not empty."""
    if not isinstance(element.parsed, dict):
        return None
    call_id = element.parsed.get(CALL_ID_FIELD)
    if not isinstance(call_id, str) or not call_id:
        return None
    if call_id.isascii():
        return call_id.encode("ascii")
    try:  # the scanner saw latin-1; read the id once more as what the file means
        read = orjson.loads(element.value)[CALL_ID_FIELD]
    except orjson.JSONDecodeError:
        return None
    return str(read).encode()
