"""Reads exact ranges of a topic: every record a `read_committed` reader can see, nothing else."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.asking import BROKER_WAIT_S
from sfcrime.kafka.client import open_consumer, translated
from sfcrime.kafka.headers import SequenceReader
from sfcrime.kafka.reading_errors import (
    OVERSIZED,
    OffsetSpan,
    Oversized,
    is_oversized,
    oversized_span,
    passes,
    reading_error,
)
from sfcrime.settings import KafkaSettings

Offsets = Mapping[int, int]
"""By partition."""

_WAIT_S = 0.1
"""The client waits so long for a list to fill, even at the end of a partition."""

_NO_TIMESTAMP = -1


class TopicRecord(NamedTuple):
    """One record read back from Kafka."""

    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    sequence: int | None = None
    """Its position in our producer's source, by its headers; None where it has none of that
    source, and where headers were not asked for."""


def read_range(
    kafka: KafkaSettings, start: Offsets, end: Offsets, batch: int = 1_000, source_name: str = ""
) -> Iterator[list[TopicRecord]]:
    """Every committed record with start <= offset < end, in batches.

    A partition's records come in the order of their offsets; partitions are mixed. Offsets
    without a record (transaction markers, aborted or compacted records) are passed over. A record
    that the client cannot unpack has the value `OVERSIZED`, and no timestamp.

    Args:
        kafka: names broker and topic.
        start: first offset of every partition that is read.
        end: one past the last offset; at most the partition's last stable offset.
        batch: at most so many records are in a list; none is empty.
        source_name: headers are parsed for the sequences of this source's records. They cost about
            a microsecond a record; nothing where it is empty.

    Raises:
        KafkaUnavailable: the broker sends nothing for 60 s, the topic does not exist, or a
            partition no longer has all of its range.
    """
    lists = read_range_and_pauses(kafka, start, end, batch, source_name)
    return (records for records in lists if records)


def read_range_and_pauses(
    kafka: KafkaSettings, start: Offsets, end: Offsets, batch: int = 1_000, source_name: str = ""
) -> Iterator[list[TopicRecord]]:
    """As `read_range`, and an empty list wherever nothing has come for 0.1 s, so that whoever reads
    can look at something else then."""
    reader = SequenceReader(source_name) if source_name else None
    for found in _read(kafka, start, end, batch, committed=True):
        if isinstance(found, OffsetSpan):
            for begin in range(found.start, found.end, batch):
                offsets = range(begin, min(begin + batch, found.end))
                yield [
                    TopicRecord(found.partition, each, _NO_TIMESTAMP, None, OVERSIZED)
                    for each in offsets
                ]
        elif reader is None:
            yield [record_of(message) for message in found]
        else:
            yield [record_of(each, reader.sequence_of(each)) for each in found]


def _read(
    kafka: KafkaSettings, start: Offsets, end: Offsets, batch: int, *, committed: bool
) -> Iterator[list[Message] | OffsetSpan]:
    """As `read_messages`, and the offsets between them that the client cannot unpack; an empty list
    where nothing has come for a while."""
    at = dict(start)
    while True:
        try:
            yield from _read_on(kafka, at, end, batch, committed=committed)
            return
        except Oversized as met:
            number, found = met.partition, oversized_span(kafka, met)
            span = OffsetSpan(number, max(found.start, at[number]), min(found.end, end[number]))
            yield span
            at[number] = span.end


def record_of(message: Message, sequence: int | None = None) -> TopicRecord:
    """The record of a message that is not an error."""
    return TopicRecord(
        message.partition() or 0,
        message.offset() or 0,
        message.timestamp()[1],
        message.key(),
        message.value(),
        sequence,
    )


def read_messages(
    kafka: KafkaSettings, start: Offsets, end: Offsets, batch: int, *, committed: bool = True
) -> Iterator[list[Message]]:
    """As `read_range`, but the client's own messages, which have headers; what the client cannot
    unpack is passed over.

    Args:
        kafka, start, end, batch: as there.
        committed: False: gives records of transactions that are open or were aborted too; `end`
            may then be up to the partition's last offset of all.
    """
    for found in _read(kafka, start, end, batch, committed=committed):
        if found and not isinstance(found, OffsetSpan):
            yield found


def _read_on(
    kafka: KafkaSettings, at: dict[int, int], end: Offsets, batch: int, *, committed: bool
) -> Iterator[list[Message]]:
    """As `_read`, up to what the client cannot unpack, which raises `Oversized`.

    Moves `at`, by partition the first offset to read, to the one after what was read.
    """
    open_ends = {number: end[number] for number in at if at[number] < end[number]}
    if not open_ends:
        return
    # The client reports the end of a partition even where its last offsets are transaction markers.
    isolation = "read_committed" if committed else "read_uncommitted"
    watch = FetchWatch(kafka.topic)
    consumer = open_consumer(
        kafka,
        {"enable.partition.eof": True, "isolation.level": isolation},
        on_statistics=watch.on_statistics,
    )
    try:
        with translated(f"reading {kafka.topic}"):
            consumer.assign(
                [TopicPartition(kafka.topic, number, at[number]) for number in open_ends]
            )
        while open_ends:
            with translated(f"reading {kafka.topic}"):
                messages = consumer.consume(batch, _WAIT_S)
            wanted, oversized = _wanted(messages, at, open_ends, consumer)
            if messages:
                watch.note()
            else:
                watch.require_movement(open_ends)
            yield wanted
            if oversized is not None:
                raise oversized
    finally:
        consumer.close()


def _wanted(
    messages: list[Message], at: dict[int, int], open_ends: dict[int, int], consumer: Consumer
) -> tuple[list[Message], Oversized | None]:
    """The records among them; up to where the client cannot unpack what comes next."""
    wanted: list[Message] = []
    try:
        for message in messages:
            if _take(message, at, open_ends, consumer):
                wanted.append(message)
    except Oversized as met:
        return wanted, met
    return wanted, None


def _take(
    message: Message, at: dict[int, int], open_ends: dict[int, int], consumer: Consumer
) -> bool:
    """Whether the message is a record of the range; closes a partition that is at its end."""
    partition, offset = message.partition(), message.offset()
    error = message.error()
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        if passes(error) or (is_oversized(error) and partition not in open_ends):
            return False  # a stall ends the reading
        raise reading_error(error, message)
    if partition is None or offset is None or partition not in open_ends:
        return False
    end = open_ends[partition]
    is_record = error is None
    if offset >= (end - 1 if is_record else end):
        del open_ends[partition]
        consumer.incremental_unassign([TopicPartition(message.topic() or "", partition)])
    if is_record:
        at[partition] = offset + 1
    return is_record and offset < end


class FetchWatch:
    """Whether a consumer of one topic gets on; `on_statistics` is to be its `stats_cb`.

    Offsets whose records cannot be seen, as those of an aborted transaction, are passed over within
    the client: it may fetch gigabytes and give nothing. Its statistics alone tell.
    """

    def __init__(self, topic: str) -> None:
        self._topic = topic
        self._next_offsets: dict[str, int] = {}
        self._moved = time.monotonic()

    def on_statistics(self, report: str) -> None:
        """Takes the client's statistics, a JSON text; called while it is asked for records."""
        partitions = json.loads(report)["topics"].get(self._topic, {}).get("partitions", {})
        before, self._next_offsets = (
            self._next_offsets,
            {number: each["next_offset"] for number, each in partitions.items()},
        )
        # Below 0 it is not known yet where to begin.
        if any(0 <= before.get(each, -1) < now for each, now in self._next_offsets.items()):
            self.note()

    def note(self) -> None:
        """Notes that the consumer was given something."""
        self._moved = time.monotonic()

    @property
    def quiet_s(self) -> float:
        """Seconds since the consumer was given something or its client fetched something."""
        return time.monotonic() - self._moved

    def require_movement(self, partitions: Collection[int]) -> None:
        """Refuses a consumer that has stood still for too long.

        Args:
            partitions: those with offsets still to read.

        Raises:
            KafkaUnavailable: naming them.
        """
        if self.quiet_s > BROKER_WAIT_S:
            raise KafkaUnavailable(
                f"Kafka gave nothing of {self._topic} for {BROKER_WAIT_S:.0f} s, "
                f"with offsets still to read in partitions {sorted(partitions)}.",
                next_step="check that the broker runs",
            )
