"""What does not arrive as it was read is refused, wherever the query runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from batch_samples import NINE_US, Row, call, late, packet, read_batch, rejected
from hypothesis import given, settings
from hypothesis import strategies as st

from sfcrime.errors import AccountingBroken, ExecutorRefused
from sfcrime.streaming.arrival import judged_records
from sfcrime.streaming.packets import Packet, Tally
from sfcrime.streaming.read_batch import ReadBatch

ROWS = [
    call(0, 5, 1),
    late(0, 6, NINE_US - 8),
    rejected(0, 7),
    call(0, 9, 2),
    call(1, 12, 3),
    rejected(1, 13),
    call(1, 15, 4),
    call(4, 20, 5),
]
"""Of partition 0 two packets of two records; of partition 1 one of two, and one of one; of
partition 4 one."""
RANGES = {0: (5, 10), 1: (12, 16), 2: (3, 4), 3: (8, 8), 4: (20, 21)}
"""Partition 2 has an offset without a record, partition 3 nothing to read."""

Change = Callable[[list[Packet]], Sequence[Packet]]


def _batch(*, is_exact: bool = True, scanned: int = 8) -> ReadBatch:
    return read_batch(ROWS, RANGES, size=2, is_exact=is_exact, scanned=scanned)


def _with(batch: ReadBatch, change: Change) -> ReadBatch:
    return replace(batch, packets=change(list(batch.packets)))


def _tally(at: int, **fields: object) -> Change:
    """Changes the tally of one packet, and nothing of its records."""

    def change(packets: list[Packet]) -> list[Packet]:
        packets[at] = packets[at]._replace(tally=packets[at].tally._replace(**fields))  # type: ignore[arg-type]
        return packets

    return change


def _records(at: int, rows: Sequence[Row]) -> Change:
    """Puts other records under the tally of a packet."""

    def change(packets: list[Packet]) -> list[Packet]:
        packets[at] = packets[at]._replace(records=packet(rows).records)
        return packets

    return change


@pytest.mark.parametrize("is_exact, scanned", [(True, 8), (False, 8), (False, 5_000)])
def test_what_arrived_whole_is_taken_and_a_cluster_may_have_scanned_more(
    is_exact: bool, scanned: int
) -> None:
    records = judged_records(_batch(is_exact=is_exact, scanned=scanned))
    assert records.offset.tolist() == [5, 6, 7, 9, 12, 13, 15, 20]


@pytest.mark.parametrize("is_exact", [True, False], ids=["a local master", "a cluster"])
@pytest.mark.parametrize(
    "change, said",
    [
        (lambda all: all[1:], "packet 0 of partition 0 did not arrive"),
        (
            lambda all: [all[0], *all[2:]],
            r"as its last ones are marked \[\]",
        ),
        (lambda all: all[2:], "4 tasks were to read, and those that did are: 1, 2, 3"),
        (lambda all: all[:-1], "4 tasks were to read, and those that did are: 0, 1, 2"),
        (lambda all: [*all[:4], all[5], all[5]], "packet 0 of task 3 arrived twice"),
        (lambda all: [*all, all[1]], "packet 1 of partition 0 arrived twice"),
        (lambda all: [*all, *all[:2]], "packet 0 of partition 0 arrived twice"),
        (lambda all: [*all, all[-1]], "packet 0 of task 3 arrived twice"),
        (_tally(0, read=3), r"packet 0 of partition 0 says \(3, 1, 1, 0, 5, 6\), and holds \(2, 1"),
        (_tally(0, read=0), r"says \(0, 1, 1, 0, 5, 6\), and holds \(2, 1, 1, 0, 5, 6\)"),
        (_tally(0, valid=0, late=2), r"says \(2, 0, 2, 0, 5, 6\), and holds \(2, 1, 1, 0, 5, 6\)"),
        (_tally(1, late=1, rejected=0), r"says \(2, 1, 1, 0, 7, 9\), and holds \(2, 1, 0, 1, 7, 9"),
        (_tally(2, last_offset=14), r"says \(2, 1, 0, 1, 12, 14\), and holds .* 12, 13\)"),
        (_tally(1, first_offset=6), "has offsets 6 to 9, and 7 to 9 were due"),
        (_tally(0, first_offset=4), "has offsets 4 to 6, and 5 to 9 were due"),
        (_tally(1, last_offset=10), "has offsets 7 to 10, and 7 to 9 were due"),
        (_tally(1, is_last=False), r"as its last ones are marked \[\]"),
        (_tally(0, is_last=True), r"as its last ones are marked \[0, 1\]"),
        (_tally(3, number=2), "packet 1 of partition 1 did not arrive"),
        (_tally(3, task=0), "task 0 read partitions 0 and 1"),
        (_tally(4, partition=1), r"has offsets 20 to 20, and 12 to 15 were due"),
        (_tally(4, partition=-1), "names no partition, and says it read 1"),
        (_tally(5, partition=9), "packet 0 of partition 9 has offsets 0 to 0, and 0 to -1 were"),
        (_tally(5, is_last=False), r"of task 3 1 packets arrived, and .* are marked \[\]"),
        (_records(0, ROWS[:1]), r"says \(2, 1, 1, 0, 5, 6\), and holds \(1, 1, 0, 0, 5, 5\)"),
        (_records(3, [ROWS[6], ROWS[6]]), r"says \(1, 1, .*\), and holds \(2, 2, 0, 0, 15, 15\)"),
        (_records(2, ROWS[5:3:-1]), r"12, 13\), and holds \(2, 1, 0, 1, 13, 12\)"),
        (_records(0, []), r"says \(2, 1, 1, 0, 5, 6\), and holds \(0, 0, 0, 0, 0, 0\)"),
        (_records(5, ROWS[:1]), r"says \(0, 0, 0, 0, 0, 0\), and holds \(1, 1, 0, 0, 5, 5\)"),
    ],
    ids=[
        *("a lost tally", "the last one lost", "a task lost", "an empty task lost"),
        "a task lost and an empty one doubled",
        *("a doubled tally", "a task doubled", "an empty task doubled"),
        *("more read", "none read", "late for valid", "late for rejected", "another last offset"),
        *("an overlap", "before the range", "behind the range"),
        *(
            "not the last",
            "last twice",
            "another number",
            "another task",
            "another's partition",
            "its partition left out",
            "no partition",
            "an empty one more",
        ),
        *("a record lost", "a record doubled", "the wrong way round", "all lost", "from nowhere"),
    ],
)
def test_what_is_lost_doubled_or_forged_is_refused(
    change: Change, said: str, is_exact: bool
) -> None:
    batch = _batch(is_exact=is_exact, scanned=8 if is_exact else 5_000)
    with pytest.raises(AccountingBroken, match=said):
        judged_records(_with(batch, change))


@pytest.mark.parametrize(
    "is_exact, scanned", [(True, 9), (True, 7), (False, 7)], ids=["fewer", "more", "more, cluster"]
)
def test_what_arrives_must_fit_what_was_scanned(is_exact: bool, scanned: int) -> None:
    with pytest.raises(AccountingBroken, match=f"{scanned} records were scanned, 8 arrived"):
        judged_records(_batch(is_exact=is_exact, scanned=scanned))


def test_offsets_ascend_within_a_packet_too() -> None:
    rows = [call(0, 5, 1), call(0, 8, 2), call(0, 7, 3), call(0, 9, 4)]
    with pytest.raises(AccountingBroken, match="in packet 0 of partition 0 offset 7 comes after 8"):
        judged_records(read_batch(rows))
    with pytest.raises(AccountingBroken, match="in packet 0 of partition 0 offset 8 comes after 8"):
        judged_records(read_batch([*rows[:2], rows[1], rows[3]]))


def test_a_worker_with_another_judge_is_refused_by_its_host() -> None:
    batch = _with(_batch(), _tally(2, judge="0123456789ab", host="node-7"))
    with pytest.raises(
        ExecutorRefused, match="on node-7 cannot count: its judging code is 0123"
    ) as e:
        judged_records(batch)
    assert e.value.place == "on node-7"
    assert not e.value.may_pass


@settings(max_examples=1_000)
@given(st.data())
def test_no_change_of_one_tally_passes(data: st.DataObject) -> None:
    batch = _batch(is_exact=False, scanned=5_000)
    at = data.draw(st.integers(0, len(batch.packets) - 1))
    tally = batch.packets[at].tally
    name = data.draw(st.sampled_from([each for each in Tally._fields if each != "host"]))
    was = getattr(tally, name)
    becomes = st.text(max_size=12) if isinstance(was, str) else st.integers(-3, 20)
    changed = (
        not was if isinstance(was, bool) else data.draw(becomes.filter(lambda new: new != was))
    )
    with pytest.raises((AccountingBroken, ExecutorRefused)):
        judged_records(_with(batch, _tally(at, **{name: changed})))


@given(st.data())
def test_no_packet_lost_is_made_up_for_by_another_that_is_doubled(data: st.DataObject) -> None:
    batch = _batch(is_exact=False, scanned=5_000)
    packets = list(batch.packets)
    lost = packets.pop(data.draw(st.integers(0, len(packets) - 1)))
    doubled = data.draw(st.sampled_from(packets))
    assert doubled != lost
    with pytest.raises(AccountingBroken):
        judged_records(replace(batch, packets=[*packets, doubled]))
