"""From a ledger to figures."""

from __future__ import annotations

import pytest

from sfcrime.domain.outcomes import Accounting
from sfcrime.store.records import LedgerRow, PartitionLedger, PartitionRange
from sfcrime.tuning.measure import (
    Expected,
    Stretch,
    inexactness,
    latencies_ms,
    percentile,
    warm_stretch,
    whole_stretch,
)
from tuning_samples import WORKLOAD


def _row(batch_id: int, committed_ms: int, read: int) -> LedgerRow:
    return LedgerRow(batch_id, committed_ms, Accounting(read=read, counted=read), None)


def test_the_warm_stretch_begins_with_the_commit_behind_the_warm_up() -> None:
    rows = [
        _row(3, 9_000, 0),
        _row(2, 4_000, 30_000),
        _row(1, 3_000, 15_000),
        _row(0, 2_000, 9_000),
    ]

    assert warm_stretch(rows, WORKLOAD) == Stretch(3_000, 4_000, 30_000)
    assert whole_stretch(rows, 500) == Stretch(500, 4_000, 54_000)
    assert Stretch(3_000, 4_000, 30_000).per_s == 30_000.0


def test_a_warm_up_of_few_records_ends_by_time() -> None:
    rows = [_row(0, 1_000, 10), _row(1, 3_900, 10), _row(2, 4_000, 10), _row(3, 6_000, 40)]

    assert warm_stretch(rows, WORKLOAD) == Stretch(4_000, 6_000, 40)


def test_one_batch_that_took_everything_leaves_nothing_warm() -> None:
    assert warm_stretch([_row(0, 1_000, 100_000)], WORKLOAD) is None


def test_latency_is_from_a_records_send_to_the_commit_that_covers_it() -> None:
    sent = {0: [1_000, 2_000, 3_000], 1: [1_500, 2_500]}
    ranges = [
        (0, PartitionRange(0, 0, 2, counted=2, late=0, rejected=0)),
        (1, PartitionRange(0, 2, 3, counted=1, late=0, rejected=0)),
        (1, PartitionRange(1, 0, 2, counted=2, late=0, rejected=0)),
    ]
    committed = {0: 2_100, 1: 3_300}

    assert latencies_ms(sent, ranges, committed, since_ms=0) == [100, 300, 800, 1_100, 1_800]
    assert latencies_ms(sent, ranges, committed, since_ms=2_000) == [100, 300, 800]


@pytest.mark.parametrize(("share", "value"), [(0.5, 20), (0.75, 30), (0.76, 40), (0.99, 40)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: int) -> None:
    assert percentile([10, 20, 30, 40], share) == value


def _expected() -> Expected:
    """Partition 0: a, b, a again; partition 1: c, c again."""
    expected = Expected()
    for partition, key in [(0, b"a"), (0, b"b"), (1, b"c"), (0, b"a"), (1, b"c")]:
        expected.add(partition, key)
    return expected


def test_what_a_beginning_of_a_topic_comes_to_is_known() -> None:
    assert _expected().accounting({0: 3, 1: 2}) == Accounting(read=5, counted=3, duplicate=2)
    assert _expected().accounting({0: 2, 1: 2}) == Accounting(read=4, counted=3, duplicate=1)
    assert _expected().accounting({0: 2, 1: 1}) == Accounting(read=3, counted=3)


def _ledger(first: int, second: int, start: int = 0) -> list[PartitionLedger]:
    return [
        PartitionLedger(0, start, first, counted=0, late=0, rejected=0),
        PartitionLedger(1, 0, second, counted=0, late=0, rejected=0),
    ]


def test_an_exact_count_has_nothing_wrong() -> None:
    account = Accounting(read=4, counted=3, duplicate=1)
    assert inexactness(_ledger(2, 2), account, 3, _expected()) == ""


@pytest.mark.parametrize(
    ("account", "calls", "start", "said"),
    [
        (Accounting(read=4, counted=4), 4, 0, "should have come to"),
        (Accounting(read=4, counted=3, duplicate=1), 2, 0, "its cells hold 2 calls"),
        (Accounting(read=4, counted=3, duplicate=1), 3, 1, "did not begin with the topic"),
        (Accounting(read=4, counted=3, duplicate=1, gaps=1), 3, 0, "should have come to"),
    ],
)
def test_a_count_that_is_off_by_one_is_told(
    account: Accounting, calls: int, start: int, said: str
) -> None:
    assert said in inexactness(_ledger(2, 2, start), account, calls, _expected())
