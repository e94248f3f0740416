"""A batch is written only once its own metrics agree with the arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from threading import Event

import pyarrow as pa
import pytest

from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import AccountingBroken, FingerprintChanged
from sfcrime.store.columns import CellColumns
from sfcrime.store.records import CellCount, LateRecord, PartitionRange, RejectedRecord
from sfcrime.store.writer import StoreWriter, open_writer
from sfcrime.streaming import sink
from sfcrime.streaming.counting import BatchCounts
from sfcrime.streaming.execution import BatchExecution
from sfcrime.streaming.rules import LABEL_SEPARATOR
from sfcrime.streaming.sink import StoreSink, outcome_of_batch
from store_samples import GENERATION

NINE_US = 1_538_470_800_000_000

COUNTS = BatchCounts(
    cells=CellColumns.from_cells([CellCount(NINE_US, "Passing Call", "HAN", 5)]),
    rejected=[RejectedRecord(0, 4, "not-json"), RejectedRecord(1, 12, "no-value")],
    late=[LateRecord(0, 5, NINE_US - 700_000_000_000, 1_538_500_000_000)],
    counted_by_partition={0: 3, 1: 2},
    newest_call_us=NINE_US + 1,
)
EXECUTION = BatchExecution(
    records_scanned=9,
    repeats_dropped=1,
    dropped_by_watermark=0,
    end_offsets={0: 8, 1: 14, 2: 0},
    watermark_us=NINE_US - 2_592_000_000_000,
)
ENDS = {0: 3, 1: 10}
"""Where the ledger's previous batch ended; partition 2 was never read."""


def _outcome(
    counts: BatchCounts = COUNTS,
    execution: BatchExecution = EXECUTION,
    ends: Mapping[int, int] = ENDS,
) -> Accounting:
    return outcome_of_batch(7, counts, execution, ends).accounting


def test_a_batch_that_adds_up_becomes_what_the_store_takes() -> None:
    outcome = outcome_of_batch(7, COUNTS, EXECUTION, ENDS)

    assert outcome.batch_id == 7
    assert outcome.accounting == Accounting(
        read=9, counted=5, duplicate=1, late=1, rejected=2, gaps=0
    )
    assert outcome.ranges == [
        PartitionRange(partition=0, start=3, end=8, counted=3, late=1, rejected=1),
        PartitionRange(partition=1, start=10, end=14, counted=2, late=0, rejected=1),
        PartitionRange(partition=2, start=0, end=0, counted=0, late=0, rejected=0),
    ]
    assert outcome.cells is COUNTS.cells
    assert outcome.rejected == COUNTS.rejected
    assert outcome.late == COUNTS.late
    assert outcome.watermark_us == NINE_US - 2_592_000_000_000
    assert outcome.newest_call_us == NINE_US + 1


def test_a_batch_without_data_adds_up_to_nothing() -> None:
    nothing = BatchCounts(CellColumns.from_cells([]), [], [], {}, None)
    execution = BatchExecution(0, 0, 0, {0: 3, 1: 10}, None)
    assert _outcome(nothing, execution) == Accounting()


def test_a_partition_that_is_read_for_the_first_time_begins_at_0() -> None:
    execution = replace(EXECUTION, end_offsets={0: 3, 1: 10, 4: 9})
    outcome = outcome_of_batch(7, COUNTS, execution, ENDS)
    assert outcome.ranges[-1] == PartitionRange(4, 0, 9, counted=0, late=0, rejected=0)


def test_offsets_without_a_record_are_gaps() -> None:
    assert _outcome(execution=replace(EXECUTION, end_offsets={0: 8, 1: 17})).gaps == 3


@pytest.mark.parametrize(
    "execution",
    [
        replace(EXECUTION, dropped_by_watermark=1),
        # One row went through the watermark's hole, and nothing else shows it.
        replace(EXECUTION, records_scanned=10, dropped_by_watermark=1, end_offsets={0: 9, 1: 14}),
        replace(EXECUTION, records_scanned=10, end_offsets={0: 9, 1: 14}),
        replace(EXECUTION, records_scanned=8, end_offsets={0: 7, 1: 14}),
        replace(EXECUTION, repeats_dropped=0),
        replace(EXECUTION, repeats_dropped=2),
        replace(EXECUTION, end_offsets={0: 8, 1: 13}),
        replace(EXECUTION, end_offsets={0: 2, 1: 14}),
        replace(EXECUTION, end_offsets={}),
    ],
    ids=[
        "a row dropped by the watermark",
        "a scanned row dropped by the watermark",
        "a record scanned and in no outcome",
        "an outcome without a scanned record",
        "a repeat too few",
        "a repeat too many",
        "more records than offsets",
        "a partition that ends before it begins",
        "no offsets at all",
    ],
)
def test_a_batch_whose_metrics_disagree_is_refused_with_its_numbers(
    execution: BatchExecution,
) -> None:
    with pytest.raises(AccountingBroken) as refused:
        _outcome(execution=execution)
    assert "Batch 7 does not add up" in refused.value.happened
    assert f"read={execution.records_scanned}" in refused.value.happened
    assert refused.value.exit_code == 1


def test_a_lost_set_aside_record_is_noticed() -> None:
    with pytest.raises(AccountingBroken):
        _outcome(replace(COUNTS, late=[]))
    with pytest.raises(AccountingBroken):
        _outcome(replace(COUNTS, rejected=COUNTS.rejected[:1]))


def test_a_call_counted_twice_is_noticed() -> None:
    with pytest.raises(AccountingBroken):
        _outcome(replace(COUNTS, counted_by_partition={0: 3, 1: 3}))


class _OneCall:
    """A batch of one valid call in partition 0."""

    def toArrow(self) -> pa.Table:
        return pa.table(
            {
                "identity": pa.array([7], pa.int64()),
                "call_time": pa.array([NINE_US]).cast(pa.timestamp("us", tz="UTC")),
                "partition": pa.array([0], pa.int32()),
                "label": pa.array([f"Passing Call{LABEL_SEPARATOR}HAN"]),
            }
        )


class _Clock:
    """In the place of `time`; moves only when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


class _SlowCall(_OneCall):
    """The same, of an action that takes half a second by this clock."""

    def __init__(self, clock: _Clock) -> None:
        self._clock = clock

    def toArrow(self) -> pa.Table:
        self._clock.now += 0.5
        return super().toArrow()


class _Topic:
    """A topic that is there, under the id it is given."""

    def __init__(self, topic_id: str) -> None:
        self._topic_id = topic_id

    def topic_id(self) -> str:
        return self._topic_id


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreWriter]:
    execution = BatchExecution(1, 0, 0, {0: 1, 1: 10}, None)
    monkeypatch.setattr(sink, "execution_of_batch", lambda session, batch_id: execution)
    with open_writer(tmp_path / "sfcrime.db", history_rows=10) as writer:
        writer.create_generation(GENERATION)
        yield writer


def _sink(store: StoreWriter, topic_id: str) -> StoreSink:
    return StoreSink(None, store, GENERATION, _Topic(topic_id), Event())  # type: ignore[arg-type]


def test_a_batch_of_the_topic_that_is_counted_is_committed(store: StoreWriter) -> None:
    _sink(store, GENERATION.topic_id)(_OneCall(), 0)  # type: ignore[arg-type]
    assert store.partition_ends() == {0: 1, 1: 10}


def test_the_parts_of_a_committed_batch_are_timed(
    store: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = _Clock()
    monkeypatch.setattr("sfcrime.streaming.sink.time", clock)
    counted = _sink(store, GENERATION.topic_id)
    counted(_SlowCall(clock), 0)  # type: ignore[arg-type]
    spent = counted.phases_ms(0)
    assert list(spent) == ["toArrow", "proof", "counting", "topicCheck", "storing"]
    assert spent["toArrow"] >= 500
    assert sum(spent.values()) - spent["toArrow"] < spent["toArrow"]


def test_a_batch_that_was_not_written_has_no_times(store: StoreWriter) -> None:
    _sink(store, GENERATION.topic_id)(_OneCall(), 0)  # type: ignore[arg-type]
    started_again = _sink(store, GENERATION.topic_id)
    started_again(_OneCall(), 0)  # type: ignore[arg-type]
    assert started_again.phases_ms(0) == {}
    assert started_again.phases_ms(1) == {}


class _NoCall(_OneCall):
    """A batch without rows."""

    def toArrow(self) -> pa.Table:
        return super().toArrow().slice(0, 0)


def test_what_a_large_batch_took_is_given_back_behind_a_small_one(
    store: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[str] = []
    monkeypatch.setattr("sfcrime.freed_memory.LARGE_WORK", 1)
    monkeypatch.setattr(sink, "trim_heap", lambda: given.append("back"))
    counted = _sink(store, GENERATION.topic_id)

    counted(_OneCall(), 0)  # type: ignore[arg-type]
    assert given == []
    counted(_NoCall(), 0)  # type: ignore[arg-type]
    assert given == ["back"]


def test_a_batch_that_was_read_of_a_topic_made_anew_is_not_committed(store: StoreWriter) -> None:
    """Its offsets fit the ledger, and nothing but the topic's id tells."""
    counted = _sink(store, "another")
    with pytest.raises(FingerprintChanged, match="is now 'another'"):
        counted(_OneCall(), 0)  # type: ignore[arg-type]
    assert isinstance(counted.failure, FingerprintChanged)
    assert store.partition_ends() == {0: 0, 1: 10}
