"""The stream's side: what a job does with its batches once Spark has read them.

They are judged into packets, proved, told from repeats, counted and committed to a store. Only
Kafka and Spark themselves are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from random import Random
from typing import Any, cast

import pyarrow as pa
from fuzz_topics import FuzzTopic

from sfcrime.domain.outcomes import MAX_VALUE_BYTES
from sfcrime.kafka.consumer import TopicRecord
from sfcrime.kafka.topic import TopicHead
from sfcrime.store.records import Generation
from sfcrime.store.writer import open_writer
from sfcrime.streaming.batches import BatchStorer
from sfcrime.streaming.intake import judged_rows, packets_of_task
from sfcrime.streaming.packets import Packet, in_order, packet_of
from sfcrime.streaming.read_batch import PhaseClock, Planned, ReadBatch, Scan

_MOST_SPARK_MS = (2**63 - 1) // 1000
"""Spark counts timestamps in microseconds; batches beyond it are read without Spark."""
_PARTITION = attrgetter("partition")


def placed_records(topic: FuzzTopic) -> list[list[TopicRecord]]:
    """The records of each batch with their offsets."""
    ends: dict[int, int] = {}
    batches = []
    for batch in topic.batches:
        placed = []
        for record in batch:
            offset = ends.get(record.partition, 0) + record.skipped
            ends[record.partition] = offset + 1
            placed.append(
                TopicRecord(record.partition, offset, record.published_ms, None, record.value)
            )
        batches.append(placed)
    return batches


def read_batch(number: int, records: Sequence[TopicRecord], topic: FuzzTopic) -> ReadBatch:
    """A batch as the query gives it: of each partition one packet or several."""
    lateness_us = None if topic.lateness_s is None else topic.lateness_s * 1_000_000
    packets = []
    planned = {}
    sizes = Random(number * 1_000_003 + len(records))
    for partition, part in groupby(sorted(records, key=_PARTITION), _PARTITION):
        rows = list(part)
        size = sizes.randint(1 + len(rows) // 20, 2 * len(rows))
        parts = [rows[at : at + size] for at in range(0, len(rows), size)]
        packets += _packets(partition, parts, lateness_us, task=len(planned))
        planned[partition] = Planned(_start(topic, number, partition), rows[-1].offset + 1)
    return ReadBatch(number, packets, Scan(planned, len(records), True), PhaseClock())


def _start(topic: FuzzTopic, number: int, partition: int) -> int:
    """Where a batch begins: offsets that hold no record belong to the batch behind them."""
    before = (record for batch in topic.batches[:number] for record in batch)
    return sum(1 + record.skipped for record in before if record.partition == partition)


def _packets(
    partition: int, parts: Sequence[Sequence[TopicRecord]], lateness_us: int | None, task: int
) -> list[Packet]:
    """As a task of Spark makes them, or as they are made without Spark where it cannot read."""
    if max(abs(row.timestamp_ms) for part in parts for row in part) <= _MOST_SPARK_MS:
        return list(packets_of_task(map(_as_spark_gives, parts), lateness_us, task))
    made = (
        packet_of(
            partition,
            judged_rows(
                _values(part),
                pa.array([row.offset for row in part], pa.int64()),
                pa.array([row.timestamp_ms for row in part], pa.int64()),
                lateness_us,
            ),
        )
        for part in parts
    )
    return list(in_order(made, task))


def _values(rows: Sequence[TopicRecord]) -> list[bytes | None]:
    return [row.value and row.value[: MAX_VALUE_BYTES + 1] for row in rows]  # as Spark cuts them


def _as_spark_gives(rows: Sequence[TopicRecord]) -> pa.RecordBatch:
    stamps = [row.timestamp_ms * 1000 for row in rows]
    return pa.RecordBatch.from_pydict(
        {
            "value": pa.array(_values(rows), pa.binary()),
            "partition": pa.array([row.partition for row in rows], pa.int32()),
            "offset": pa.array([row.offset for row in rows], pa.int64()),
            "timestamp": pa.array(stamps, pa.timestamp("us", "UTC")),
        }
    )


class _ListedTopic:
    """The topic as a job asks about it before it commits."""

    def __init__(self, topic_id: str) -> None:
        self._topic_id = topic_id

    def ask_head(self, starts: Mapping[int, int]) -> Callable[[], TopicHead]:
        return lambda: TopicHead(self._topic_id, dict.fromkeys(starts, 0))

    def require_lasting_offsets(self) -> None:
        """Offsets without a record stay so."""


def store_batches(
    path: Path, generation: Generation, reads: Sequence[ReadBatch]
) -> Mapping[int, int]:
    """Counts the batches into a new store; by partition, where its ledger ends."""
    with open_writer(path, history_rows=1_000_000) as writer:
        writer.create_generation(generation)
        storer = BatchStorer(writer, generation, cast(Any, _ListedTopic(generation.topic_id)))
        for each in reads:
            storer.store(each)
        return dict(storer.ends)
