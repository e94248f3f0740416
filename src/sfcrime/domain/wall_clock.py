"""San Francisco wall-clock time, and its two yearly seams.

Every source gives wall-clock time without an offset, and so it stays from end to end. Only
publication (an instant) and the lateness rule (an instant against a wall clock) convert.
Wall-clock values are microseconds since 1970-01-01T00:00:00 *on the wall*.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

SAN_FRANCISCO = ZoneInfo("America/Los_Angeles")
MICROS = 1_000_000
_EPOCH = datetime(1970, 1, 1)
HOUR_MS = 3_600_000
_LAST_HOUR = 1_139_568  # 2100-01-01
_LAST_INSTANT_MS = 253_402_300_799_999
"""The last of the year 9999."""


@lru_cache(maxsize=4096)
def wall_offset_ms(instant_hour: int) -> int:
    """What the wall is ahead of UTC in an hour since 1970; it only ever changes on a full hour.

    An hour outside of 1970 to 2100 (a Kafka timestamp can be anything) gets that of the bound.
    """
    instant_hour = min(max(instant_hour, 0), _LAST_HOUR)
    instant = datetime.fromtimestamp(instant_hour * 3600, UTC).astimezone(SAN_FRANCISCO)
    offset = instant.utcoffset()
    assert offset is not None
    return int(offset.total_seconds() * 1000)


def wall_clock_of(instant_ms: int) -> int:
    """The wall clock (microseconds) at an instant (milliseconds since 1970 UTC)."""
    return (instant_ms + wall_offset_ms(instant_ms // HOUR_MS)) * 1000


def instant_of(wall_us: int) -> int:
    """The instant (ms) of a wall-clock value: the earlier one in the repeated hour of November;
    in the hour missing in March, the instant an unchanged clock would have had."""
    local = (_EPOCH + timedelta(microseconds=wall_us)).replace(tzinfo=SAN_FRANCISCO, fold=0)
    return int(local.timestamp() * 1000)


def _shift(wall_us: int) -> timedelta:
    """How much more the zone adds to UTC if the value is read as the first of two."""
    local = (_EPOCH + timedelta(microseconds=wall_us)).replace(tzinfo=SAN_FRANCISCO)
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    assert first is not None and second is not None
    return first - second


def is_repeated(wall_us: int) -> bool:
    """True in the hour that the wall shows twice in November: a cell there is ambiguous."""
    return _shift(wall_us) > timedelta()


def is_missing(wall_us: int) -> bool:
    """True in the hour that the wall never shows in March."""
    return _shift(wall_us) < timedelta()


def to_iso(wall_us: int) -> str:
    """ "2018-10-02T09:00:00", as the reports show a window's start."""
    return (_EPOCH + timedelta(microseconds=wall_us)).isoformat(timespec="seconds")


def from_datetime(wall: datetime) -> int:
    """Microseconds on the wall of a naive datetime."""
    return (wall - _EPOCH) // timedelta(microseconds=1)


def instant_iso(instant_ms: int | None) -> str | None:
    """ "2026-02-03T04:05:06.789Z" of milliseconds since 1970 UTC; None where there are none, or
    where they lie outside of the years 1970 to 9999, as those of a record can."""
    if instant_ms is None or not 0 <= instant_ms <= _LAST_INSTANT_MS:
        return None
    instant = datetime.fromtimestamp(instant_ms // 1000, UTC).replace(
        microsecond=instant_ms % 1000 * 1000
    )
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def second_iso(instant_ms: int) -> str:
    """ "2026-02-03T04:05:06Z" of milliseconds since 1970 UTC, for a sentence; the number where it
    is no date."""
    exact = instant_iso(instant_ms)
    return f"{instant_ms} ms" if exact is None else f"{exact[:19]}Z"
