"""Reads exact ranges of a topic: every record a `read_committed` reader can see, nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.client import Properties, kafka_error, open_consumer, translated
from sfcrime.kafka.fetch_watch import FetchWatch
from sfcrime.kafka.headers import SequenceReader
from sfcrime.kafka.oversized import (
    OVERSIZED,
    OffsetSpan,
    Oversized,
    is_oversized,
    oversized_span,
)
from sfcrime.settings import KafkaSettings

Offsets = Mapping[int, int]
"""By partition."""

_WAIT_S = 0.1
"""The client waits so long for a list to fill, even at the end of a partition."""

_NO_TIMESTAMP = -1

FETCHING: Properties = {
    # Bounds memory: 32 MB wait in the client, whatever the length of the topic.
    "queued.max.messages.kbytes": 32 * 1024,
    # All of a fetch is unpacked at once: 30,000 times as much where zeros are packed by zstd.
    "fetch.message.max.bytes": 32 * 1024,
    # The client waits so long, by default a second, once its queue is full.
    "fetch.queue.backoff.ms": 10,
    "fetch.wait.max.ms": 100,
    "check.crcs": True,
}
"""How records are fetched, by whatever reads many of them."""


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
        KafkaUnavailable: the broker sends nothing for 15 s, the topic does not exist, or a
            partition no longer has all of its range.
    """
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
    """As `read_messages`, and the offsets between them that the client cannot unpack."""
    at = dict(start)
    while True:
        try:
            for messages in _read_on(kafka, at, end, batch, committed=committed):
                _note_reached(at, messages)
                yield messages
            return
        except Oversized as met:
            number, found = met.partition, oversized_span(kafka, met)
            span = OffsetSpan(number, max(found.start, at[number]), min(found.end, end[number]))
            yield span
            at[number] = span.end


def _note_reached(at: dict[int, int], messages: list[Message]) -> None:
    """Moves the first offset to read of each partition to the one after its last message."""
    seen: set[int] = set()
    for message in reversed(messages):
        partition = message.partition() or 0
        if partition not in seen:
            seen.add(partition)
            at[partition] = (message.offset() or 0) + 1
            if len(seen) == len(at):
                return


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
        if not isinstance(found, OffsetSpan):
            yield found


def _read_on(
    kafka: KafkaSettings, start: Offsets, end: Offsets, batch: int, *, committed: bool
) -> Iterator[list[Message]]:
    """As `read_messages`, up to what the client cannot unpack, which raises `Oversized`."""
    open_ends = {number: end[number] for number in start if start[number] < end[number]}
    if not open_ends:
        return
    # The client reports the end of a partition even where its last offsets are transaction markers.
    isolation = "read_committed" if committed else "read_uncommitted"
    watch = FetchWatch(kafka.topic)
    consumer = open_consumer(
        kafka,
        FETCHING | {"enable.partition.eof": True, "isolation.level": isolation},
        on_statistics=watch.on_statistics,
    )
    try:
        with translated(f"reading {kafka.topic}"):
            consumer.assign(
                [TopicPartition(kafka.topic, number, start[number]) for number in open_ends]
            )
        while open_ends:
            with translated(f"reading {kafka.topic}"):
                messages = consumer.consume(batch, _WAIT_S)
            wanted, oversized = _wanted(messages, open_ends, consumer)
            if messages:
                watch.note()
            else:
                watch.require_movement(open_ends)
            if wanted:
                yield wanted
            if oversized is not None:
                raise oversized
    finally:
        consumer.close()


def _wanted(
    messages: list[Message], open_ends: dict[int, int], consumer: Consumer
) -> tuple[list[Message], Oversized | None]:
    """The records among them; up to where the client cannot unpack what comes next."""
    wanted: list[Message] = []
    for message in messages:
        if is_oversized(message.error()) and message.partition() in open_ends:
            return wanted, Oversized(message.partition() or 0, message.offset() or 0)
        if _take(message, open_ends, consumer):
            wanted.append(message)
    return wanted, None


def _take(message: Message, open_ends: dict[int, int], consumer: Consumer) -> bool:
    """Whether the message is a record of the range; closes a partition that is at its end."""
    partition, offset = message.partition(), message.offset()
    error = message.error()
    if error is not None and error.code() != KafkaError._PARTITION_EOF:
        if passes(error):
            return False  # a stall ends the reading
        raise reading_error(error, message)
    if partition is None or offset is None or partition not in open_ends:
        return False
    end = open_ends[partition]
    is_record = error is None
    if offset >= (end - 1 if is_record else end):
        del open_ends[partition]
        consumer.incremental_unassign([TopicPartition(message.topic() or "", partition)])
    return is_record and offset < end


def passes(error: KafkaError, *, in_group: bool = False) -> bool:
    """Whether reading continues after an error: the client connects again by itself.

    It looks for the coordinator of its group even where no group is used (`open_consumer`), and may
    be refused that.
    """
    if error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED:
        return not in_group
    passing = (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT)
    return error.retriable() or error.code() in passing


def reading_error(error: KafkaError, message: Message) -> Exception:
    """Our error for one that ends the reading."""
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        return KafkaUnavailable(
            f"Partition {message.partition()} of {message.topic()} no longer has all the records "
            f"that were asked for: {error.str()}.",
            rule="A range can only be read while the topic keeps it.",
            next_step="sfcrime status shows what was counted; check the topic's retention",
        )
    return kafka_error(error, f"reading {message.topic() or 'the topic'}")
