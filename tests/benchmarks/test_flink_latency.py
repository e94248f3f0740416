"""From what was sent and what PostgreSQL held when, to latencies."""

from __future__ import annotations

from flink_latency import first_copies_ms, latencies_ms

from sfcrime.tuning.workload import Sends


def test_a_record_is_in_when_the_sum_reaches_its_place() -> None:
    sent = [1000, 1020, 1040, 1060]
    seen = [(1030, 1), (1090, 3), (1095, 4)]

    assert latencies_ms(sent, seen, since_ms=1000) == [30, 35, 50, 70]


def test_what_was_sent_while_it_warmed_up_is_left_out() -> None:
    assert latencies_ms([1000, 1020, 1040], [(1100, 3)], since_ms=1020) == [60, 80]


def test_second_copies_are_waited_for_by_nobody() -> None:
    sends = Sends(
        repeats={1: [1]},
        at_ms={0: [1000, 1030], 1: [1010, 1020, 1040]},
    )

    assert first_copies_ms(sends) == [1000, 1010, 1030, 1040]
