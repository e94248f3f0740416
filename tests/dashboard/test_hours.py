"""Hours of the whole count: holes, seams of the wall clock, what can be compared."""

from __future__ import annotations

import numpy as np
import pytest

from counted_store import wall_s
from sfcrime.dashboard.memory.hours import Hour, HourTotals, UsualCalls, hour_totals
from sfcrime.domain.wall_clock import MICROS, is_missing, is_repeated

HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY


def totals_of(calls_of_hours: dict[str, int]) -> HourTotals:
    starts = np.array([wall_s(each) for each in sorted(calls_of_hours)])
    return hour_totals(starts, np.array([calls_of_hours[each] for each in sorted(calls_of_hours)]))


def steady(first: str, hours: int, calls: int = 100) -> HourTotals:
    """As many calls in each of the hours."""
    return HourTotals(wall_s(first), np.full(hours, calls))


def with_calls(totals: HourTotals, hour: str, calls: int) -> HourTotals:
    changed = totals.calls.copy()
    changed[(wall_s(hour) - totals.first_s) // HOUR] = calls
    return HourTotals(totals.first_s, changed)


def test_windows_are_added_up_to_hours_without_holes() -> None:
    found = totals_of(
        {"2018-10-02T09:00": 1, "2018-10-02T09:45": 2, "2018-10-02T11:15": 4, "2018-10-02T11:59": 8}
    )
    assert found.first_s == wall_s("2018-10-02T09:00")
    assert found.calls.tolist() == [3, 0, 12]
    assert found.newest_s == wall_s("2018-10-02T11:00")
    assert found.total == 15


def test_a_count_without_calls_has_no_hours() -> None:
    nothing = hour_totals(np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert nothing.newest_s is None
    assert nothing.total == 0
    assert nothing.hours(0, DAY) == []
    assert nothing.between(0, 3 * HOUR).tolist() == [0, 0, 0]
    assert nothing.known(0, 3 * HOUR).tolist() == [False, False, False]
    assert nothing.stand_outs(0, DAY, 10).compared == 0
    assert nothing.within(0, DAY) == (0, 0)


def test_a_span_may_reach_beyond_the_count_on_both_sides() -> None:
    found = totals_of({"2018-10-02T09:00": 3, "2018-10-02T10:00": 5})
    since, until = wall_s("2018-10-02T08:00"), wall_s("2018-10-02T13:00")
    assert found.between(since, until).tolist() == [0, 3, 5, 0, 0]
    assert found.within(since, until) == (wall_s("2018-10-02T09:00"), wall_s("2018-10-02T11:00"))
    assert [each.calls for each in found.hours(since, until)] == [3, 5]


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2018-10-01T00:00", "2018-10-02T09:00"),
        ("2018-10-02T11:00", "2018-10-03T00:00"),
        ("2018-10-02T10:00", "2018-10-02T10:00"),
        ("2018-10-02T12:00", "2018-10-02T10:00"),
    ],
)
def test_a_span_outside_of_the_count_has_no_hours(since: str, until: str) -> None:
    found = totals_of({"2018-10-02T09:00": 3, "2018-10-02T10:00": 5})
    span = wall_s(since), wall_s(until)
    assert found.hours(*span) == []
    assert found.between(*span).sum() == 0
    assert found.within(*span) == (span[0], span[0])


def test_the_hour_of_the_newest_call_is_shown_with_its_usual_value_and_not_compared() -> None:
    totals = with_calls(steady("2018-06-04T00:00", 5 * 168), "2018-07-08T23:00", 1)
    assert totals.hours(wall_s("2018-07-08T23:00"), wall_s("2018-07-09T00:00")) == [
        Hour(wall_s("2018-07-08T23:00"), 1, "so_far", UsualCalls(100, 100, 100, 4), None)
    ]


def test_an_hour_that_is_over_and_far_from_usual_stands_out() -> None:
    totals = with_calls(steady("2018-06-04T00:00", 5 * 168), "2018-07-08T20:00", 60)
    totals = with_calls(totals, "2018-07-08T21:00", 140)
    found = totals.hours(wall_s("2018-07-08T20:00"), wall_s("2018-07-08T23:00"))
    assert [(each.calls, each.state, each.stands_out) for each in found] == [
        (60, "complete", "low"),
        (140, "complete", "high"),
        (100, "complete", None),
    ]


def test_the_first_hour_of_the_count_is_in_no_usual_value() -> None:
    totals = with_calls(steady("2018-06-04T09:00", 5 * 168), "2018-06-04T09:00", 1)
    later = wall_s("2018-07-02T09:00")
    assert totals.hours(later, later + HOUR)[0].usual == UsualCalls(100, 100, 100, 3)


def test_a_day_without_any_call_is_a_hole_and_not_a_quiet_day() -> None:
    totals = steady("2018-06-04T00:00", 6 * 168)
    calls = totals.calls.copy()
    hole = (wall_s("2018-06-12T00:00") - totals.first_s) // HOUR
    calls[hole : hole + 24] = 0
    totals = HourTotals(totals.first_s, calls)
    inside, later = wall_s("2018-06-12T12:00"), wall_s("2018-07-03T12:00")
    assert totals.hours(inside, inside + HOUR)[0].stands_out is None
    assert totals.hours(later, later + HOUR)[0].usual == UsualCalls(100, 100, 100, 3)
    assert not totals.known(inside, inside + HOUR)[0]


def test_an_hour_without_calls_on_a_day_with_some_counts_as_zero() -> None:
    totals = with_calls(steady("2018-06-04T00:00", 6 * 168), "2018-06-12T12:00", 0)
    empty = wall_s("2018-06-12T12:00")
    assert totals.known(empty, empty + HOUR).tolist() == [True]


def test_the_repeated_hour_of_november_is_neither_usual_nor_compared() -> None:
    totals = with_calls(steady("2018-09-03T00:00", 16 * 168), "2018-11-04T01:00", 200)
    repeated, later = wall_s("2018-11-04T01:00"), wall_s("2018-11-25T01:00")
    assert totals.hours(repeated, repeated + HOUR) == [Hour(repeated, 200, "repeated", None, None)]
    assert totals.hours(later, later + HOUR)[0].usual == UsualCalls(100, 100, 100, 7)


def test_the_hour_that_march_leaves_out_has_no_number_and_is_in_no_usual_value() -> None:
    totals = with_calls(steady("2018-01-01T00:00", 16 * 168), "2018-03-11T02:00", 0)
    missing, later = wall_s("2018-03-11T02:00"), wall_s("2018-03-25T02:00")
    assert totals.hours(missing, missing + HOUR) == [Hour(missing, None, "missing", None, None)]
    assert totals.hours(later, later + HOUR)[0].usual == UsualCalls(100, 100, 100, 7)


def test_calls_that_claim_the_missing_hour_are_shown() -> None:
    totals = with_calls(steady("2018-01-01T00:00", 16 * 168), "2018-03-11T02:00", 2)
    missing = wall_s("2018-03-11T02:00")
    assert totals.hours(missing, missing + HOUR) == [Hour(missing, 2, "missing", None, None)]


@pytest.mark.parametrize("year", [2005, 2006, 2007, 2018, 2026])
def test_the_seams_of_a_year_are_those_that_the_wall_clock_has(year: int) -> None:
    first = wall_s(f"{year}-01-01T00:00")
    starts = range(first, wall_s(f"{year + 1}-01-01T00:00"), HOUR)
    totals = steady(f"{year}-01-01T00:00", len(starts))
    states = {each.start_s: each.state for each in totals.hours(starts[0], starts[-1])}
    repeated = [each for each in starts if is_repeated(each * MICROS)]
    missing = [each for each in starts if is_missing(each * MICROS)]
    assert len(repeated) == len(missing) == 1
    assert [each for each, state in states.items() if state == "repeated"] == repeated
    assert [each for each, state in states.items() if state == "missing"] == missing


def test_hours_that_stand_out_come_newest_first_and_those_left_out_are_counted() -> None:
    totals = steady("2018-06-04T00:00", 6 * 168)
    for hour in ("2018-07-03T10:00", "2018-07-04T22:00", "2018-07-04T23:00"):
        totals = with_calls(totals, hour, 300)
    found = totals.stand_outs(wall_s("2018-07-02T00:00"), wall_s("2018-07-09T00:00"), most=2)
    assert [each.start_s for each in found.hours] == [
        wall_s("2018-07-04T23:00"),
        wall_s("2018-07-04T22:00"),
    ]
    assert found.left_out == 1
    assert found.compared == 168


def test_only_hours_with_a_usual_value_are_said_to_be_compared() -> None:
    totals = steady("2018-06-04T00:00", 4 * 168)
    found = totals.stand_outs(wall_s("2018-06-01T00:00"), wall_s("2018-08-01T00:00"), most=2)
    # The fourth week, without its first hour (the count's own first hour is not known) and
    # without the newest one.
    assert found.compared == 166
