"""Bounds to draw by."""

from __future__ import annotations

from bisect import bisect_right

from sfcrime.sources.city_tables import (
    COUNT_BITS,
    DISPOSITION_CODES,
    OTHER_TYPE,
    TYPE_LABELS,
    bounds_of,
    call_count_bounds,
    disposition_bounds_by_type,
    type_bounds_by_hour,
)

HIGHEST_DRAW = 2**32 - 1


def test_weights_divide_the_draws_in_proportion() -> None:
    assert bounds_of([1, 1, 2]) == [2**30, 2**31]
    assert [bisect_right(bounds_of([1, 1, 2]), draw) for draw in (0, 2**30 - 1, 2**30, 2**31)] == [
        0,
        0,
        1,
        2,
    ]


def test_a_weight_of_zero_is_never_drawn_and_the_last_never_overrun() -> None:
    bounds = bounds_of([0, 3, 0, 1])
    drawn = {bisect_right(bounds, draw) for draw in (0, 1, 2**31, 3 * 2**30 - 1, HIGHEST_DRAW)}
    assert drawn == {1, 3}


def test_every_draw_has_a_type_and_a_disposition() -> None:
    for bounds in type_bounds_by_hour():
        assert bounds == sorted(bounds)
        assert bisect_right(bounds, HIGHEST_DRAW) == OTHER_TYPE == 60
    for bounds in disposition_bounds_by_type():
        assert bisect_right(bounds, HIGHEST_DRAW) < len(DISPOSITION_CODES) == 28
    assert len(TYPE_LABELS) == 60


def test_the_number_of_calls_is_the_same_to_the_last_bit_on_every_machine() -> None:
    bounds = call_count_bounds(17)  # Monday 17:00, 150.62 calls
    assert bounds == sorted(bounds)
    assert bounds[-1] <= 2**COUNT_BITS
    assert (len(bounds), bounds[100], bounds[150], bounds[200]) == (
        334,
        15463322907222,
        4597260186706261,
        8951065656232351,
    )
    assert bisect_right(bounds, 2**52) == 150  # the median


def test_no_hour_of_the_week_is_without_a_table() -> None:
    for hour in range(168):
        bounds = call_count_bounds(hour)
        assert 2**COUNT_BITS - bounds[-1] < 2**20  # what is left over is no chance at all
