"""From what was counted to figures, also from a store that a query could have left behind."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from cell_samples import cells_of
from sfcrime.domain.outcomes import Accounting
from sfcrime.machine.usage import UsageMeter
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.records import CellCount, PartitionRange
from sfcrime.store.writer import open_writer
from sfcrime.tuning.figures import (
    OWN,
    Count,
    CountedBatch,
    Stretch,
    TrialFailed,
    backlog_figures,
    latencies_ms,
    paced_figures,
    percentile,
    require_exact,
    warm_stretch,
    whole_stretch,
)
from sfcrime.tuning.knobs import Query
from sfcrime.tuning.plan import Kind
from sfcrime.tuning.queries import count_of_store
from sfcrime.tuning.results import TrialResult
from sfcrime.tuning.workload import Sends
from store_samples import GENERATION, NINE_US, identities
from tuning_samples import WORKLOAD

KNOWN = TrialResult(
    setup="s", query=Query.PRODUCT, changes={}, kind=Kind.BACKLOG, run=0, at="", seconds=0.0
)
WARM_AT_ONCE = msgspec.structs.replace(WORKLOAD, warm_records=1)


BEGAN_MS = 1_700_000_000_000
"""The first batch is committed 1,000 ms later, the second one 500 ms after it."""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five records of partition 0 in one batch, and three in the next."""
    clock = iter([BEGAN_MS + 1_000, BEGAN_MS + 1_500])
    monkeypatch.setattr("sfcrime.store.batches.now_ms", lambda: next(clock))
    path = tmp_path / "sfcrime.db"
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(replace(GENERATION, start_offsets={0: 0}, created_ms=BEGAN_MS))
        for number, start, calls in ((0, 0, 5), (1, 5, 3)):
            cells = [CellCount(NINE_US, "Passing Call", "HAN", calls)]
            writer.commit_batch(
                BatchOutcome(
                    batch_id=number,
                    cells=cells_of(cells),
                    rejected=[],
                    late=[],
                    ranges=[PartitionRange(0, start, start + calls, calls, late=0, rejected=0)],
                    accounting=Accounting(read=calls, counted=calls),
                    identities=identities(start, start + calls),
                    newest_call_us=NINE_US,
                )
            )
    return path


@pytest.fixture(scope="module")
def meter() -> UsageMeter:
    with UsageMeter([os.getpid()], lambda pid: OWN) as watched:
        pass
    return watched


def _expected(records: int) -> Sends:
    expected = Sends()
    for number in range(records):
        expected.add(0, str(number).encode())
    return expected


def test_a_backlogs_rate_leaves_the_warm_up_out(store: Path, meter: UsageMeter) -> None:
    found = backlog_figures(KNOWN, count_of_store(store), WARM_AT_ONCE, _expected(8), meter)

    assert (found.read, found.batches) == (8, 2)
    assert found.warm_per_s == 6.0
    assert found.whole_per_s == 5.3
    assert len(found.cells) == 16


def test_cells_are_compared_only_where_the_whole_topic_was_counted(
    store: Path, meter: UsageMeter
) -> None:
    assert (
        backlog_figures(KNOWN, count_of_store(store), WARM_AT_ONCE, _expected(9), meter).cells == ""
    )


def test_a_count_that_is_not_exact_gives_no_figures(store: Path, meter: UsageMeter) -> None:
    with pytest.raises(TrialFailed, match="not exact"):
        backlog_figures(KNOWN, count_of_store(store), WARM_AT_ONCE, Sends(repeats={0: [7]}), meter)


def test_latency_is_of_what_was_sent_after_the_warm_up(store: Path, meter: UsageMeter) -> None:
    at_ms = {0: [BEGAN_MS] * 5 + [BEGAN_MS + 1_100] * 3}
    sends = Sends(at_ms, since_ms=BEGAN_MS + 1_000)

    found = paced_figures(KNOWN, count_of_store(store), sends, meter)

    assert (found.latencies, found.p50_ms, found.p99_ms) == (3, 400, 400)

    late = Sends(at_ms, since_ms=BEGAN_MS + 1_200)
    with pytest.raises(TrialFailed, match="no record was sent and counted after the warm-up"):
        paced_figures(KNOWN, count_of_store(store), late, meter)


def test_the_warm_stretch_begins_with_the_commit_after_the_warm_up() -> None:
    rows = [
        CountedBatch(9_000, 2_000, {}),
        CountedBatch(15_000, 3_000, {}),
        CountedBatch(30_000, 4_000, {}),
        CountedBatch(0, 9_000, {}),
    ]

    assert warm_stretch(rows, WORKLOAD) == Stretch(3_000, 4_000, 30_000)
    assert whole_stretch(rows, 500) == Stretch(500, 4_000, 54_000)
    assert Stretch(3_000, 4_000, 30_000).per_s == 30_000.0


def test_a_warm_up_of_few_records_ends_by_time() -> None:
    rows = [
        CountedBatch(10, 1_000, {}),
        CountedBatch(10, 3_900, {}),
        CountedBatch(10, 4_000, {}),
        CountedBatch(40, 6_000, {}),
    ]

    assert warm_stretch(rows, WORKLOAD) == Stretch(4_000, 6_000, 40)


def test_one_batch_that_took_everything_leaves_nothing_warm() -> None:
    assert warm_stretch([CountedBatch(100_000, 1_000, {})], WORKLOAD) is None


def test_latency_is_from_a_records_send_to_the_end_of_the_batch_that_covers_it() -> None:
    sent = {0: [1_000, 2_000, 3_000], 1: [1_500, 2_500]}
    batches = [
        CountedBatch(2, 2_100, {0: range(2)}),
        CountedBatch(3, 3_300, {0: range(2, 3), 1: range(2)}),
    ]

    assert latencies_ms(sent, batches, since_ms=0) == [100, 300, 800, 1_100, 1_800]
    assert latencies_ms(sent, batches, since_ms=2_000) == [100, 300, 800]


@pytest.mark.parametrize(("share", "value"), [(0.5, 20), (0.75, 30), (0.76, 40), (0.99, 40)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: int) -> None:
    assert percentile([10, 20, 30, 40], share) == value


def _two_partitions() -> Sends:
    """Partition 0: a, b, a again; partition 1: c, c again."""
    expected = Sends()
    for partition, key in [(0, b"a"), (0, b"b"), (1, b"c"), (0, b"a"), (1, b"c")]:
        expected.add(partition, key)
    return expected


def test_what_a_beginning_of_a_topic_comes_to_is_known() -> None:
    expected = _two_partitions()
    assert expected.accounting({0: 3, 1: 2}) == Accounting(read=5, counted=3, duplicate=2)
    assert expected.accounting({0: 2, 1: 2}) == Accounting(read=4, counted=3, duplicate=1)
    assert expected.accounting({0: 2, 1: 1}) == Accounting(read=3, counted=3)


def _count(accounting: Accounting, calls: int, start: int = 0) -> Count:
    """Of two records of each partition, or one of the first."""
    batch = CountedBatch(accounting.read, 0, {0: range(start, 2), 1: range(2)})
    return Count(0, [batch], accounting, calls, digest="")


def test_an_exact_count_has_nothing_wrong() -> None:
    account = Accounting(read=4, counted=3, duplicate=1)
    require_exact(_count(account, 3), _two_partitions())


@pytest.mark.parametrize(
    ("account", "calls", "start", "said"),
    [
        (Accounting(read=4, counted=4), 4, 0, "should have come to"),
        (Accounting(read=4, counted=3, duplicate=1), 2, 0, "its cells hold 2 calls"),
        (Accounting(read=3, counted=2, duplicate=1), 2, 1, "should have come to"),
        (Accounting(read=4, counted=3, duplicate=1, gaps=1), 3, 0, "should have come to"),
    ],
)
def test_a_count_that_is_off_by_one_is_told(
    account: Accounting, calls: int, start: int, said: str
) -> None:
    with pytest.raises(TrialFailed, match=f"not exact: .*{said}"):
        require_exact(_count(account, calls, start), _two_partitions())


def test_sends_are_kept_by_partition_and_offset() -> None:
    sends = Sends()
    for number in range(40):
        sends.add(number % 3 // 2, str(number // 2).encode(), at_ms=1_000 + number)

    length = {partition: len(times) for partition, times in sends.at_ms.items()}
    assert length == {0: 27, 1: 13}
    assert sends.at_ms[1][:3] == [1_002, 1_005, 1_008]
    whole = Accounting(read=40, counted=20, duplicate=20)
    assert sends.accounting(length) == whole
