"""Reads a batch without Spark, by the other client: what Spark's source or its heap cannot take.

Spark's source fails at a timestamp beyond its own range, whatever columns are asked for, and a
record of some hundred megabytes does not fit into the driver's heap several times. Such a record is
data like any other: its batch is read here, judged by the same judge, proved and stored as every
other, and the query goes on after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from sfcrime.kafka.topic import Topic
from sfcrime.machine.clock import now_ms
from sfcrime.store.records import BatchProgress
from sfcrime.streaming.batches import BatchStorer
from sfcrime.streaming.intake import MOST_RECORDS_PER_POLL, ReadPlan
from sfcrime.streaming.other_client import read_packets
from sfcrime.streaming.read_batch import PhaseClock, Planned, ReadBatch, Scan

NO_SPARK_BATCH = -1
"""In place of Spark's number of a batch, which Spark gives from 0."""

_POLLED_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CountedWithoutSpark:
    """A batch that was read without Spark and is in the ledger."""

    progress: BatchProgress
    mean_bytes: float
    """Of a record's value, as the judge is given it."""

    @property
    def records_per_poll(self) -> int:
        """How many such records the JVM may unpack at once. Longer ones than the judge is given
        may be among them: so it is less than what a poll of calls takes."""
        return max(1, min(MOST_RECORDS_PER_POLL, int(_POLLED_BYTES / max(1.0, self.mean_bytes))))


def count_without_spark(
    storer: BatchStorer, topic: Topic, plan: ReadPlan
) -> CountedWithoutSpark | None:
    """Reads, judges and commits what comes next in each partition, as one batch; None where nothing
    does.

    Args:
        storer: commits it.
        topic: the one that is counted.
        plan: of the query; its partitions share the records of a batch.

    Raises:
        KafkaUnavailable: the broker does not answer, a partition no longer has its range, or a stop
            was asked for.
        SfcrimeError: as `BatchStorer.store`.
    """
    began_ms = now_ms()
    clock = PhaseClock()
    ends = topic.end_offsets()
    starts = {number: storer.ends.get(number, 0) for number in plan.start_offsets}
    planned = planned_ranges(starts, ends, plan.max_records_per_batch)
    if all(span.start == span.end for span in planned.values()):
        return None
    found = read_packets(topic.kafka, planned, storer.generation.lateness_us, topic.stop)
    clock.ends("withoutSpark")
    scan = Scan(planned, found.scanned, is_exact=True)
    storer.store(ReadBatch(NO_SPARK_BATCH, found.packets, scan, clock))
    stored = storer.stored()[-1]
    lag = {number: max(0, ends.get(number, 0) - span.end) for number, span in planned.items()}
    took_ms = max(1, sum(stored.phases_ms.values()))
    progress = BatchProgress(
        batch_id=stored.batch_id,
        started_ms=began_ms,
        duration_ms=took_ms,
        input_rows=found.scanned,
        input_rows_per_s=0.0,
        processed_rows_per_s=found.scanned * 1000 / took_ms,
        phases_ms=dict(stored.phases_ms),
        lag_records=sum(lag.values()),
        lag_by_partition=lag,
    )
    return CountedWithoutSpark(progress, found.value_bytes / max(1, found.scanned))


def planned_ranges(
    starts: Mapping[int, int], ends: Mapping[int, int], most_records: int
) -> dict[int, Planned]:
    """What comes next in each partition; they share `most_records` by what is due in them, as
    Spark does, so that one that is far behind is not held up by the others."""
    due = {number: max(0, ends.get(number, 0) - start) for number, start in starts.items()}
    share = min(1.0, most_records / max(1, sum(due.values())))
    return {
        number: Planned(start, start + ceil(due[number] * share))
        for number, start in starts.items()
    }
