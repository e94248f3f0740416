"""Rollups of a handful of cells; every sum is written out."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfcrime.statistics.rollups import (
    Dimension,
    Every,
    Folded,
    Row,
    fold,
    rollup,
    seams,
    start_of,
    total,
    unofficial_calls,
)
from sfcrime.store.records import CellCount

TYPE, DISPOSITION = Dimension.TYPE, Dimension.DISPOSITION
EPOCH = datetime(1970, 1, 1)


def us(wall: str) -> int:
    return int((datetime.fromisoformat(wall) - EPOCH).total_seconds()) * 1_000_000


SUNDAY_23 = us("2018-10-07T23:00")
MONDAY_00 = us("2018-10-08T00:00")
MONDAY_01 = us("2018-10-08T01:30")

CELLS = [
    CellCount(SUNDAY_23, "Passing Call", "HAN", 5),
    CellCount(SUNDAY_23, "22500e", "CIT", 4),
    CellCount(MONDAY_00, "Traf Violation Cite", "CIT", 2),
    CellCount(MONDAY_00, "Passing Call", "22", 1),
    CellCount(MONDAY_01, "Passing Call", "CAN", 2),
    CellCount(MONDAY_01, "Zzz Not A Type", "OTS", 1),
]


def test_radio_codes_join_their_standard_type_and_notes_stay_as_they_are() -> None:
    assert rollup(CELLS, by={TYPE}, every=Every.ALL, raw=False) == [
        Row(None, "Passing Call", None, 8),
        Row(None, "Traf Violation Cite", None, 6),
        Row(None, "Zzz Not A Type", None, 1),
    ]


def test_raw_labels_are_kept_apart_on_request() -> None:
    assert rollup(CELLS, by={TYPE}, every=Every.ALL, raw=True) == [
        Row(None, "Passing Call", None, 8),
        Row(None, "22500e", None, 4),
        Row(None, "Traf Violation Cite", None, 2),
        Row(None, "Zzz Not A Type", None, 1),
    ]


def test_both_codes_of_a_cancelled_call_are_merged_unless_raw() -> None:
    assert rollup(CELLS, by={DISPOSITION}, every=Every.ALL, raw=False) == [
        Row(None, None, "CIT", 6),
        Row(None, None, "HAN", 5),
        Row(None, None, "CAN", 3),
        Row(None, None, "OTS", 1),
    ]
    raw = rollup(CELLS, by={DISPOSITION}, every=Every.ALL, raw=True)
    assert [(row.disposition, row.calls) for row in raw][2:] == [("CAN", 2), ("22", 1), ("OTS", 1)]


def test_a_week_begins_on_monday_and_is_labelled_by_it() -> None:
    assert rollup(CELLS, by=(), every=Every.WEEK, raw=False) == [
        Row(us("2018-10-01"), None, None, 9),
        Row(us("2018-10-08"), None, None, 6),
    ]


def test_days_hours_and_windows_begin_at_their_start() -> None:
    assert rollup(CELLS, by=(), every=Every.DAY, raw=False) == [
        Row(us("2018-10-07"), None, None, 9),
        Row(us("2018-10-08"), None, None, 6),
    ]
    hours = rollup(CELLS, by=(), every=Every.HOUR, raw=False)
    assert [row.window_us for row in hours] == [SUNDAY_23, MONDAY_00, us("2018-10-08T01:00")]
    windows = rollup(CELLS, by=(), every=Every.WINDOW, raw=False)
    assert [row.window_us for row in windows] == [SUNDAY_23, MONDAY_00, MONDAY_01]


def test_rows_of_a_span_are_ordered_by_calls_then_label() -> None:
    cells = [
        CellCount(MONDAY_00, "Bbb", "HAN", 1),
        CellCount(MONDAY_00, "Aaa", "HAN", 1),
        CellCount(MONDAY_00, "Ccc", "HAN", 2),
        CellCount(SUNDAY_23, "Ddd", "HAN", 1),
    ]
    rows = rollup(cells, by={TYPE}, every=Every.HOUR, raw=True)
    assert [row.call_type for row in rows] == ["Ddd", "Ccc", "Aaa", "Bbb"]


def test_folding_keeps_the_largest_types_of_all_spans_and_the_total() -> None:
    rows = rollup(CELLS, by={TYPE}, every=Every.DAY, raw=False)
    assert fold(rows, top=1) == Folded(
        rows=[
            Row(us("2018-10-07"), "Passing Call", None, 5),
            Row(us("2018-10-07"), "other types", None, 4),
            Row(us("2018-10-08"), "Passing Call", None, 3),
            Row(us("2018-10-08"), "other types", None, 3),
        ],
        dimension=TYPE,
        into="other types",
        labels=2,
        calls=7,
    )


def test_folding_types_keeps_dispositions_apart() -> None:
    rows = rollup(CELLS, by={TYPE, DISPOSITION}, every=Every.ALL, raw=False)
    assert fold(rows, top=1).rows == [
        Row(None, "Passing Call", "HAN", 5),
        Row(None, "Passing Call", "CAN", 3),
        Row(None, "other types", "CIT", 6),
        Row(None, "other types", "OTS", 1),
    ]


def test_folding_dispositions_where_there_are_no_types() -> None:
    rows = rollup(CELLS, by={DISPOSITION}, every=Every.ALL, raw=False)
    assert fold(rows, top=3) == Folded(
        rows=[
            Row(None, None, "CIT", 6),
            Row(None, None, "HAN", 5),
            Row(None, None, "CAN", 3),
            Row(None, None, "other dispositions", 1),
        ],
        dimension=DISPOSITION,
        into="other dispositions",
        labels=1,
        calls=1,
    )


def test_nothing_is_folded_where_there_is_nothing_more() -> None:
    rows = rollup(CELLS, by={DISPOSITION}, every=Every.ALL, raw=False)
    assert fold(rows, top=4) == Folded(rows, DISPOSITION, "other dispositions", 0, 0)


def test_calls_with_codes_outside_the_official_table_are_counted() -> None:
    assert unofficial_calls(CELLS) == 1


REPEATED, MISSING = us("2018-11-04T01:00"), us("2019-03-10T02:00")


def test_the_hour_shown_twice_and_the_hour_left_out_are_named() -> None:
    cells = [
        CellCount(us("2018-11-04T00:00"), "A", "HAN", 1),
        CellCount(REPEATED, "A", "HAN", 2),
        CellCount(MISSING, "A", "HAN", 1),
    ]
    rows = rollup(cells, by=(), every=Every.HOUR, raw=False)
    assert seams(rows, Every.HOUR) == ([REPEATED], [MISSING])
    assert seams(rollup(cells, by=(), every=Every.DAY, raw=False), Every.DAY) == ([], [])


def test_the_hour_left_out_has_no_row_where_it_has_no_call() -> None:
    cells = [
        CellCount(us("2019-03-10T01:00"), "A", "HAN", 1),
        CellCount(us("2019-03-10T03:00"), "A", "HAN", 1),
    ]
    rows = rollup(cells, by={TYPE}, every=Every.HOUR, raw=False)
    assert [row.window_us for row in rows] == [us("2019-03-10T01:00"), us("2019-03-10T03:00")]


@pytest.mark.parametrize(
    ("every", "start"),
    [
        (Every.ALL, None),
        (Every.WINDOW, us("2024-02-29T13:45")),
        (Every.HOUR, us("2024-02-29T13:00")),
        (Every.DAY, us("2024-02-29")),
        (Every.WEEK, us("2024-02-26")),
    ],
)
def test_a_leap_day_falls_into_its_spans(every: Every, start: int | None) -> None:
    assert start_of(us("2024-02-29T13:45"), every) == start


cell_counts = st.builds(
    CellCount,
    st.integers(0, 2_000).map(lambda hours: SUNDAY_23 + hours * 3_600_000_000),
    st.sampled_from(["Passing Call", "22500e", "DW", "Poss", "other types"]),
    st.sampled_from(["22", "CAN", "HAN", "OTS"]),
    st.integers(1, 50),
)


@given(
    st.lists(cell_counts, max_size=30),
    st.sets(st.sampled_from(Dimension)),
    st.sampled_from(Every),
    st.booleans(),
    st.integers(1, 5),
)
def test_no_rollup_and_no_folding_ever_changes_the_total(
    cells: list[CellCount], by: set[Dimension], every: Every, raw: bool, top: int
) -> None:
    expected = sum(cell.calls for cell in cells)
    rows = rollup(cells, by=by, every=every, raw=raw)
    assert total(rows) == expected
    assert total(fold(rows, top).rows) == expected
