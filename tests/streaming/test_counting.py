"""What the rows of a batch come to, over static Arrow tables."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pytest

from sfcrime.store.columns import CellColumns
from sfcrime.store.records import CellCount, LateRecord, RejectedRecord
from sfcrime.streaming.counting import BatchCounts, counts_of_batch
from sfcrime.streaming.intake import set_aside_identity

NINE_US = 1_538_470_800_000_000
"""2018-10-02T09:00:00 on the wall."""
MINUTE_US = 60_000_000
HOUR_US = 3_600_000_000

Row = tuple[int, int | None, int, str]
"""Identity, call time in microseconds, partition, label."""


def _counts(rows: Sequence[Row], window_minutes: int = 60, chunks: int = 1) -> BatchCounts:
    identity, call_us, partition, label = zip(*rows, strict=True) if rows else ((),) * 4
    table = pa.table(
        {
            "identity": pa.array(identity, pa.int64()),
            "call_time": pa.array(call_us, pa.int64()).cast(pa.timestamp("us", tz="UTC")),
            "partition": pa.array(partition, pa.int32()),
            "label": pa.array(label, pa.string()),
        }
    )
    size = max(1, len(rows) // chunks)
    parts = [table.slice(at, size) for at in range(0, len(rows), size)] or [table]
    return counts_of_batch(pa.concat_tables(parts), window_minutes)


def _cells(cells: CellColumns) -> list[CellCount]:
    columns = (cells.windows_us, cells.call_types, cells.dispositions, cells.calls)
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return sorted(CellCount(*row) for row in rows)


ROWS: list[Row] = [
    (1, NINE_US, 0, "Passing Call\x1fHAN"),
    (2, NINE_US + HOUR_US - 1, 0, "Passing Call\x1fHAN"),
    (3, NINE_US + HOUR_US, 1, "Passing Call\x1fHAN"),
    (4, NINE_US + 5 * MINUTE_US, 1, "Passing Call\x1fGOA"),
    (5, NINE_US + 5 * MINUTE_US, 0, "\x1f"),
    (6, NINE_US + 5 * MINUTE_US, 0, "Passing Call\x1f"),
    (7, NINE_US + 5 * MINUTE_US, 0, "\x1fHAN"),
    (set_aside_identity(0, 10), None, 0, "not-json"),
    (set_aside_identity(2, 0), None, 2, "from-the-future"),
    (set_aside_identity(1, 4_000_000_000), None, 1, "late 1538384400000000 1538989200001"),
    (8, NINE_US + 7 * MINUTE_US, 0, "Passing Call\x1fGOA"),
]


@pytest.mark.parametrize("chunks", [1, 2, 5, len(ROWS)])
def test_calls_are_counted_by_the_hour_they_fall_into_type_and_disposition(chunks: int) -> None:
    counts = _counts(ROWS, chunks=chunks)

    assert _cells(counts.cells) == [
        CellCount(NINE_US, "", "", 1),
        CellCount(NINE_US, "", "HAN", 1),
        CellCount(NINE_US, "Passing Call", "", 1),
        CellCount(NINE_US, "Passing Call", "GOA", 2),
        CellCount(NINE_US, "Passing Call", "HAN", 2),
        CellCount(NINE_US + HOUR_US, "Passing Call", "HAN", 1),
    ]
    assert counts.rejected == [
        RejectedRecord(0, 10, "not-json"),
        RejectedRecord(2, 0, "from-the-future"),
    ]
    assert counts.late == [LateRecord(1, 4_000_000_000, 1_538_384_400_000_000, 1_538_989_200_001)]
    assert counts.counted == 8
    assert counts.counted_by_partition == {0: 6, 1: 2}
    assert counts.newest_call_us == NINE_US + HOUR_US


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
    label = "Passing Call\x1fHAN"
    rows: list[Row] = [
        (1, NINE_US, 0, label),
        (2, NINE_US + 20 * MINUTE_US - 1, 0, label),
        (3, NINE_US + 60 * MINUTE_US - 1, 0, label),
        (4, NINE_US + 60 * MINUTE_US, 0, label),
    ]
    assert _cells(_counts(rows, window_minutes).cells) == [
        CellCount(NINE_US + start * MINUTE_US, "Passing Call", "HAN", calls)
        for start, calls in starts.items()
        if calls
    ]


def test_the_first_and_the_last_valid_moment_fall_into_their_windows() -> None:
    counts = _counts(
        [
            (1, 946_684_800_000_000, 0, "a\x1fb"),
            (2, 4_102_444_799_999_999, 0, "a\x1fb"),
        ]
    )
    assert [cell.window_us for cell in _cells(counts.cells)] == [
        946_684_800_000_000,
        4_102_441_200_000_000,
    ]


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
    counts = _counts([(n, NINE_US, 0, f"{label}\x1fX") for n, label in enumerate(labels)])
    assert {cell.call_type for cell in _cells(counts.cells)} == set(labels)
    assert counts.counted == 8


def test_a_batch_of_records_set_aside_has_no_cells_and_no_newest_call() -> None:
    counts = _counts([(set_aside_identity(0, 1), None, 0, "not-json")])
    assert _cells(counts.cells) == []
    assert counts.counted == 0
    assert counts.counted_by_partition == {}
    assert counts.newest_call_us is None


def test_a_batch_without_rows_comes_to_nothing() -> None:
    counts = _counts([])
    assert _cells(counts.cells) == []
    assert (counts.counted, counts.rejected, counts.late) == (0, [], [])
    assert counts.newest_call_us is None


def test_a_call_type_that_is_called_late_is_no_late_record() -> None:
    """Reasons and labels share a column: only the identity tells them apart."""
    counts = _counts([(1, NINE_US, 0, "late 1 2\x1fnot-json"), (2, NINE_US, 0, "not-json\x1f")])
    assert (counts.late, counts.rejected) == ([], [])
    assert {cell.call_type for cell in _cells(counts.cells)} == {"late 1 2", "not-json"}
