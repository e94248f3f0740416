"""Reads a batch without Spark, by the other client: what Spark's source or its heap cannot take.

Spark's source fails at a timestamp beyond its own range, whatever columns are asked for, and a
record of some hundred megabytes does not fit into the driver's heap several times. Such a record is
data like any other: its batch is read here, judged by the same judge, proved and stored as every
other, and the query goes on after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil
from operator import attrgetter

import pyarrow as pa

from sfcrime.domain.outcomes import MAX_VALUE_BYTES
from sfcrime.kafka.consumer import TopicRecord, read_range
from sfcrime.kafka.topic import Topic
from sfcrime.machine.clock import now_ms
from sfcrime.store.records import BatchProgress
from sfcrime.streaming.batches import BatchStorer
from sfcrime.streaming.intake import MOST_RECORDS_PER_POLL, ReadPlan, judged_rows
from sfcrime.streaming.packets import Packet, in_order, packet_of
from sfcrime.streaming.read_batch import PhaseClock, Planned, ReadBatch, Scan

NO_SPARK_BATCH = -1
"""In place of Spark's number of a batch, which Spark gives from 0."""

_RECORDS_OF_A_PACKET = 250
"""Taken from the client at once: 16 MB where each is as long as may count."""
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
        KafkaUnavailable: the broker does not answer, or a partition no longer has its range.
        SfcrimeError: as `BatchStorer.store`.
    """
    began_ms = now_ms()
    clock = PhaseClock()
    ends = topic.end_offsets()
    starts = {number: storer.ends.get(number, 0) for number in plan.start_offsets}
    planned = planned_ranges(starts, ends, plan.max_records_per_batch)
    if all(span.start == span.end for span in planned.values()):
        return None
    packets, scanned, value_bytes = _read(topic, planned, storer.generation.lateness_us)
    clock.ends("withoutSpark")
    scan = Scan(planned, scanned, is_exact=True)
    storer.store(ReadBatch(NO_SPARK_BATCH, packets, scan, clock))
    stored = storer.stored()[-1]
    lag = {number: max(0, ends.get(number, 0) - span.end) for number, span in planned.items()}
    took_ms = max(1, sum(stored.phases_ms.values()))
    progress = BatchProgress(
        batch_id=stored.batch_id,
        started_ms=began_ms,
        duration_ms=took_ms,
        input_rows=scanned,
        input_rows_per_s=0.0,
        processed_rows_per_s=scanned * 1000 / took_ms,
        phases_ms=dict(stored.phases_ms),
        lag_records=sum(lag.values()),
        lag_by_partition=lag,
    )
    return CountedWithoutSpark(progress, value_bytes / max(1, scanned))


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


def _read(
    topic: Topic, planned: Mapping[int, Planned], lateness_us: int | None
) -> tuple[list[Packet], int, int]:
    """Packets of the judged records, how many they are, and the bytes that the judge was given."""
    starts = {number: span.start for number, span in planned.items()}
    ends = {number: span.end for number, span in planned.items()}
    made: dict[int, list[Packet]] = {n: [] for n, span in planned.items() if span.start < span.end}
    scanned = value_bytes = 0
    of_partition = attrgetter("partition")
    for records in read_range(topic.kafka, starts, ends, _RECORDS_OF_A_PACKET):
        scanned += len(records)
        for number, part in groupby(sorted(records, key=of_partition), of_partition):
            rows = list(part)
            # One byte more than may count tells the judge all that it needs of a longer value.
            values = [row.value and row.value[: MAX_VALUE_BYTES + 1] for row in rows]
            value_bytes += sum(len(value or b"") for value in values)
            made[number].append(_packet(number, rows, values, lateness_us))
    packets = [packet for each in made.values() for packet in in_order(each)]
    return packets, scanned, value_bytes


def _packet(
    partition: int,
    rows: Sequence[TopicRecord],
    values: Sequence[bytes | None],
    lateness_us: int | None,
) -> Packet:
    offsets = pa.array([row.offset for row in rows], pa.int64())
    published_ms = pa.array([row.timestamp_ms for row in rows], pa.int64())
    return packet_of(partition, judged_rows(values, offsets, published_ms, lateness_us))
