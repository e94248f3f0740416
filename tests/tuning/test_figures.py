"""The figures of a trial, from a store that a query could have left behind."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from cell_samples import cells_of
from sfcrime.domain.outcomes import Accounting
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.records import CellCount, PartitionRange
from sfcrime.store.writer import open_writer
from sfcrime.tuning.figures import Sent, TrialFailed, backlog_figures, paced_figures
from sfcrime.tuning.measure import Expected
from sfcrime.tuning.plan import Kind
from sfcrime.tuning.processes import UsageMeter
from sfcrime.tuning.product_query import count_of_store
from sfcrime.tuning.results import TrialResult
from sfcrime.tuning.workload import Sends
from store_samples import GENERATION, NINE_US, identities
from tuning_samples import WORKLOAD

KNOWN = TrialResult(setup="s", changes={}, kind=Kind.BACKLOG, run=0, at="", seconds=0.0)
WARM_AT_ONCE = msgspec.structs.replace(WORKLOAD, warm_records=1)


BEGAN_MS = 1_700_000_000_000
"""The first batch is committed 1,000 ms later, the second one 500 ms after it."""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five records of partition 0 in one batch, and three in the next."""
    clock = iter([BEGAN_MS + 1_000, BEGAN_MS + 1_500])
    watch = SimpleNamespace(time_ns=lambda: next(clock) * 1_000_000)
    monkeypatch.setattr("sfcrime.store.writer.time", watch)
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
    with UsageMeter([os.getpid()]) as watched:
        pass
    return watched


def _expected(records: int) -> Expected:
    expected = Expected()
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
        backlog_figures(KNOWN, count_of_store(store), WARM_AT_ONCE, Expected({0: [7]}), meter)


def test_latency_is_of_what_was_sent_behind_the_warm_up(store: Path, meter: UsageMeter) -> None:
    sends = Sends(1, _expected(8), at_ms={0: [BEGAN_MS] * 5 + [BEGAN_MS + 1_100] * 3})

    found = paced_figures(
        KNOWN, count_of_store(store), Sent(sends, since_ms=BEGAN_MS + 1_000), meter
    )

    assert (found.latencies, found.p50_ms, found.p99_ms) == (3, 400, 400)

    with pytest.raises(TrialFailed, match="no record was sent and counted behind the warm-up"):
        paced_figures(KNOWN, count_of_store(store), Sent(sends, since_ms=BEGAN_MS + 1_200), meter)
