"""A batch is put together from its packets, and what does not arrive whole is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from batch_samples import HAN, NINE_US, PUBLISHED_MS, Row, call, late, packet, read_batch, rejected
from hypothesis import given
from hypothesis import strategies as st

from sfcrime.errors import AccountingBroken
from sfcrime.streaming.arrival import Planned, gaps, judged_records

ROWS = [
    call(1, 12, 3),
    rejected(1, 13),
    call(1, 15, 4, NINE_US + 1, "Other\x1f22"),
    call(0, 5, 1),
    late(0, 6, NINE_US - 8),
    call(0, 7, 2),
]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_records_stand_by_partition_and_offset_however_they_were_packed(size: int) -> None:
    batch = read_batch(ROWS, size=size)
    records = judged_records(replace(batch, packets=batch.packets[::-1]))

    assert records.partition.tolist() == [0, 0, 0, 1, 1, 1]
    assert records.offset.tolist() == [5, 6, 7, 12, 13, 15]
    assert records.is_valid.tolist() == [True, False, True, True, False, True]
    assert records.call_id.tolist() == [1, 0, 2, 3, 0, 4]
    assert records.call_us.tolist() == [NINE_US, NINE_US - 8, NINE_US, NINE_US, 0, NINE_US + 1]
    assert records.published_ms.tolist() == [PUBLISHED_MS] * 6
    assert [records.labels[code] for code in records.label] == [
        HAN,
        "late",
        HAN,
        HAN,
        "not-json",
        "Other\x1f22",
    ]


def test_a_batch_of_offsets_without_a_record_has_none() -> None:
    records = judged_records(read_batch([], {0: (5, 8)}))
    assert (len(records), list(records.labels)) == (0, [])


def test_a_packet_without_records_is_passed_over() -> None:
    batch = read_batch(ROWS)
    assert len(judged_records(replace(batch, packets=[*batch.packets, packet([])]))) == 6


def test_gaps_are_the_offsets_that_hold_no_record() -> None:
    assert gaps([Planned(5, 8), Planned(12, 16), Planned(3, 3)], 6) == 1


@pytest.mark.parametrize(
    "rows, said",
    [
        (ROWS[1:], "6 records were scanned, 5 arrived"),
        ([*ROWS, ROWS[-1]], "6 records were scanned, 7 arrived"),
        ([*ROWS[:-1], ROWS[-2]], "offset 6 of partition 0 arrived after 6"),
        ([*ROWS[:2], ROWS[0], *ROWS[3:]], "offset 12 of partition 1 arrived after 13"),
        ([*ROWS[:-1], call(0, 8, 2)], "offsets 5 to 8 of partition 0 arrived, 5 to 7 were"),
        ([call(1, 11, 3), *ROWS[1:]], "offsets 11 to 15 of partition 1 arrived, 12 to 15 were"),
        ([*ROWS[:-1], call(2, 0, 2)], "offsets 0 to 0 of partition 2 arrived, 0 to -1 were"),
    ],
    ids=[
        "lost",
        "doubled",
        "one lost, its neighbour doubled",
        "one lost, another doubled out of order",
        "behind the range",
        "before the range",
        "a partition that was not read",
    ],
)
def test_a_record_lost_doubled_or_from_elsewhere_is_refused(rows: Sequence[Row], said: str) -> None:
    whole = read_batch(ROWS)
    with pytest.raises(AccountingBroken, match=said):
        judged_records(replace(read_batch(rows), planned=whole.planned, scanned=whole.scanned))


@given(st.data())
def test_no_row_lost_is_made_up_for_by_another_that_is_doubled(data: st.DataObject) -> None:
    lost = data.draw(st.integers(0, 5))
    doubled = data.draw(st.integers(0, 4))
    rows = [row for at, row in enumerate(ROWS) if at != lost]
    rows.insert(data.draw(st.integers(0, 5)), rows[doubled])
    whole = read_batch(ROWS)
    with pytest.raises(AccountingBroken):
        judged_records(replace(read_batch(rows), planned=whole.planned))
