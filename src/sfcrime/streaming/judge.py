"""The judge of the stream: what a record is, before repeats are looked for. Pure.

The rules and their order are those of docs/rules.md. A record that keeps them all takes the
short way (`JudgedColumns.judge`); for one that does not, `first_broken_rule` finds which rule comes
first. orjson is strict by construction where it counts: it refuses invalid UTF-8, a byte-order
mark, NaN, trailing garbage, raw control characters, lone surrogates and overflowing numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import orjson

from sfcrime.domain.calls import (
    CALL_ID_FIELD,
    CALL_TIME_FIELD,
    CALL_TYPE_FIELD,
    DISPOSITION_FIELD,
    NEEDED_FIELDS,
)
from sfcrime.domain.outcomes import (
    FIRST_YEAR,
    FUTURE_TOLERANCE_S,
    LAST_YEAR_EXCLUSIVE,
    MAX_CALL_ID_DIGITS,
    MAX_NESTING,
    MAX_VALUE_BYTES,
    Reason,
)
from sfcrime.domain.wall_clock import HOUR_MS, MICROS, from_datetime, wall_offset_ms

LABEL_SEPARATOR = "\x1f"
"""Stands between call type and disposition in one text column; no valid label can hold it."""

_LATE = "late"

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d:\d\d(?:\.\d{1,6})?", re.ASCII)
_MEMO_SIZE = 100_000

_Text = TypeVar("_Text")
_Parsed = TypeVar("_Parsed")
_dates: dict[str, int] = {}
_times: dict[str, int] = {}
_labels: dict[tuple[str, str], str] = {}


@dataclass(slots=True)
class JudgedColumns:
    """Verdicts on a run of records, one column a field (lists: millions of rows pass here).

    A record set aside (late or rejected) has no call time of its own column, so that it never
    moves the watermark; `identity` is then left to the caller, who knows its place.
    """

    call_id: list[int | None] = field(default_factory=list)
    """Numeric call id; None where the record is set aside."""
    call_us: list[int | None] = field(default_factory=list)
    """Call time on the wall, microseconds since 1970-01-01T00:00:00; None where set aside."""
    label: list[str | None] = field(default_factory=list)
    """Call type, `LABEL_SEPARATOR`, disposition, blanks folded; None where set aside."""
    set_aside: list[str | None] = field(default_factory=list)
    """A `Reason`, or `late_text` of the call time and publication; None where valid."""
    _hour: int | None = None
    _offset_ms: int = 0
    """What the San Francisco wall is ahead of UTC in the hour of the last publication."""

    def judge(self, value: bytes | None, published_ms: int, lateness_us: int | None) -> None:
        """Judges one record by R1 to R14 and L1, and appends the verdict.

        Args:
            value: the record's bytes; None is a tombstone.
            published_ms: its Kafka timestamp, milliseconds since 1970 UTC.
            lateness_us: allowed lateness, microseconds; None: R14 and L1 are off.
        """
        if (
            not value
            or len(value) > MAX_VALUE_BYTES
            or value.find(b"[") >= 0
            or value.find(b"{", 1) >= 0
        ):
            reason = _reason_of_bytes(value)
            if reason is not None:
                return self._set_aside(reason)
        assert value is not None
        try:
            document = orjson.loads(value)
        except (orjson.JSONDecodeError, RecursionError):
            return self._set_aside(_reason_of_bytes(value) or Reason.NOT_JSON)
        try:
            call_id = document[CALL_ID_FIELD]
            call_time = document[CALL_TIME_FIELD]
            labels = (document[CALL_TYPE_FIELD], document[DISPOSITION_FIELD])
            label = _labels.get(labels) or _label(labels)
            midnight, of_day = _dates.get(call_time[:11]), _times.get(call_time[11:])
            if midnight is None or of_day is None:
                call_us = _time_on_the_wall(call_time)
            else:
                call_us = midnight + of_day
            broken = (
                call_us is None
                or label is None
                or not (call_id.isdigit() and call_id.isascii())
                or len(call_id) > MAX_CALL_ID_DIGITS
            )
        except (TypeError, KeyError, AttributeError):
            broken = True
        if broken:
            return self._set_aside(first_broken_rule(document))
        assert call_us is not None
        if lateness_us is not None:
            if published_ms // HOUR_MS != self._hour:
                self._hour = published_ms // HOUR_MS
                self._offset_ms = wall_offset_ms(self._hour)
            age_us = (published_ms + self._offset_ms) * 1000 - call_us
            if age_us > lateness_us:
                return self._set_aside(late_text(call_us, published_ms))
            if age_us < -FUTURE_TOLERANCE_S * MICROS:
                return self._set_aside(Reason.FROM_THE_FUTURE)
        self.call_id.append(int(call_id))
        self.call_us.append(call_us)
        self.label.append(label)
        self.set_aside.append(None)
        return None

    def _set_aside(self, reason: str) -> None:
        self.call_id.append(None)
        self.call_us.append(None)
        self.label.append(None)
        self.set_aside.append(reason)


def late_text(call_us: int, published_ms: int) -> str:
    """How a late record's two times travel in the column `set_aside`."""
    return f"{_LATE} {call_us} {published_ms}"


def late_times(set_aside: str) -> tuple[int, int] | None:
    """Call time (us on the wall) and publication (ms) of `late_text`; None of a `Reason`."""
    word, _, times = set_aside.partition(" ")
    if word != _LATE:
        return None
    call_us, published_ms = times.split(" ")
    return int(call_us), int(published_ms)


def first_broken_rule(document: object) -> Reason:
    """The first of R7 to R13 that a parsed document breaks; it is known to break one."""
    if not isinstance(document, dict):
        return Reason.NOT_AN_OBJECT
    if any(field not in document for field in NEEDED_FIELDS):
        return Reason.FIELD_MISSING
    texts = [document[field] for field in NEEDED_FIELDS]
    if not all(isinstance(text, str) for text in texts):
        return Reason.FIELD_NOT_TEXT
    if any(_CONTROL.search(text) for text in texts):
        return Reason.CONTROL_CHARACTER
    if not _is_call_id(document[CALL_ID_FIELD]):
        return Reason.BAD_CALL_ID
    if _parsed_date(document[CALL_TIME_FIELD][:11], any_year=True) is None or (
        _time_of_day(document[CALL_TIME_FIELD][11:]) is None
    ):
        return Reason.BAD_CALL_TIME
    return Reason.YEAR_OUT_OF_RANGE


def _reason_of_bytes(value: bytes | None) -> Reason | None:
    """R1 to R5: what can be said before the value is parsed."""
    if value is None:
        return Reason.NO_VALUE
    if not value:
        return Reason.EMPTY_VALUE
    if len(value) > MAX_VALUE_BYTES:
        return Reason.TOO_LARGE
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return Reason.NOT_UTF8
    return Reason.NESTED_TOO_DEEP if _depth(value) > MAX_NESTING else None


def _depth(value: bytes) -> int:
    """Most brackets open at once, outside of string literals; valid JSON or not."""
    deepest = depth = 0
    for token in _TOKENS.finditer(value):
        first = token.group()[:1]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth = max(0, depth - 1)
    return deepest


def _is_call_id(text: str) -> bool:
    return text.isdigit() and text.isascii() and len(text) <= MAX_CALL_ID_DIGITS


def _time_on_the_wall(text: str) -> int | None:
    """Microseconds on the wall, or None where R12 or R13 is broken. Both parts are remembered:
    neighbouring records share their date, and all days their minutes."""
    midnight = _parsed_date(text[:11])
    of_day = _time_of_day(text[11:])
    if midnight is None or of_day is None:
        return None
    return _remember(_dates, text[:11], midnight) + _remember(_times, text[11:], of_day)


def _parsed_date(text: str, any_year: bool = False) -> int | None:
    """ "2018-10-02T" as microseconds; None where it is no date, or its year out of range."""
    if not _DATE.fullmatch(text):
        return None
    try:
        date = datetime.fromisoformat(text[:10])
    except ValueError:
        return None
    if any_year or FIRST_YEAR <= date.year < LAST_YEAR_EXCLUSIVE:
        return from_datetime(date)
    return None


def _time_of_day(text: str) -> int | None:
    """ "09:11:00.000" as microseconds since midnight; None where it is no time."""
    if not _TIME.fullmatch(text):
        return None
    hour, minute, second = int(text[:2]), int(text[3:5]), int(text[6:8])
    if hour > 23 or minute > 59 or second > 59:
        return None
    return ((hour * 60 + minute) * 60 + second) * MICROS + int(text[9:].ljust(6, "0"))


def _label(labels: tuple[str, str]) -> str | None:
    """Both labels with blanks at the ends trimmed and inner runs folded to one, joined.

    None where R10 is broken. Raises AttributeError or TypeError where one is no text.
    """
    if any(_CONTROL.search(text) for text in labels):
        return None
    folded = (" ".join(filter(None, text.split(" "))) for text in labels)
    return _remember(_labels, labels, LABEL_SEPARATOR.join(folded))


def _remember(memo: dict[_Text, _Parsed], text: _Text, value: _Parsed) -> _Parsed:
    """Keeps a parsed text for the next record; forgets all when a hostile topic fills it."""
    if len(memo) >= _MEMO_SIZE:
        memo.clear()
    memo[text] = value
    return value
