"""A file of calls as a source: a JSON array or newline-delimited JSON, plain or gzip.

The whole file is read and put into call-time order before the first record is given, so a file
that turns out to be broken publishes nothing. What is no call is passed on as it stands: whether
a record counts is judged by the reader of the topic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import orjson

from sfcrime.domain.call_time import ordering_time_us
from sfcrime.domain.calls import CALL_ID_FIELD, CALL_TIME_FIELD, SourceIdentity, SourceRecord
from sfcrime.domain.outcomes import FIRST_YEAR
from sfcrime.domain.wall_clock import from_datetime, instant_of
from sfcrime.errors import UnreadableFile, UsageError
from sfcrime.sources.content import FileContent, open_content
from sfcrime.sources.elements import BrokenContent, Element, split_elements
from sfcrime.sources.ordering import OrderedRecords
from sfcrime.sources.source import Source, now_ms

RECOGNISED_WITHIN = 1_000
"""Elements among which at least one must look like a call, or be no object at all."""

_HOUR_US = 3_600_000_000
# Where the content has no usable date at all, its records are published at this time.
_START_OF_TIME_US = from_datetime(datetime(FIRST_YEAR, 1, 1))


def open_file_source(
    path: Path,
    work_dir: Path,
    on_progress: Callable[[int, int], None] | None = None,
    clock: Callable[[], int] = now_ms,
) -> Source:
    """Reads a file to its end, sorts it by call time, and offers its records.

    Records of one minute keep the file's order. A record without a usable date stands behind its
    predecessor in the file and takes that one's time (the first dated one's, where it comes
    first). Publication times are the calls' instants, never later than now and never decreasing.

    Args:
        path: a JSON array or newline-delimited JSON, plain or gzip, whatever its name.
        work_dir: an existing folder for scratch space of about twice the content's size.
        on_progress: called now and then with (bytes read of the file, bytes in all).
        clock: the present, in milliseconds since 1970 UTC.

    Raises:
        UsageError: no such file, one that cannot be opened, or one that holds no calls.
        UnreadableFile: the content is broken or ends too early; nothing was published.
    """
    with open_content(path, on_progress) as content:
        ordered = OrderedRecords(work_dir)
        try:
            total = _stage_all(content, ordered)
        except BaseException:
            ordered.close()
            raise
        name = f"file:{content.digest()[:16]}"
    return _FileSource(SourceIdentity(name, path.name, synthetic=False), total, ordered, clock())


class _FileSource:
    def __init__(
        self, identity: SourceIdentity, total: int, ordered: OrderedRecords, opened_ms: int
    ) -> None:
        self.identity = identity
        self.total: int | None = total
        self._ordered = ordered
        self._opened_ms = opened_ms

    def records(self, start: int = 0) -> Iterator[SourceRecord]:
        newest = self._ordered.newest_before(start) or 0
        for sequence, record in enumerate(self._ordered.read(start), start):
            newest = max(newest, record.published_ms)
            published = min(newest, self._opened_ms)
            yield SourceRecord(sequence, record.key, record.value, published)

    def close(self) -> None:
        self._ordered.close()


def _stage_all(content: FileContent, ordered: OrderedRecords) -> int:
    """Stages every element and sorts them; how many there are."""
    last: _Times | None = None
    first: _Times | None = None
    position = foreign = 0
    try:
        for position, element in enumerate(split_elements(content), 1):
            times = _times_of(element)
            if times is not None:
                last = times
                first = first or times
            elif _is_foreign(element):
                foreign += 1
            if position == RECOGNISED_WITHIN:
                _refuse_other_shape(content, position, foreign)
            ordered.stage(last, _key_of(element), element.value)
    except BrokenContent as error:
        raise UnreadableFile(
            f"{content.path} is not JSON at byte {error.position}, line {error.line}: "
            f"{error.reason}.",
            rule="A source is read whole before anything of it is published.",
            next_step="restore the file (a JSON array, or one JSON object a line), and run again",
        ) from error
    if position < RECOGNISED_WITHIN:
        _refuse_other_shape(content, position, foreign)
    ordered.put_in_order(first or (_START_OF_TIME_US, instant_of(_START_OF_TIME_US)))
    return position


_Times = tuple[int, int]
"""(call time on the wall in microseconds, its instant in milliseconds)"""


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


def _is_foreign(element: Element) -> bool:
    parsed = element.parsed
    return (
        isinstance(parsed, dict) and CALL_ID_FIELD not in parsed and CALL_TIME_FIELD not in parsed
    )


def _refuse_other_shape(content: FileContent, seen: int, foreign: int) -> None:
    if seen and foreign == seen:
        raise UsageError(
            f"{content.path} holds no calls for service: none of its first {seen} elements has "
            f"the field {CALL_ID_FIELD} or {CALL_TIME_FIELD}.",
            rule=f"A call is an object with {CALL_ID_FIELD}, original_crime_type_name, "
            f"{CALL_TIME_FIELD} and disposition.",
            next_step="name a file of police calls for service, or --source synthetic",
        )
