"""The sink: one Spark action and one transaction a micro-batch, proved before it is committed."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from itertools import pairwise
from threading import Event

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import AccountingBroken
from sfcrime.freed_memory import FreedMemory, trim_heap
from sfcrime.kafka.topic_watch import TopicWatch
from sfcrime.store.records import BatchOutcome, Generation, PartitionRange
from sfcrime.store.writer import StoreWriter
from sfcrime.streaming.counting import BatchCounts, counts_of_batch
from sfcrime.streaming.execution import BatchExecution, execution_of_batch
from sfcrime.streaming.generations import require_same_topic

SINK_PHASES = ("toArrow", "proof", "counting", "topicCheck", "storing")
"""Parts of Spark's phase addBatch that the sink times, in their order: Spark's one action, the
executed plan and the offset log, the cells, the topic's id, the transaction."""
_BATCHES_TIMED = 20
"""As many as Spark keeps reports of (spark.sql.streaming.numRecentProgressUpdates)."""


class StopRequested(Exception):
    """Ends the query between two batches; never leaves this package."""


class StoreSink:
    """What `foreachBatch` calls.

    A batch replayed after a crash runs the same action to its end, because Spark's state must be
    committed, and finds its ledger row: only the write is left out.
    """

    def __init__(
        self,
        session: SparkSession,
        store: StoreWriter,
        generation: Generation,
        topic: TopicWatch,
        stop: Event,
    ) -> None:
        # A batch's own session is a copy that knows nothing of the query.
        self._session = session
        self._store = store
        self._generation = generation
        self._topic = topic
        self._stop = stop
        self.failure: BaseException | None = None
        """What ended the query, as it was raised: Spark passes on only its text."""
        self.ends: Mapping[int, int] = store.partition_ends()
        """By partition, the first offset that is not accounted for."""
        self.last_batch_id = -1
        """The newest batch that was handed over; -1 before the first."""
        self._timed: deque[tuple[int, Mapping[str, int]]] = deque(maxlen=_BATCHES_TIMED)
        self._freed = FreedMemory(_give_back)

    def phases_ms(self, batch_id: int) -> Mapping[str, int]:
        """Milliseconds of each of `SINK_PHASES` in one of the newest batches; empty for one that
        was not written, or is no longer known."""
        return dict(self._timed).get(batch_id, {})

    def __call__(self, batch: DataFrame, batch_id: int) -> None:
        try:
            rows = self._take(batch, batch_id)
        except BaseException as failure:
            self.failure = failure
            raise
        self._freed.after(rows)

    def _take(self, batch: DataFrame, batch_id: int) -> int:
        """Counts and stores a batch; returns its rows."""
        if self._stop.is_set():
            raise StopRequested(f"stopped before batch {batch_id}")
        self.last_batch_id = batch_id
        moments = [time.monotonic()]
        rows: pa.Table = batch.toArrow()
        if self._store.has_batch(batch_id):
            return len(rows)
        moments.append(time.monotonic())
        execution = execution_of_batch(self._session, batch_id)
        moments.append(time.monotonic())
        counts = counts_of_batch(rows, self._generation.window_minutes)
        outcome = outcome_of_batch(batch_id, counts, execution, self.ends)
        if outcome.accounting.gaps and self._generation.source_name:
            raise AccountingBroken(
                f"Batch {batch_id}: {outcome.accounting.gaps} offsets hold no record.",
                rule="A topic of this producer has a record at every offset.",
                next_step="something deleted records or wrote with transactions; publish the "
                "source to a --topic that nothing else writes to, and count that one",
            )
        # Spark reads on in a topic of the same name. The batch was read before this was asked, so
        # a topic that is still the same was the same then.
        moments.append(time.monotonic())
        require_same_topic(self._generation, self._topic.topic_id())
        moments.append(time.monotonic())
        self._store.commit_batch(outcome)
        moments.append(time.monotonic())
        self._timed.append((batch_id, _phases_ms(moments)))
        self.ends = {**self.ends, **execution.end_offsets}
        return len(rows)


def _give_back() -> None:
    pa.default_memory_pool().release_unused()
    trim_heap()


def _phases_ms(moments: Sequence[float]) -> Mapping[str, int]:
    """Between the moments, one more than there are phases."""
    spent = (later - earlier for earlier, later in pairwise(moments))
    return {name: round(s * 1000) for name, s in zip(SINK_PHASES, spent, strict=True)}


def outcome_of_batch(
    batch_id: int, counts: BatchCounts, execution: BatchExecution, ends: Mapping[int, int]
) -> BatchOutcome:
    """What goes into the store, once the batch's own metrics agree with the arithmetic.

    Args:
        batch_id: Spark's number of the batch.
        counts: what its rows come to.
        execution: what its executed plan says.
        ends: by partition, where the ledger's previous batch ended.

    Raises:
        AccountingBroken: they do not agree.
    """
    accounting = Accounting(
        read=execution.records_scanned,
        counted=counts.counted,
        duplicate=execution.repeats_dropped,
        late=len(counts.late),
        rejected=len(counts.rejected),
        gaps=sum(end - ends.get(p, 0) for p, end in execution.end_offsets.items())
        - execution.records_scanned,
    )
    if execution.dropped_by_watermark or not accounting.adds_up or accounting.gaps < 0:
        raise AccountingBroken(
            f"Batch {batch_id} does not add up: {accounting}, "
            f"{execution.dropped_by_watermark} rows dropped by the watermark.",
            rule="read = counted + duplicate + late + rejected, and end - start = read + gaps.",
            next_step="start the job again; if it happens again, `sfcrime audit` shows where",
        )
    return BatchOutcome(
        batch_id=batch_id,
        cells=counts.cells,
        rejected=counts.rejected,
        late=counts.late,
        ranges=_ranges(counts, execution, ends),
        accounting=accounting,
        watermark_us=execution.watermark_us,
        newest_call_us=counts.newest_call_us,
    )


def _ranges(
    counts: BatchCounts, execution: BatchExecution, ends: Mapping[int, int]
) -> list[PartitionRange]:
    late = Counter(record.partition for record in counts.late)
    rejected = Counter(record.partition for record in counts.rejected)
    return [
        PartitionRange(
            partition=partition,
            start=ends.get(partition, 0),
            end=end,
            counted=counts.counted_by_partition.get(partition, 0),
            late=late.get(partition, 0),
            rejected=rejected.get(partition, 0),
        )
        for partition, end in sorted(execution.end_offsets.items())
    ]
