"""San Francisco wall-clock time and its seams; every expected value is written out."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcrime.domain.wall_clock import (
    from_datetime,
    instant_of,
    is_missing,
    is_repeated,
    to_iso,
    wall_clock_of,
)

HOUR_US = 3_600_000_000


def wall(text: str) -> int:
    return from_datetime(datetime.fromisoformat(text))


@pytest.mark.parametrize(
    ("on_the_wall", "instant_ms"),
    [
        ("2018-10-02T09:11:00", 1538496660000),  # 16:11 UTC, summer time
        ("2018-12-31T23:57:00", 1546329420000),  # 07:57 UTC, winter time
        ("2018-11-04T00:59:59", 1541318399000),
        ("2018-11-04T02:00:00", 1541325600000),
        ("2019-03-10T01:59:00", 1552211940000),
        ("2019-03-10T03:00:00", 1552212000000),  # one minute after 01:59
    ],
)
def test_wall_clock_and_instant_convert_both_ways(on_the_wall: str, instant_ms: int) -> None:
    assert instant_of(wall(on_the_wall)) == instant_ms
    assert wall_clock_of(instant_ms) == wall(on_the_wall)


def test_the_repeated_hour_is_its_earlier_instant() -> None:
    assert instant_of(wall("2018-11-04T01:30:00")) == 1541320200000  # 08:30 UTC, summer time
    assert wall_clock_of(1541320200000) == wall("2018-11-04T01:30:00")
    assert wall_clock_of(1541323800000) == wall("2018-11-04T01:30:00")  # an hour later


def test_the_missing_hour_is_the_instant_of_an_unchanged_clock() -> None:
    assert instant_of(wall("2019-03-10T02:30:00")) == 1552213800000  # 10:30 UTC
    assert wall_clock_of(1552213800000) == wall("2019-03-10T03:30:00")


@pytest.mark.parametrize(
    ("on_the_wall", "repeated", "missing"),
    [
        ("2018-11-04T00:59:59", False, False),
        ("2018-11-04T01:00:00", True, False),
        ("2018-11-04T01:59:59", True, False),
        ("2018-11-04T02:00:00", False, False),
        ("2019-03-10T01:59:59", False, False),
        ("2019-03-10T02:00:00", False, True),
        ("2019-03-10T02:59:59", False, True),
        ("2019-03-10T03:00:00", False, False),
        ("2018-07-01T01:30:00", False, False),
    ],
)
def test_the_two_seams_are_one_hour_each(on_the_wall: str, repeated: bool, missing: bool) -> None:
    assert is_repeated(wall(on_the_wall)) is repeated
    assert is_missing(wall(on_the_wall)) is missing


def test_a_wall_clock_is_shown_to_the_second() -> None:
    assert to_iso(1538470800000000) == "2018-10-02T09:00:00"
    assert to_iso(0) == "1970-01-01T00:00:00"
    assert from_datetime(datetime(2018, 10, 2, 9)) == 1538470800000000


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 12, 31)))
def test_outside_the_missing_hour_the_wall_clock_comes_back(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    wall_us = from_datetime(moment)
    back = wall_clock_of(instant_of(wall_us))
    assert back == (wall_us + HOUR_US if is_missing(wall_us) else wall_us)
