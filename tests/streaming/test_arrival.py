"""A batch is put together from its packets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from batch_samples import HAN, NINE_US, PUBLISHED_MS, call, late, packet, read_batch, rejected

from sfcrime.streaming.arrival import judged_records
from sfcrime.streaming.read_batch import Planned, gaps

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
    planned = {**batch.planned, 2: Planned(7, 9)}
    scan = replace(batch.scan, planned=planned)
    found = judged_records(
        replace(batch, packets=[*batch.packets, packet([], task=len(batch.packets))], scan=scan)
    )
    assert len(found) == 6


def test_gaps_are_the_offsets_that_hold_no_record() -> None:
    assert gaps([Planned(5, 8), Planned(12, 16), Planned(3, 3)], 6) == 1
