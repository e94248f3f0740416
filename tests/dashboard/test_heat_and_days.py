"""Calls by weekday and hour, and by day: what counts as an hour that went by."""

from __future__ import annotations

from pathlib import Path

import pytest

from api_samples import cell, seen_of
from sfcrime.dashboard.answers.records import Day
from sfcrime.dashboard.memory.seen import Seen
from sfcrime.dashboard.questions.parameters import FilteredForm
from sfcrime.dashboard.questions.times import days_of, heat_of

MONDAY, TUESDAY, SATURDAY, SUNDAY = 0, 1, 5, 6


def test_heat_adds_hours_of_a_weekday_up_and_tells_how_many_there_were(tmp_path: Path) -> None:
    # Three Mondays at 9 o'clock: 4, 6 and 0 calls, the last on a day with a call at 7.
    seen = seen_of(
        tmp_path,
        cell("2018-10-01T00:00", "Alarm", "HAN", 1),
        cell("2018-10-01T09:00", "Alarm", "HAN", 4),
        cell("2018-10-08T09:00", "Passing Call", "HAN", 6),
        cell("2018-10-15T07:00", "Alarm", "HAN", 2),
        cell("2018-10-15T10:00", "Alarm", "HAN", 50),
    )

    found = heat_of(seen, FilteredForm())

    assert (found.since, found.until) == ("2018-10-01T01:00:00", "2018-10-15T10:00:00")
    assert [len(found.calls), *{len(row) for row in found.calls}] == [7, 24]
    assert (found.calls[MONDAY][9], found.hours[MONDAY][9]) == (10, 3)
    assert (found.calls[MONDAY][7], found.hours[MONDAY][7]) == (2, 3)
    # The hours of the first and of the newest call may have been counted in part.
    assert (found.calls[MONDAY][0], found.hours[MONDAY][0]) == (0, 2)
    assert (found.calls[MONDAY][10], found.hours[MONDAY][10]) == (0, 2)
    # Days without any call were not counted.
    assert found.hours[TUESDAY] == [0] * 24


def test_heat_of_a_category_and_of_a_type_has_their_calls_alone(tmp_path: Path) -> None:
    seen = seen_of(
        tmp_path,
        cell("2018-10-01T00:00", "Alarm", "HAN", 1),
        cell("2018-10-01T09:00", "Alarm", "HAN", 4),
        cell("2018-10-01T09:00", "22500e", "CIT", 8),
        cell("2018-10-01T09:00", "586", "CIT", 16),
        cell("2018-10-01T10:00", "Alarm", "HAN", 1),
    )

    of_category = heat_of(seen, FilteredForm(category="Traffic and parking"))
    of_type = heat_of(seen, FilteredForm(type="Traf Violation Cite"))

    assert of_category.calls[MONDAY][9] == 24
    assert of_type.calls[MONDAY][9] == 8
    assert of_category.hours[MONDAY][9] == of_type.hours[MONDAY][9] == 1


def test_the_hour_that_november_repeats_is_two_hours(tmp_path: Path) -> None:
    seen = seen_of(
        tmp_path,
        cell("2018-11-03T00:00", "Alarm", "HAN", 1),
        cell("2018-11-04T01:00", "Alarm", "HAN", 30),
        cell("2018-11-04T02:00", "Alarm", "HAN", 10),
        cell("2018-11-04T05:00", "Alarm", "HAN", 1),
    )

    found = heat_of(seen, FilteredForm())

    assert (found.calls[SUNDAY][1], found.hours[SUNDAY][1]) == (30, 2)
    assert (found.calls[SUNDAY][2], found.hours[SUNDAY][2]) == (10, 1)
    assert (found.calls[SATURDAY][1], found.hours[SATURDAY][1]) == (0, 1)


def test_the_hour_that_march_leaves_out_is_none(tmp_path: Path) -> None:
    seen = seen_of(
        tmp_path,
        cell("2018-03-10T00:00", "Alarm", "HAN", 1),
        cell("2018-03-11T01:00", "Alarm", "HAN", 5),
        cell("2018-03-11T06:00", "Alarm", "HAN", 1),
    )

    found = heat_of(seen, FilteredForm())

    assert (found.calls[SUNDAY][2], found.hours[SUNDAY][2]) == (0, 0)
    assert (found.calls[SUNDAY][1], found.hours[SUNDAY][1]) == (5, 1)


def test_heat_of_a_count_of_one_hour_is_empty(tmp_path: Path) -> None:
    found = heat_of(seen_of(tmp_path, cell("2018-10-01T09:00", "Alarm", "HAN", 4)), FilteredForm())

    assert sum(map(sum, found.calls)) == sum(map(sum, found.hours)) == 0


@pytest.fixture
def four_days(tmp_path: Path) -> Seen:
    return seen_of(
        tmp_path,
        cell("2018-10-01T00:00", "Alarm", "HAN", 1),
        cell("2018-10-02T23:00", "Alarm", "HAN", 7),
        cell("2018-10-02T12:00", "Burglary", "REP", 2),
        cell("2018-10-04T23:00", "Alarm", "HAN", 3),
    )


def test_days_have_no_holes_and_the_first_and_last_are_not_complete(four_days: Seen) -> None:
    assert days_of(four_days, FilteredForm()).days == [
        Day(day="2018-10-01", calls=1, complete=False),
        Day(day="2018-10-02", calls=9, complete=True),
        Day(day="2018-10-03", calls=0, complete=True),
        Day(day="2018-10-04", calls=3, complete=False),
    ]


def test_a_day_of_which_a_part_is_asked_for_is_not_complete(four_days: Seen) -> None:
    form = FilteredForm(since="2018-10-02T13:00", until="2018-10-03T12:00")

    assert days_of(four_days, form).days == [
        Day(day="2018-10-02", calls=7, complete=False),
        Day(day="2018-10-03", calls=0, complete=False),
    ]


def test_days_of_a_category_have_its_calls_alone(four_days: Seen) -> None:
    found = days_of(four_days, FilteredForm(category="Property"))

    assert [each.calls for each in found.days] == [0, 2, 0, 0]
