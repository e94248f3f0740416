"""Counting a topic in plain Python: cells, repeats, gaps, records set aside, conflicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_samples import (
    ACCOUNTING,
    ELEVEN_US,
    HOUR_US,
    LATE_CALL_US,
    NINE_US,
    PUBLISHED_MS,
    RECORDS,
    TEN_US,
    Counted,
    ListTopic,
    call,
    counted,
)
from sfcrime.audit.counting_rules import CountingRules
from sfcrime.audit.shares import OffsetRange
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import AccountingBroken
from sfcrime.kafka.consumer import TopicRecord
from sfcrime.store.records import CellCount, LateRecord, RejectedRecord

HOURLY = CountingRules(lateness_s=None, window_minutes=60)
WEEKLY_LATENESS = CountingRules(lateness_s=604_800, window_minutes=60)
RANGES = {0: OffsetRange(0, 11), 1: OffsetRange(10, 15)}


def _counted(
    records: Sequence[TopicRecord], rules: CountingRules = HOURLY, shares: int = 1
) -> Counted:
    ends: dict[int, int] = {}
    for record in records:
        ends[record.partition] = max(ends.get(record.partition, 0), record.offset + 1)
    ranges = {number: OffsetRange(0, end) for number, end in ends.items()}
    return counted(ListTopic(records).read, ranges, rules, shares)


def _record(
    partition: int,
    offset: int,
    *,
    call_id: str = "1",
    call_type: str = "Passing Call",
    call_time: str = "2018-10-02T09:11:00",
    disposition: str = "HAN",
) -> TopicRecord:
    value = call(call_id, call_type, call_time, disposition)
    return TopicRecord(partition, offset, PUBLISHED_MS, None, value)


def test_every_record_of_the_ranges_ends_as_exactly_one_outcome() -> None:
    count = counted(ListTopic().read, RANGES, WEEKLY_LATENESS)

    assert count.accounting == ACCOUNTING
    assert count.cells == [
        CellCount(NINE_US, "Passing Call", "HAN", 3),
        CellCount(TEN_US, "Passing Call", "GOA", 2),
        CellCount(TEN_US, "Traf Violation Cite", "CIT", 1),
        CellCount(ELEVEN_US, "Noise Nuisance", "HAN", 1),
    ]
    assert count.rejected == [
        RejectedRecord(0, 3, "not-json"),
        RejectedRecord(0, 7, "bad-call-id"),
        RejectedRecord(1, 13, "from-the-future"),
    ]
    assert count.late == [LateRecord(0, 5, LATE_CALL_US, PUBLISHED_MS)]
    assert [(each.call_id, each.choices) for each in count.conflicts] == [
        (
            7,
            (
                (0, CellCount(ELEVEN_US, "Noise Nuisance", "ABA", 1)),
                (1, CellCount(ELEVEN_US, "Noise Nuisance", "REP", 1)),
            ),
        )
    ]


def test_with_the_rule_off_nothing_is_late_and_nothing_is_from_the_future() -> None:
    count = counted(ListTopic().read, RANGES, HOURLY)

    assert count.accounting == Accounting(
        read=15, counted=10, duplicate=3, late=0, rejected=2, gaps=1
    )


def test_gaps_are_counted_by_partition_also_at_both_ends() -> None:
    ranges = {0: OffsetRange(5, 20), 3: OffsetRange(0, 4)}

    topic = ListTopic([_record(0, 7), _record(0, 12, call_id="2")])

    count = counted(topic.read, ranges, HOURLY)

    assert {number: part.gaps for number, part in count.partitions.items()} == {0: 13, 3: 4}


def test_the_first_copy_in_its_partition_counts() -> None:
    count = _counted([_record(0, 0, disposition="HAN"), _record(0, 1, disposition="GOA")])

    assert count.conflicts == []
    assert count.cells == [CellCount(NINE_US, "Passing Call", "HAN", 1)]
    assert count.accounting == Accounting(read=2, counted=1, duplicate=1)


def test_the_same_id_at_another_time_is_another_call() -> None:
    count = _counted([_record(0, 0), _record(0, 1, call_time="2018-10-02T09:11:00.000001")])

    assert count.accounting == Accounting(read=2, counted=2)


def test_an_id_and_a_time_are_never_taken_for_another_pair() -> None:
    largest = "9" * 18
    records = [
        _record(0, 0, call_id=largest, call_time="2099-12-31T23:59:59.999999"),
        _record(0, 1, call_id=largest, call_time="2000-01-01T00:00:00"),
        _record(0, 2, call_id="0", call_time="2099-12-31T23:59:59.999999"),
        _record(0, 3, call_id="0", call_time="2000-01-01T00:00:00"),
        _record(0, 4, call_id="1", call_time="2000-01-01T00:00:00"),
        _record(0, 5, call_id="1", call_time="2099-12-31T23:59:59.999999"),
    ]

    assert _counted(records).accounting == Accounting(read=6, counted=6)


def test_equal_copies_in_two_partitions_are_no_conflict() -> None:
    count = _counted([_record(0, 0), _record(1, 0), _record(2, 0, call_type=" Passing  Call")])

    assert count.conflicts == []
    assert count.accounting == Accounting(read=3, counted=1, duplicate=2)
    assert {n: (p.identities, p.shared) for n, p in count.partitions.items()} == {
        0: (1, 1),
        1: (1, 1),
        2: (1, 1),
    }


def test_a_later_copy_in_the_same_partition_offers_no_choice() -> None:
    records = [
        _record(0, 0, disposition="HAN"),
        _record(1, 0, disposition="HAN"),
        _record(1, 1, disposition="GOA"),
        _record(0, 1, disposition="ADV"),
    ]

    assert _counted(records).conflicts == []


def test_a_late_copy_is_late_and_no_duplicate() -> None:
    on_time = _record(0, 0)
    late = on_time._replace(offset=1, timestamp_ms=PUBLISHED_MS + 8 * 86_400_000)

    count = _counted([late._replace(offset=0), on_time._replace(offset=1)], WEEKLY_LATENESS)

    assert count.accounting == Accounting(read=2, counted=1, late=1)


@pytest.mark.parametrize(
    "window_minutes, start_us",
    [(60, NINE_US), (30, NINE_US), (10, NINE_US + HOUR_US // 6), (1, NINE_US + 660_000_000)],
)
def test_a_window_is_counted_from_midnight_on_the_wall(window_minutes: int, start_us: int) -> None:
    count = _counted([_record(0, 0)], CountingRules(None, window_minutes))

    assert [cell.window_us for cell in count.cells] == [start_us]


def test_the_hour_that_november_repeats_is_one_cell() -> None:
    records = [
        _record(0, 0, call_id="1", call_time="2018-11-04T01:10:00"),
        _record(0, 1, call_id="2", call_time="2018-11-04T01:50:00"),
    ]

    # 2018-11-04T01:00:00 on the wall.
    assert _counted(records).cells == [CellCount(1_541_293_200_000_000, "Passing Call", "HAN", 2)]


def test_cells_come_in_code_point_order_as_the_store_orders_text() -> None:
    labels = ["b", "a", "B", "", "é", "\ufb01", "\U0001f600", "a b"]
    records = [_record(0, n, call_id=str(n), call_type=label) for n, label in enumerate(labels)]

    assert [cell.call_type for cell in _counted(records).cells] == [
        "",
        "B",
        "a",
        "a b",
        "b",
        "é",
        "\ufb01",
        "\U0001f600",
    ]


@pytest.mark.parametrize("offsets", [(0, 0), (1, 0)], ids=["twice", "backwards"])
def test_a_partition_read_out_of_order_stops_the_count(offsets: tuple[int, int]) -> None:
    records = [_record(0, offset) for offset in offsets]

    with pytest.raises(AccountingBroken, match="Partition 0 was read out of order: offset 0"):
        counted(ListTopic(records).read, {0: OffsetRange(0, 2)}, HOURLY)


def _too_far(*_: object, **__: object) -> Iterator[list[TopicRecord]]:
    yield [_record(0, 2)]


def test_an_offset_behind_the_range_stops_the_count() -> None:
    with pytest.raises(AccountingBroken, match=r"offset 2, where one of \[0, 2\) was due"):
        counted(_too_far, {0: OffsetRange(0, 2)}, HOURLY)


@given(st.randoms(use_true_random=False))
def test_the_count_does_not_depend_on_how_partitions_are_mixed_and_offsets_dealt_out(
    random: Random,
) -> None:
    queues = {
        number: [record for record in RECORDS if record.partition == number] for number in (0, 1)
    }
    mixed = []
    while any(queues.values()):
        number = random.choice([n for n, queue in queues.items() if queue])
        mixed.append(queues[number].pop(0))

    ranges = {0: OffsetRange(0, 12), 1: OffsetRange(10, 15)}
    count = counted(ListTopic(mixed).read, ranges, WEEKLY_LATENESS, random.randint(1, 20))

    assert len(count.conflicts) == 1
    assert count.cells == [
        CellCount(NINE_US, "Passing Call", "HAN", 3),
        CellCount(TEN_US, "Passing Call", "GOA", 2),
        CellCount(TEN_US, "Traf Violation Cite", "CIT", 1),
        CellCount(ELEVEN_US, "Noise Nuisance", "HAN", 1),
        CellCount(ELEVEN_US, "Passing Call", "HAN", 1),
    ]
    assert count.accounting == Accounting(
        read=16, counted=9, duplicate=3, late=1, rejected=3, gaps=1
    )
