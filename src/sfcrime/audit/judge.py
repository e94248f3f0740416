"""The audit's own reading of docs/rules.md: what a record of the topic is.

Written with the standard library alone and sharing no code with the streaming judge, so that a
mistake of one is not a mistake of both. Pure: no I/O, and what is remembered of texts changes no
verdict. Duplicates are not seen here; they need the records before.
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple, NoReturn
from zoneinfo import ZoneInfo

from sfcrime.domain.calls import (
    CALL_ID_FIELD,
    CALL_TIME_FIELD,
    CALL_TYPE_FIELD,
    DISPOSITION_FIELD,
)
from sfcrime.domain.outcomes import (
    FIRST_YEAR,
    FUTURE_TOLERANCE_S,
    LAST_YEAR_EXCLUSIVE,
    MAX_LABEL_BYTES,
    MAX_NESTING,
    MAX_VALUE_BYTES,
    Outcome,
    Reason,
)

_SAN_FRANCISCO = ZoneInfo("America/Los_Angeles")
_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)
_MICROS = 1_000_000
_HOUR_MS = 3_600_000

# docs/rules.md: outside of these years a Kafka timestamp, which can be anything, is converted as
# in winter. Python's datetime would end at year 9999.
_FIRST_ZONED_MS = 0
_END_OF_ZONED_MS = 4_102_444_800_000  # 2100-01-01T00:00:00Z
_WINTER_US = -8 * 3600 * _MICROS

_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[{\]}]', re.DOTALL)
_SURROGATE = re.compile(
    r"\\(?:u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"  # a pair: one character
    r"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})"
    r"|.)",
    re.DOTALL,
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_CALL_ID = re.compile("[0-9]{1,18}")
_CALL_TIME = re.compile(  # hours up to 23: newer Pythons read 24:00 as the next midnight
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?"
)
_BLANKS = re.compile("  +")

_NEEDED = itemgetter(CALL_ID_FIELD, CALL_TYPE_FIELD, CALL_TIME_FIELD, DISPOSITION_FIELD)
_REASONS = tuple(Reason)
_LONGEST_TIME = len("2018-10-02T09:11:00.000000")
_REMEMBERED = 16_384
"""Texts of each kind, some 5 MB of them."""


class ValidCall(NamedTuple):
    """What a valid record says."""

    call_id: int
    """The number its digits write: "007" and "7" are one call."""
    call_us: int
    """Call time on the wall, microseconds since 1970-01-01T00:00:00."""
    call_type: str
    """Raw label, blanks folded."""
    disposition: str
    """Raw code, blanks folded."""


def judge_value(value: bytes | None) -> ValidCall | Reason:
    """The call that a record's value holds, or the first of rules R1 to R14 that it breaks."""
    if value is None:
        return Reason.NO_VALUE
    if not value:
        return Reason.EMPTY_VALUE
    if len(value) > MAX_VALUE_BYTES:
        return Reason.TOO_LARGE
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return Reason.NOT_UTF8
    if _is_nested_too_deep(value):
        return Reason.NESTED_TOO_DEEP
    try:
        parsed = _DECODER.decode(text)
    except ValueError:
        return Reason.NOT_JSON
    if "\\u" in text and _has_lone_surrogate(text):
        return Reason.NOT_JSON
    if not isinstance(parsed, dict):
        return Reason.NOT_AN_OBJECT
    return _judge_fields(parsed)


def judge_time(call_us: int, published_ms: int, lateness_s: int) -> Outcome:
    """What the lateness rule, where it is on, makes of a valid record.

    Returns:
        REJECTED (rule R15, from the future), LATE (rule L1) or COUNTED (neither; the record may
        still be a duplicate).
    """
    age_us = _published_us(published_ms) - call_us
    if age_us < -FUTURE_TOLERANCE_S * _MICROS:
        return Outcome.REJECTED
    return Outcome.LATE if age_us > lateness_s * _MICROS else Outcome.COUNTED


def _published_us(published_ms: int) -> int:
    """The wall clock of San Francisco at an instant, in microseconds."""
    is_zoned = _FIRST_ZONED_MS <= published_ms < _END_OF_ZONED_MS
    offset_us = zone_offset_us(published_ms // _HOUR_MS) if is_zoned else _WINTER_US
    return published_ms * 1000 + offset_us


@lru_cache(maxsize=4096)
def zone_offset_us(instant_hour: int) -> int:
    """What the zone adds to UTC in an hour of UTC; since 1970 it changed on full hours only."""
    offset = datetime.fromtimestamp(instant_hour * 3600, _SAN_FRANCISCO).utcoffset()
    assert offset is not None
    return offset // _MICROSECOND


def _is_nested_too_deep(value: bytes) -> bool:
    """Rule R5: brackets outside of strings, whatever else the value is."""
    if value.count(b"[") + value.count(b"{") <= MAX_NESTING:
        return False
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(value):
        first = value[token.start()]
        if first in b"[{":
            depth += 1
            if depth > MAX_NESTING:
                return True
        elif first in b"]}":
            depth = max(0, depth - 1)
    return False


def _has_lone_surrogate(text: str) -> bool:
    """True if valid JSON `text` escapes half of a surrogate pair, in any key or value.

    Backslashes stand only inside strings there, and each starts an escape, so one scan from the
    left sees all of them, also in values which a repeated key overwrites.
    """
    return any(escape["lone"] is not None for escape in _SURROGATE.finditer(text))


def _finite(text: str) -> float:
    """A number as a double; Python's own integers know no bound, RFC 8259 advises this one."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"a number of {len(text)} characters overflows a double")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=_finite, parse_int=_finite, parse_constant=_no_constant)


def _judge_fields(parsed: dict[str, object]) -> ValidCall | Reason:
    """Rules R8 to R14; each is tried on all needed fields before the next on any."""
    try:
        call_id, call_type, call_time, disposition = _NEEDED(parsed)
    except KeyError:
        return Reason.FIELD_MISSING
    if not (
        isinstance(call_id, str)
        and isinstance(call_time, str)
        and isinstance(call_type, str)
        and isinstance(disposition, str)
    ):
        return Reason.FIELD_NOT_TEXT
    number = int(call_id) if _CALL_ID.fullmatch(call_id) else _not_an_id(call_id)
    call_us = _remembered_time(call_time) if len(call_time) <= _LONGEST_TIME else _time(call_time)
    folded_type, code = _label(call_type), _label(disposition)
    # `isinstance` of an enum's class takes five times as long, and a Reason is text as well.
    if (
        type(number) is int
        and type(call_us) is int
        and type(folded_type) is str
        and type(code) is str
    ):
        return ValidCall(number, call_us, folded_type, code)
    broken = (number, call_us, folded_type, code)
    return min((each for each in broken if isinstance(each, Reason)), key=_REASONS.index)


def _not_an_id(text: str) -> Reason:
    """The first rule that a text breaks which is no call id."""
    return Reason.BAD_CALL_ID if _CONTROL.search(text) is None else Reason.CONTROL_CHARACTER


def _time(text: str) -> int | Reason:
    """Microseconds on the wall, or the first rule that the text of a call time breaks."""
    if _CONTROL.search(text) is not None:
        return Reason.CONTROL_CHARACTER
    if _CALL_TIME.fullmatch(text) is None:
        return Reason.BAD_CALL_TIME
    try:
        wall = datetime.fromisoformat(text)
    except ValueError:  # a day that the month does not have, month 0 or 13, year 0000
        return Reason.BAD_CALL_TIME
    if not FIRST_YEAR <= wall.year < LAST_YEAR_EXCLUSIVE:
        return Reason.YEAR_OUT_OF_RANGE
    return (wall - _EPOCH) // _MICROSECOND


def _label(text: str) -> str | Reason:
    """The label with its blanks folded, or the first rule that its text breaks."""
    return _remembered_label(text) if len(text) <= MAX_LABEL_BYTES else _folded(text)


def _folded(text: str) -> str | Reason:
    """U+0020 at both ends trimmed, inner runs of it folded to one; nothing else changes."""
    if _CONTROL.search(text) is not None:
        return Reason.CONTROL_CHARACTER
    label = _BLANKS.sub(" ", text.strip(" "))
    return label if len(label.encode()) <= MAX_LABEL_BYTES else Reason.LABEL_TOO_LONG


# Calls share their minutes and their labels. Long texts are not remembered: one may have 64 KiB.
_remembered_time = lru_cache(maxsize=_REMEMBERED)(_time)
_remembered_label = lru_cache(maxsize=_REMEMBERED)(_folded)
