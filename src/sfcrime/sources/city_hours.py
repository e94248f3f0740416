"""One hour of the synthetic city: how many records it has, and which.

An hour is its number on the wall since 1970-01-01T00:00. The hour that November shows twice has
the calls of both, in call-time order; the one that March leaves out has none.
"""

from __future__ import annotations

import hashlib
import struct
from bisect import bisect_right
from datetime import datetime, timedelta
from typing import NamedTuple

from sfcrime.domain.wall_clock import instant_of, is_missing, is_repeated, to_iso
from sfcrime.sources.city_addresses import place_of
from sfcrime.sources.city_notes import other_label
from sfcrime.sources.city_rates import REPEATS_PER_MILLION, SEQUENCE_STEP_EIGHTHS
from sfcrime.sources.city_tables import (
    COUNT_BITS,
    DISPOSITION_CODES,
    DRAW_BITS,
    OTHER_TYPE,
    TYPE_LABELS,
    call_count_bounds,
    disposition_bounds_by_type,
    type_bounds_by_hour,
)

HOUR_US = 3_600_000_000
AGENCY = "synthetic"
"""`agency_id` of every record, so that none is taken for a real one (theirs is always "1")."""

_EPOCH = datetime(1970, 1, 1)
_MONDAY_OFFSET = 3  # 1970-01-01 was a Thursday
_DRAWS = struct.Struct("<7I")  # minute, type, disposition, and four for the place
_MORE_DRAWS = struct.Struct("<8I")
_LONGEST_REPEAT_LAG = 20
_TYPES = type_bounds_by_hour()
_DISPOSITIONS = disposition_bounds_by_type()


class HourPlan(NamedTuple):
    """What an hour holds."""

    calls: int
    repeated: int | None
    """Index of the call that is published once more; None: none is."""
    repeated_after: int
    """Index of the call after which it is."""

    @property
    def records(self) -> int:
        return self.calls + (self.repeated is not None)


class HourRecord(NamedTuple):
    """One record of an hour, in publication order."""

    key: bytes
    value: bytes
    published_ms: int


def plan_hour(seed: int, hour: int) -> HourPlan:
    """How many calls an hour has, and whether one is repeated."""
    start_us = hour * HOUR_US
    if is_missing(start_us):
        return HourPlan(0, None, 0)
    bounds = call_count_bounds((hour // 24 + _MONDAY_OFFSET) % 7 * 24 + hour % 24)
    calls = 0
    draws: tuple[int, ...] = ()
    for part in range(2 if is_repeated(start_us) else 1):
        digest = hashlib.blake2b(_place_in_time(seed, hour, part), digest_size=20, person=b"plan")
        draws = struct.unpack("<Q3I", digest.digest())
        calls += bisect_right(bounds, draws[0] >> (64 - COUNT_BITS))
    lottery = calls * REPEATS_PER_MILLION * (1 << DRAW_BITS) // 1_000_000
    if calls < 2 or draws[1] >= lottery:
        return HourPlan(calls, None, 0)
    repeated = draws[2] * (calls - 1) >> DRAW_BITS
    lag = 1 + (draws[3] * _LONGEST_REPEAT_LAG >> DRAW_BITS)
    return HourPlan(calls, repeated, min(repeated + lag, calls - 1))


def records_in_hour(seed: int, hour: int, number_of_day: int) -> list[HourRecord]:
    """The hour's records.

    Args:
        number_of_day: how many records the day has before this hour.
    """
    plan = plan_hour(seed, hour)
    size = _DRAWS.size
    stream = hashlib.shake_128(_place_in_time(seed, hour, 0xFF)).digest(plan.calls * size)
    draws = list(_DRAWS.iter_unpack(stream))
    minutes = sorted(draw[0] * 60 >> DRAW_BITS for draw in draws)
    day = to_iso(hour * HOUR_US)[:10]
    hour_of_day = hour % 24
    day_code = _day_code(hour)
    start_ms = instant_of(hour * HOUR_US)
    records: list[HourRecord] = []
    for index, (minute, draw) in enumerate(zip(minutes, draws, strict=True)):
        number = 1 + (number_of_day + len(records)) * SEQUENCE_STEP_EIGHTHS // 8
        call_id = f"{day_code}{number:04d}"
        value = _value(call_id, day, f"{hour_of_day:02d}:{minute:02d}", _TYPES[hour_of_day], draw)
        records.append(HourRecord(call_id.encode(), value, start_ms + minute * 60_000))
        if plan.repeated is not None and index == plan.repeated_after:
            records.append(records[plan.repeated]._replace(published_ms=records[-1].published_ms))
    return records


def _value(call_id: str, day: str, time: str, types: list[int], draw: tuple[int, ...]) -> bytes:
    """A record as JSON; no text here needs escaping: the tables are plain ASCII."""
    kind = bisect_right(types, draw[1])
    code = DISPOSITION_CODES[bisect_right(_DISPOSITIONS[kind], draw[2])]
    place = place_of(draw[3:7])
    label = TYPE_LABELS[kind] if kind != OTHER_TYPE else other_label(_more_draws(draw))
    return (
        f'{{"crime_id": "{call_id}", "original_crime_type_name": "{label}", '
        f'"report_date": "{day}T00:00:00.000", "call_date": "{day}T00:00:00.000", '
        f'"offense_date": "{day}T00:00:00.000", "call_time": "{time}", '
        f'"call_date_time": "{day}T{time}:00.000", "disposition": "{code}", '
        f'"address": "{place.address}", "city": "{place.city}", "state": "CA", '
        f'"agency_id": "{AGENCY}", "address_type": "{place.address_type}", '
        f'"common_location": "{place.common_location}"}}'
    ).encode("ascii")


def _more_draws(draw: tuple[int, ...]) -> tuple[int, ...]:
    """Eight further numbers, for the records whose label is put together."""
    digest = hashlib.blake2b(_DRAWS.pack(*draw), digest_size=_MORE_DRAWS.size, person=b"note")
    return _MORE_DRAWS.unpack(digest.digest())


def _place_in_time(seed: int, hour: int, part: int) -> bytes:
    return struct.pack("<QqB", seed, hour, part)


def _day_code(hour: int) -> str:
    """ "18275" for 2018-10-02: the year's last two digits and the day of the year."""
    day = _EPOCH + timedelta(hours=hour)
    return f"{day.year % 100:02d}{day.timetuple().tm_yday:03d}"
