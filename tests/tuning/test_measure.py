"""From what was counted to figures."""

from __future__ import annotations

import pytest

from sfcrime.domain.outcomes import Accounting
from sfcrime.tuning.measure import (
    Count,
    CountedBatch,
    Covered,
    Expected,
    Stretch,
    inexactness,
    latencies_ms,
    percentile,
    warm_stretch,
    whole_stretch,
)
from tuning_samples import WORKLOAD


def test_the_warm_stretch_begins_with_the_commit_behind_the_warm_up() -> None:
    rows = [
        CountedBatch(3, read=0, done_ms=9_000),
        CountedBatch(2, read=30_000, done_ms=4_000),
        CountedBatch(1, read=15_000, done_ms=3_000),
        CountedBatch(0, read=9_000, done_ms=2_000),
    ]

    assert warm_stretch(rows, WORKLOAD) == Stretch(3_000, 4_000, 30_000)
    assert whole_stretch(rows, 500) == Stretch(500, 4_000, 54_000)
    assert Stretch(3_000, 4_000, 30_000).per_s == 30_000.0


def test_a_warm_up_of_few_records_ends_by_time() -> None:
    rows = [
        CountedBatch(0, read=10, done_ms=1_000),
        CountedBatch(1, read=10, done_ms=3_900),
        CountedBatch(2, read=10, done_ms=4_000),
        CountedBatch(3, read=40, done_ms=6_000),
    ]

    assert warm_stretch(rows, WORKLOAD) == Stretch(4_000, 6_000, 40)


def test_one_batch_that_took_everything_leaves_nothing_warm() -> None:
    assert warm_stretch([CountedBatch(0, 100_000, 1_000)], WORKLOAD) is None


def test_latency_is_from_a_records_send_to_the_end_of_the_batch_that_covers_it() -> None:
    sent = {0: [1_000, 2_000, 3_000], 1: [1_500, 2_500]}
    covered = [
        Covered(partition=0, start=0, end=2, done_ms=2_100),
        Covered(partition=0, start=2, end=3, done_ms=3_300),
        Covered(partition=1, start=0, end=2, done_ms=3_300),
    ]

    assert latencies_ms(sent, covered, since_ms=0) == [100, 300, 800, 1_100, 1_800]
    assert latencies_ms(sent, covered, since_ms=2_000) == [100, 300, 800]


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


def _count(accounting: Accounting, calls: int, start: int = 0) -> Count:
    """Of two records of each partition."""
    starts, ends = {0: start, 1: 0}, {0: 2, 1: 2}
    return Count(0, [], [], starts, ends, accounting, calls, digest="")


def test_an_exact_count_has_nothing_wrong() -> None:
    account = Accounting(read=4, counted=3, duplicate=1)
    assert inexactness(_count(account, 3), _expected()) == ""


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
    assert said in inexactness(_count(account, calls, start), _expected())
