"""What is usual for an hour of the week; compared with plain Python over invented hours."""

from __future__ import annotations

import math
import random
from statistics import median, quantiles

import numpy as np
import pytest

from sfcrime.statistics.usual import UsualHours, stand_outs, usual_hours

WEEK = 168


def usual_of(weeks: list[int], *, known: list[bool] | None = None) -> UsualHours:
    """Of the one hour after `weeks`, which holds the same hour of the weeks before, oldest first;
    all other hours have 1000 calls."""
    calls = np.full(len(weeks) * WEEK + 1, 1000)
    calls[: len(weeks) * WEEK : WEEK] = weeks
    is_known = np.ones(len(calls), np.bool_)
    if known is not None:
        is_known[: len(weeks) * WEEK : WEEK] = known
    return usual_hours(calls, is_known, len(calls) - 1, len(calls))


def test_the_usual_value_is_median_and_quartiles_of_the_eight_weeks_before() -> None:
    usual = usual_of([10, 80, 20, 70, 30, 60, 40, 50])
    assert (usual.median[0], usual.low[0], usual.high[0], usual.n[0]) == (45.0, 27.5, 62.5, 8)


def test_a_ninth_week_plays_no_part() -> None:
    usual = usual_of([99_999, 10, 80, 20, 70, 30, 60, 40, 50])
    assert (usual.median[0], usual.low[0], usual.high[0], usual.n[0]) == (45.0, 27.5, 62.5, 8)


def test_the_hour_itself_and_what_comes_after_it_play_no_part() -> None:
    calls = np.full(5 * WEEK, 10)
    calls[3 * WEEK] = 7000
    calls[4 * WEEK] = 9000
    usual = usual_hours(calls, np.ones(len(calls), np.bool_), 3 * WEEK, 3 * WEEK + 1)
    assert (usual.median[0], usual.low[0], usual.high[0], usual.n[0]) == (10.0, 10.0, 10.0, 3)


def test_weeks_that_are_not_known_are_left_out() -> None:
    usual = usual_of([10, 0, 20, 0, 30], known=[True, False, True, False, True])
    assert (usual.median[0], usual.low[0], usual.high[0], usual.n[0]) == (20.0, 15.0, 25.0, 3)


@pytest.mark.parametrize("weeks", [[], [10], [10, 20]])
def test_fewer_than_three_weeks_make_no_usual_value(weeks: list[int]) -> None:
    usual = usual_of(weeks)
    assert math.isnan(usual.median[0])
    assert usual.n[0] == len(weeks)


def test_every_hour_agrees_with_plain_python() -> None:
    chance = random.Random(1)
    calls = [chance.randrange(200) for _ in range(12 * WEEK)]
    known = [chance.random() < 0.7 for _ in calls]
    usual = usual_hours(np.array(calls), np.array(known), 0, len(calls))
    for place in range(len(calls)):
        weeks = [place - week * WEEK for week in range(1, 9)]
        values = [calls[each] for each in weeks if each >= 0 and known[each]]
        assert usual.n[place] == len(values)
        if len(values) < 3:
            assert math.isnan(usual.low[place])
            continue
        low, _, high = quantiles(values, n=4, method="inclusive")
        found = (usual.median[place], usual.low[place], usual.high[place])
        assert found == pytest.approx((median(values), low, high))


def test_a_part_of_the_hours_has_the_values_it_has_in_the_whole() -> None:
    calls = np.random.default_rng(1).poisson(60, 10 * WEEK)
    known = np.ones(len(calls), np.bool_)
    whole = usual_hours(calls, known, 0, len(calls))
    part = usual_hours(calls, known, 1400, 1500)
    assert part.median.tolist() == whole.median[1400:1500].tolist()


def test_a_very_long_count_is_worked_through_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = np.random.default_rng(1).poisson(60, 10 * WEEK)
    known = np.ones(len(calls), np.bool_)
    whole = usual_hours(calls, known, 0, len(calls))
    monkeypatch.setattr("sfcrime.statistics.usual._HOURS_AT_ONCE", 100)
    in_parts = usual_hours(calls, known, 0, len(calls))
    assert np.array_equal(in_parts.high, whole.high, equal_nan=True)
    assert in_parts.n.tolist() == whole.n.tolist()


def sides(calls: list[int], *, median: float, low: float, high: float) -> list[int]:
    ones = np.ones(len(calls))
    usual = UsualHours(median * ones, low * ones, high * ones, np.full(len(calls), 8))
    return stand_outs(np.array(calls), usual).tolist()


def test_an_hour_stands_out_from_four_square_roots_of_the_median_on() -> None:
    # The fences are 97 to 103, four times the root of 100 is 40.
    calls = [59, 60, 61, 100, 139, 140, 141]
    assert sides(calls, median=100, low=99.25, high=100.75) == [-1, -1, 0, 0, 0, 1, 1]


def test_an_hour_within_the_fences_does_not_stand_out() -> None:
    # The fences are 20 to 180, and belong to the inside.
    calls = [19, 20, 21, 100, 179, 180, 181]
    assert sides(calls, median=100, low=80, high=120) == [-1, 0, 0, 0, 0, 0, 1]


def test_an_hour_less_than_ten_calls_away_does_not_stand_out() -> None:
    assert sides([0, 1, 9, 10, 11], median=0, low=0, high=0) == [0, 0, 0, 1, 1]


def test_nothing_stands_out_where_nothing_is_usual() -> None:
    assert sides([0, 5000], median=math.nan, low=math.nan, high=math.nan) == [0, 0]


def test_calls_that_come_by_chance_alone_hardly_ever_stand_out() -> None:
    calls = np.random.default_rng(5).poisson(85, 60 * WEEK)
    usual = usual_hours(calls, np.ones(len(calls), np.bool_), 0, len(calls))
    found = stand_outs(calls, usual)
    assert 0 < np.count_nonzero(found) < len(calls) // 1000
