"""What the judged records of a batch come to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from batch_samples import HAN, NINE_US, PUBLISHED_MS, Row, call, late, read_batch, rejected

from sfcrime.domain.outcomes import Accounting
from sfcrime.store.outcome import BatchOutcome, CellColumns
from sfcrime.store.records import CellCount, LateRecord, PartitionRange, RejectedRecord
from sfcrime.streaming.arrival import judged_records
from sfcrime.streaming.batch_outcome import outcome_of_batch, valid_identities

MINUTE_US = 60_000_000
HOUR_US = 3_600_000_000


def _outcome(
    rows: Sequence[Row],
    window_minutes: int = 60,
    repeats: Sequence[int] = (),
    size: int = 100,
) -> BatchOutcome:
    """Of a batch in which the valid records at these places, in order, are repeats."""
    batch = read_batch(rows, size=size)
    records = judged_records(batch)
    first_copies = np.ones(len(valid_identities(records)), bool)
    first_copies[list(repeats)] = False
    return outcome_of_batch(7, records, first_copies, batch.planned, window_minutes)


def _cells(cells: CellColumns) -> list[CellCount]:
    columns = (cells.windows_us, cells.call_types, cells.dispositions, cells.calls)
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return sorted(CellCount(*row) for row in rows)


ROWS = [
    call(0, 0, 1),
    call(0, 1, 2, NINE_US + HOUR_US - 1),
    call(0, 2, 5, NINE_US + 5 * MINUTE_US, "\x1f"),
    call(0, 3, 6, NINE_US + 5 * MINUTE_US, "Passing Call\x1f"),
    call(0, 4, 7, NINE_US + 5 * MINUTE_US, "\x1fHAN"),
    rejected(0, 10),
    call(0, 11, 8, NINE_US + 7 * MINUTE_US, "Passing Call\x1fGOA"),
    call(1, 4_000_000_000, 3, NINE_US + HOUR_US),
    call(1, 4_000_000_001, 4, NINE_US + 5 * MINUTE_US, "Passing Call\x1fGOA"),
    late(1, 4_000_000_002, NINE_US - 9),
    rejected(2, 0, "from-the-future"),
]


@pytest.mark.parametrize("size", [1, 2, 5, len(ROWS)])
def test_calls_are_counted_by_the_hour_they_fall_into_type_and_disposition(size: int) -> None:
    outcome = _outcome(ROWS, size=size)

    assert _cells(outcome.cells) == [
        CellCount(NINE_US, "", "", 1),
        CellCount(NINE_US, "", "HAN", 1),
        CellCount(NINE_US, "Passing Call", "", 1),
        CellCount(NINE_US, "Passing Call", "GOA", 2),
        CellCount(NINE_US, "Passing Call", "HAN", 2),
        CellCount(NINE_US + HOUR_US, "Passing Call", "HAN", 1),
    ]
    assert outcome.batch_id == 7
    assert outcome.rejected == [
        RejectedRecord(0, 10, "not-json"),
        RejectedRecord(2, 0, "from-the-future"),
    ]
    assert outcome.late == [LateRecord(1, 4_000_000_002, NINE_US - 9, PUBLISHED_MS)]
    assert outcome.ranges == [
        PartitionRange(partition=0, start=0, end=12, counted=6, late=0, rejected=1),
        PartitionRange(
            partition=1, start=4_000_000_000, end=4_000_000_003, counted=2, late=1, rejected=0
        ),
        PartitionRange(partition=2, start=0, end=1, counted=0, late=0, rejected=1),
    ]
    assert outcome.accounting == Accounting(read=11, counted=8, late=1, rejected=2, gaps=5)
    assert sorted(outcome.identities.call_ids.tolist()) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert outcome.newest_call_us == NINE_US + HOUR_US


def test_a_repeat_is_in_no_cell_and_in_no_identity() -> None:
    rows = [call(0, 0, 1), call(0, 1, 1), rejected(0, 2), call(1, 0, 1, label="Other\x1f22")]
    outcome = _outcome(rows, repeats=[1, 2])

    assert _cells(outcome.cells) == [CellCount(NINE_US, "Passing Call", "HAN", 1)]
    assert outcome.accounting == Accounting(read=4, counted=1, duplicate=2, rejected=1)
    assert [each.counted for each in outcome.ranges] == [1, 0]
    assert outcome.identities.call_ids.tolist() == [1]


@pytest.mark.parametrize(
    "window_minutes, starts",
    [
        (60, {0: 3, 60: 1}),
        (30, {0: 2, 30: 1, 60: 1}),
        (20, {0: 2, 20: 0, 40: 1, 60: 1}),
        (1, {0: 1, 19: 1, 59: 1, 60: 1}),
    ],
)
def test_windows_are_counted_from_midnight_on_the_wall(
    window_minutes: int, starts: dict[int, int]
) -> None:
    moments = (0, 20 * MINUTE_US - 1, 60 * MINUTE_US - 1, 60 * MINUTE_US)
    rows = [call(0, at, at, NINE_US + moment) for at, moment in enumerate(moments)]
    assert _cells(_outcome(rows, window_minutes).cells) == [
        CellCount(NINE_US + start * MINUTE_US, "Passing Call", "HAN", calls)
        for start, calls in starts.items()
        if calls
    ]


def test_the_first_and_the_last_valid_moment_fall_into_their_windows() -> None:
    rows = [call(0, 0, 1, 946_684_800_000_000), call(0, 1, 2, 4_102_444_799_999_999)]
    for minutes, last in ((60, 4_102_441_200_000_000), (1, 4_102_444_740_000_000)):
        cells = _cells(_outcome(rows, minutes).cells)
        assert [cell.window_us for cell in cells] == [946_684_800_000_000, last]


def test_types_that_look_alike_stay_apart() -> None:
    labels = [
        "Han",
        "HAN",
        "HAN\u00a0",
        "\u0130",
        "i\u0307",
        "Cafe\u0301",
        "Caf\u00e9",
        "\U0001f600",
    ]
    rows = [call(0, n, n, label=f"{label}\x1fX") for n, label in enumerate(labels)]
    outcome = _outcome(rows, size=3)
    assert {cell.call_type for cell in _cells(outcome.cells)} == set(labels)
    assert outcome.accounting.counted == 8


def test_a_batch_of_records_set_aside_has_no_cells_and_no_newest_call() -> None:
    outcome = _outcome([rejected(0, 1)])
    assert _cells(outcome.cells) == []
    assert (outcome.accounting.counted, len(outcome.identities)) == (0, 0)
    assert outcome.newest_call_us is None


def test_a_batch_of_gaps_alone_comes_to_gaps() -> None:
    batch = read_batch([], {0: (5, 8), 1: (3, 3)})
    outcome = outcome_of_batch(7, judged_records(batch), np.ones(0, bool), batch.planned, 60)
    assert outcome.accounting == Accounting(gaps=3)
    assert outcome.ranges == [
        PartitionRange(0, 5, 8, counted=0, late=0, rejected=0),
        PartitionRange(1, 3, 3, counted=0, late=0, rejected=0),
    ]
    assert _cells(outcome.cells) == []


def test_a_call_type_that_is_called_late_is_no_late_record() -> None:
    """Reasons and labels share a column: only a missing call id tells them apart."""
    outcome = _outcome(
        [call(0, 0, 1, label="late\x1fnot-json"), call(0, 1, 2, label="not-json\x1f")]
    )
    assert (outcome.late, outcome.rejected) == ([], [])
    assert {cell.call_type for cell in _cells(outcome.cells)} == {"late", "not-json"}
    assert HAN not in {cell.call_type for cell in _cells(outcome.cells)}
