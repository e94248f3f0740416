"""The judge of the stream: what a record is, before repeats are looked for. Pure.

The rules and their order are those of docs/rules.md. Nearly every record has exactly the fields
of the legacy file, all of them text: msgspec decodes such a one straight into typed fields, and
refuses everything that is not strict JSON of that form. Whatever it refuses goes the long way:
orjson, just as strict (no invalid UTF-8, byte-order mark, NaN, trailing garbage, raw control
characters, lone surrogates, overflowing numbers), then the rules one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import msgspec
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
    MAX_LABEL_BYTES,
    MAX_NESTING,
    MAX_VALUE_BYTES,
    Reason,
)
from sfcrime.domain.wall_clock import MICROS, from_datetime, wall_offset_ms

LABEL_SEPARATOR = "\x1f"
"""Stands between call type and disposition in one text column; no valid label can hold it."""

_LATE = "late"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d:\d\d(?:\.\d{1,6})?", re.ASCII)
_HOUR_US = 3600 * MICROS
_MEMO_SIZE = 100_000
_LONGEST_REMEMBERED = 256


_Text = TypeVar("_Text")
_Parsed = TypeVar("_Parsed")
# What neighbouring records share, parsed once: days, minutes of a day, (call type, disposition).
_dates: dict[str, int] = {}
_times: dict[str, int] = {}
_labels: dict[tuple[str, str], str] = {}


class LegacyCall(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The legacy file's record (`domain.calls.CALL_FIELDS`): these fields, all text, no other.

    `gc=False`: it holds text alone, so the collector need not look at it.
    """

    crime_id: str
    original_crime_type_name: str
    report_date: str
    call_date: str
    offense_date: str
    call_time: str
    call_date_time: str
    disposition: str
    address: str
    city: str
    state: str
    agency_id: str
    address_type: str
    common_location: str


_decode = msgspec.json.Decoder(LegacyCall).decode


@dataclass(frozen=True, slots=True)
class JudgedColumns:
    """Verdicts on a run of records, one row each, as columns: millions of rows pass here."""

    call_id: list[int | None] = field(default_factory=list)
    """Numeric call id; None where the record is set aside."""
    call_us: list[int | None] = field(default_factory=list)
    """Call time on the wall, microseconds since 1970-01-01T00:00:00; None where set aside, so
    that a record set aside never moves the watermark."""
    label: list[str] = field(default_factory=list)
    """Call type, `LABEL_SEPARATOR`, disposition, blanks folded; of a record set aside its
    `Reason`, or `late_text`."""

    def set_aside(self, why: str) -> None:
        """Adds the row of a record that is rejected or late."""
        self.call_id.append(None)
        self.call_us.append(None)
        self.label.append(why)


def judge_records(
    values: Iterable[bytes | None], published_us: Iterable[int], lateness_us: int | None
) -> JudgedColumns:
    """Judges records by R1 to R15 and L1.

    Args:
        values: the records' bytes; None is a tombstone.
        published_us: their Kafka timestamps, microseconds since 1970 UTC.
        lateness_us: allowed lateness, microseconds; None: R15 and L1 are off.
    """
    columns = JudgedColumns()
    add_id, add_time = columns.call_id.append, columns.call_us.append
    add_label = columns.label.append
    limits = _AgeLimits(lateness_us)
    for value, published in zip(values, published_us, strict=True):
        try:
            call = _decode(value)  # type: ignore[arg-type]
            time, call_id = call.call_date_time, call.crime_id
            call_us = _dates[time[:11]] + _times[time[11:]]
            label = _labels[call.original_crime_type_name, call.disposition]
            if not _is_call_id(call_id) or len(value) > MAX_VALUE_BYTES:  # type: ignore[arg-type]
                raise ValueError(call_id)
        except (msgspec.DecodeError, KeyError, ValueError, TypeError):
            judged = _judge_closely(value)
            if isinstance(judged, Reason):
                columns.set_aside(judged)
                continue
            call_id, call_us, label = judged
        if lateness_us is not None:
            if not limits.start_us <= published < limits.end_us:
                limits.move_to(published)
            if not limits.least_us <= published - call_us <= limits.most_us:
                columns.set_aside(limits.verdict(call_us, published))
                continue
        add_id(int(call_id))
        add_time(call_us)
        add_label(label)
    return columns


class _AgeLimits:
    """Between which differences of publication (an instant) and call time (on the wall) a record
    is neither from the future nor late; they hold for the hour of publication they were made for.
    """

    def __init__(self, lateness_us: int | None) -> None:
        self._lateness_us = lateness_us or 0
        self.start_us = self.end_us = 0
        self.least_us = self.most_us = 0

    def move_to(self, published_us: int) -> None:
        hour = published_us // _HOUR_US
        ahead_us = wall_offset_ms(hour) * 1000
        self.start_us, self.end_us = hour * _HOUR_US, (hour + 1) * _HOUR_US
        self.least_us = -FUTURE_TOLERANCE_S * MICROS - ahead_us
        self.most_us = self._lateness_us - ahead_us

    def verdict(self, call_us: int, published_us: int) -> str:
        """What the label of a record outside of the limits says."""
        if published_us - call_us > self.most_us:
            return late_text(call_us, published_us // 1000)
        return Reason.FROM_THE_FUTURE


def late_text(call_us: int, published_ms: int) -> str:
    """How a late record's two times travel in the column `label`."""
    return f"{_LATE} {call_us} {published_ms}"


def late_times(text: str) -> tuple[int, int] | None:
    """Call time (us on the wall) and publication (ms) of `late_text`; None of a `Reason`."""
    word, _, times = text.partition(" ")
    if word != _LATE:
        return None
    call_us, published_ms = times.split(" ")
    return int(call_us), int(published_ms)


def _judge_closely(value: bytes | None) -> tuple[str, int, str] | Reason:
    """Call id, call time and label of a valid record, or the first of R1 to R14 it breaks.

    The long way, for a record of another form than the legacy file's, one with something unseen
    in it (which is remembered), and one that breaks a rule.
    """
    reason = _reason_of_bytes(value)
    if reason is not None:
        return reason
    try:
        document = orjson.loads(value)  # type: ignore[arg-type]
    except orjson.JSONDecodeError:
        return Reason.NOT_JSON
    try:
        call_id = document[CALL_ID_FIELD]
        if _is_call_id(call_id):
            label = _read_label((document[CALL_TYPE_FIELD], document[DISPOSITION_FIELD]))
            return call_id, _read_time(document[CALL_TIME_FIELD]), label
    except (TypeError, KeyError, AttributeError, ValueError):
        pass  # which rule it was is found out in their order
    return first_broken_rule(document)


def first_broken_rule(document: object) -> Reason:
    """The first of R7 to R14 that a parsed document breaks; it is known to break one."""
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
    day, time = document[CALL_TIME_FIELD][:11], document[CALL_TIME_FIELD][11:]
    if _parsed_date(day, any_year=True) is None or _time_of_day(time) is None:
        return Reason.BAD_CALL_TIME
    return Reason.YEAR_OUT_OF_RANGE if _parsed_date(day) is None else Reason.LABEL_TOO_LONG


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
    brackets = value.count(b"{") + value.count(b"[")
    if brackets > MAX_NESTING and _depth(value) > MAX_NESTING:
        return Reason.NESTED_TOO_DEEP
    return None


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


def _read_time(text: str) -> int:
    """Microseconds on the wall; ValueError where R12 or R13 is broken."""
    midnight, of_day = _parsed_date(text[:11]), _time_of_day(text[11:])
    if midnight is None or of_day is None:
        raise ValueError(text)
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


def _read_label(pair: tuple[str, str]) -> str:
    """Both labels with blanks at the ends trimmed and inner runs folded to one, joined.

    Raises:
        ValueError: R10 or R14 is broken.
        AttributeError, TypeError: one of them is no text.
    """
    if any(_CONTROL.search(text) for text in pair):
        raise ValueError(pair)
    folded = [" ".join(filter(None, text.split(" "))) for text in pair]
    if any(len(text.encode()) > MAX_LABEL_BYTES for text in folded):
        raise ValueError(pair)
    label = LABEL_SEPARATOR.join(folded)
    # 60 KB of blanks fold to a short label too: many such would fill a worker's memory.
    short = len(pair[0]) + len(pair[1]) <= _LONGEST_REMEMBERED
    return _remember(_labels, pair, label) if short else label


def _remember(memo: dict[_Text, _Parsed], text: _Text, value: _Parsed) -> _Parsed:
    """Keeps a parsed text for the next record; forgets all when a hostile topic fills it."""
    if len(memo) >= _MEMO_SIZE:
        memo.clear()
    memo[text] = value
    return value
