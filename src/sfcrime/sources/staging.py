"""Puts the calls of files on disk in the order of their times, whatever form the files have."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

import orjson

from sfcrime.domain.call_time import ordering_time_us
from sfcrime.domain.calls import CALL_ID_FIELD, CALL_TIME_FIELD, CALL_TYPE_FIELD
from sfcrime.domain.outcomes import FIRST_YEAR
from sfcrime.domain.wall_clock import from_datetime, instant_of
from sfcrime.sources.content import FileContent
from sfcrime.sources.elements import Element
from sfcrime.sources.forms import elements_of
from sfcrime.sources.ordering import OrderedRecords
from sfcrime.sources.shape import other_shape

RECOGNISED_WITHIN = 1_000
"""Elements among which at least one must have a field by which a call is known."""

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
