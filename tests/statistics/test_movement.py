"""The trend of the commonest types; every count is written out."""

from __future__ import annotations

from datetime import datetime

from sfcrime.statistics.movement import Movement, movement
from sfcrime.store.records import CellCount

HOUR = 3_600_000_000
TEN = int((datetime(2018, 10, 2, 10) - datetime(1970, 1, 1)).total_seconds()) * 1_000_000


def moved(cells: list[CellCount], *, windows: int = 4, top: int = 2) -> list[Movement]:
    return movement(cells, window_minutes=60, windows=windows, top=top)


def test_types_are_ranked_over_the_windows_and_codes_join_their_type() -> None:
    cells = [
        CellCount(TEN - 2 * HOUR, "Traf Violation Cite", "", 20),
        CellCount(TEN - HOUR, "22500e", "", 20),
        CellCount(TEN - HOUR, "Traf Violation Cite", "", 5),
        CellCount(TEN, "Passing Call", "", 3),
        CellCount(TEN, "Noise Nuisance", "", 1),
    ]
    assert moved(cells) == [
        Movement("Traf Violation Cite", 45, (0, 20, 25, 0), 0.25),
        Movement("Passing Call", 3, (0, 0, 0, 3), None),
    ]


def test_no_change_is_stated_from_fewer_than_twenty_calls() -> None:
    cells = [
        CellCount(TEN - 2 * HOUR, "Passing Call", "", 19),
        CellCount(TEN - HOUR, "Passing Call", "", 38),
        CellCount(TEN, "Passing Call", "", 1),
    ]
    assert moved(cells)[0].change is None


def test_the_window_still_filling_is_never_compared() -> None:
    cells = [
        CellCount(TEN - 2 * HOUR, "Passing Call", "", 40),
        CellCount(TEN - HOUR, "Passing Call", "", 40),
        CellCount(TEN, "Passing Call", "", 1),
    ]
    assert moved(cells)[0].change == 0.0
    assert moved(cells, windows=2)[0].change is None


def test_windows_before_the_first_shown_are_left_out() -> None:
    cells = [
        CellCount(TEN - 9 * HOUR, "Passing Call", "", 500),
        CellCount(TEN, "Passing Call", "", 1),
    ]
    assert moved(cells) == [Movement("Passing Call", 1, (0, 0, 0, 1), None)]


def test_the_hour_the_clock_left_out_is_no_zero() -> None:
    three = int((datetime(2019, 3, 10, 3) - datetime(1970, 1, 1)).total_seconds()) * 1_000_000
    cells = [
        CellCount(three - 2 * HOUR, "Passing Call", "", 30),
        CellCount(three, "Passing Call", "", 2),
    ]
    assert moved(cells, windows=3) == [Movement("Passing Call", 32, (30, None, 2), None)]


def test_no_cells_move_nothing() -> None:
    assert moved([]) == []
