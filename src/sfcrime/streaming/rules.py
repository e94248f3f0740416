"""The rules of the stream's judge, one by one. No input or output.

For a record that is not of the legacy file's form, that has something unseen in it (which is
remembered), or that breaks a rule. orjson parses just as strictly as the judge's own decoder: no
invalid UTF-8, byte-order mark, NaN, trailing garbage, raw control characters, lone surrogates,
overflowing numbers.
"""

from __future__ import annotations

import re
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
    LAST_YEAR_EXCLUSIVE,
    MAX_CALL_ID_DIGITS,
    MAX_LABEL_BYTES,
    MAX_NESTING,
    MAX_VALUE_BYTES,
    Reason,
)
from sfcrime.domain.wall_clock import MICROS, from_datetime
from sfcrime.streaming.judged_rows import LABEL_SEPARATOR

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_TOKENS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)
_DATE = re.compile(r"\d{4}-\d\d-\d\dT", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d:\d\d(?:\.\d{1,6})?", re.ASCII)
_MEMO_SIZE = 100_000
_LONGEST_REMEMBERED = 256

_Text = TypeVar("_Text")
_Parsed = TypeVar("_Parsed")

known_dates: dict[str, int] = {}
"""What neighbouring records share, parsed once: here a day and its `T`, as microseconds."""
known_times: dict[str, int] = {}
"""The rest of a call time, as microseconds since midnight."""
known_labels: dict[tuple[str, str], str] = {}
"""(call type, disposition), as the label they make."""


def judge_closely(value: bytes | None) -> tuple[str, int, str] | Reason:
    """Call id, call time and label of a valid record, or the first of R1 to R14 it breaks."""
    reason = _reason_of_bytes(value)
    if reason is not None:
        return reason
    try:
        document = orjson.loads(value)  # type: ignore[arg-type]
    except orjson.JSONDecodeError:
        return Reason.NOT_JSON
    try:
        call_id = document[CALL_ID_FIELD]
        if is_call_id(call_id):
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
    if not is_call_id(document[CALL_ID_FIELD]):
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
    """Most brackets open at once, outside string literals; valid JSON or not."""
    deepest = depth = 0
    for token in _TOKENS.finditer(value):
        first = token.group()[:1]
        if first in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in b"]}":
            depth = max(0, depth - 1)
    return deepest


def is_call_id(text: str) -> bool:
    """R11."""
    return text.isdigit() and text.isascii() and len(text) <= MAX_CALL_ID_DIGITS


def _read_time(text: str) -> int:
    """Microseconds on the wall; ValueError where R12 or R13 is broken."""
    midnight, of_day = _parsed_date(text[:11]), _time_of_day(text[11:])
    if midnight is None or of_day is None:
        raise ValueError(text)
    return _remember(known_dates, text[:11], midnight) + _remember(known_times, text[11:], of_day)


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
    return _remember(known_labels, pair, label) if short else label


def _remember(memo: dict[_Text, _Parsed], text: _Text, value: _Parsed) -> _Parsed:
    """Keeps a parsed text for the next record; forgets all when a hostile topic fills it."""
    if len(memo) >= _MEMO_SIZE:
        memo.clear()
    memo[text] = value
    return value
