"""Reads a batch without Spark, by the other client: what Spark's source or its heap cannot take.

Spark's source ends the query at a timestamp beyond its own range, whatever columns are asked for,
and a record of some hundred megabytes does not fit into the driver's heap several times. Such a
record is data like any other, so its batch is read here, judged by the same judge, and proved and
stored as every other.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping

import pyarrow as pa

from sfcrime.domain.outcomes import MAX_VALUE_BYTES
from sfcrime.domain.wall_clock import MICROS
from sfcrime.kafka.consumer import TopicRecord, read_range
from sfcrime.kafka.topic import Topic
from sfcrime.store.records import BatchProgress
from sfcrime.streaming.arrival import Planned, ReadBatch
from sfcrime.streaming.intake import judged_rows
from sfcrime.streaming.judged_rows import as_packet
from sfcrime.streaming.phases import PhaseClock
from sfcrime.streaming.storing import BatchStorer

NO_SPARK_BATCH = -1
"""In place of Spark's number of a batch, which Spark gives from 0."""

_RECORDS_AT_ONCE = 250
"""Of the largest that the client takes at once: 64 KiB each are 16 MB, and 1 MiB each 250 MB."""
_ROWS_OF_A_PACKET = 20_000
_BYTES_OPEN = 32 * 1024 * 1024


def count_plainly(
    storer: BatchStorer,
    topic: Topic,
    starts: Mapping[int, int],
    most_records: int,
    lateness_s: int | None,
) -> BatchProgress:
    """Reads, judges and commits what comes next in each partition, as one batch.

    Args:
        storer: commits it.
        topic: the one that is counted.
        starts: by partition, where the ledger ends.
        most_records: the partitions share so many offsets.
        lateness_s: allowed lateness; None: no record is late or from the future.

    Raises:
        KafkaUnavailable: the broker does not answer, or a partition no longer has its range.
        SfcrimeError: as `BatchStorer.store`.
    """
    began_ms, began = time.time_ns() // 1_000_000, time.monotonic()
    ends = topic.end_offsets()
    read = read_plainly(topic, starts, ends, most_records, lateness_s)
    storer.store(read)
    stored = storer.stored()[-1]
    took_s = time.monotonic() - began
    return BatchProgress(
        batch_id=stored.batch_id,
        started_ms=began_ms,
        duration_ms=round(took_s * 1000),
        input_rows=read.scanned,
        input_rows_per_s=0.0,
        processed_rows_per_s=read.scanned / took_s,
        phases_ms=dict(stored.phases_ms),
        lag_records=sum(max(0, ends[n] - read.planned[n].end) for n in ends.keys() & starts.keys()),
    )


def read_plainly(
    topic: Topic,
    starts: Mapping[int, int],
    ends: Mapping[int, int],
    most_records: int,
    lateness_s: int | None,
) -> ReadBatch:
    """The records of [start, end) of each partition, at most its share of `most_records`.

    For the other arguments and the errors see `count_plainly`.
    """
    clock = PhaseClock()
    share = max(1, most_records // max(1, len(starts)))
    planned = {
        number: Planned(start, max(start, min(start + share, ends.get(number, start))))
        for number, start in starts.items()
    }
    packets = _Packets(lateness_s)
    last = {number: span.end for number, span in planned.items()}
    for records in read_range(topic.kafka, starts, last, _RECORDS_AT_ONCE):
        for record in records:
            packets.add(record)
    packets.seal_all()
    clock.ends("withoutSpark")
    return ReadBatch(NO_SPARK_BATCH, packets.sealed, planned, packets.records, clock)


class _Packets:
    """Records that are being packed, by partition, in the order of their offsets."""

    def __init__(self, lateness_s: int | None) -> None:
        self._lateness_us = None if lateness_s is None else lateness_s * MICROS
        self._open: defaultdict[int, list[tuple[bytes | None, int, int]]] = defaultdict(list)
        self._bytes = 0
        self.sealed: list[tuple[int, bytes]] = []
        self.records = 0

    def add(self, record: TopicRecord) -> None:
        # One byte more than may count tells the judge all that it needs of a longer value.
        value = record.value if record.value is None else record.value[: MAX_VALUE_BYTES + 1]
        self._open[record.partition].append((value, record.offset, record.timestamp_ms))
        self.records += 1
        self._bytes += len(value or b"")
        if len(self._open[record.partition]) >= _ROWS_OF_A_PACKET or self._bytes > _BYTES_OPEN:
            self.seal_all()

    def seal_all(self) -> None:
        for number, rows in self._open.items():
            values, offsets, published_ms = zip(*rows, strict=True)
            judged = judged_rows(
                values,
                pa.array(offsets, pa.int64()),
                pa.array(published_ms, pa.int64()),
                self._lateness_us,
            )
            self.sealed.append((number, as_packet(judged)))
        self._open.clear()
        self._bytes = 0
