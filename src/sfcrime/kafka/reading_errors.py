"""What a reader is given in place of records: errors that pass, and those that end the reading.

Records that were packed together and unpack to more than the client takes do neither. The client
refuses them as a whole, again and again, and names no end: it is looked for, so that reading
continues after them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from sfcrime.domain.outcomes import MAX_VALUE_BYTES
from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.client import Properties, kafka_error, open_consumer, translated
from sfcrime.settings import KafkaSettings

OVERSIZED = bytes(MAX_VALUE_BYTES + 1)
"""Stands for the value of such a record: it is too large, whatever it is."""

_PROBING: Properties = {"enable.partition.eof": True, "fetch.message.max.bytes": 1}
_WAIT_S = 15.0


class Oversized(Exception):
    """Ends a reading that has come to such records.

    Args:
        partition: theirs.
        first: the offset of their first.
    """

    def __init__(self, partition: int, first: int) -> None:
        self.partition, self.first = partition, first
        super().__init__(f"partition {partition}, offset {first}")


class OffsetSpan(NamedTuple):
    """Offsets [start, end) of a partition."""

    partition: int
    start: int
    end: int


def is_oversized(error: KafkaError | None) -> bool:
    """Whether that is what a reader met: brokers take nothing that is packed in no proper way, and
    what a disk spoilt fails its checksum before."""
    return error is not None and error.code() == KafkaError._BAD_COMPRESSION


def oversized_span(kafka: KafkaSettings, met: Oversized) -> OffsetSpan:
    """Where the records that were met end, found in steps of twice the length, then by halves.

    Where the broker is silent for 15 s meanwhile, it is a part of them: never a record that can be
    read. Reading on from its end tells what is wrong.
    """
    consumer = open_consumer(kafka, _PROBING)
    try:
        within, step = met.first, 1
        while not _can_read(consumer, kafka.topic, met.partition, within + step):
            within, step = within + step, 2 * step
        after = within + step
        while after - within > 1:
            middle = (within + after) // 2
            if _can_read(consumer, kafka.topic, met.partition, middle):
                after = middle
            else:
                within = middle
        return OffsetSpan(met.partition, met.first, after)
    finally:
        consumer.close()


def _can_read(consumer: Consumer, topic: str, partition: int, offset: int) -> bool:
    """Whether the client, beginning at an offset, is given a record or comes to the end."""
    with translated(f"reading {topic}"):
        consumer.assign([TopicPartition(topic, partition, offset)])
    for message in _given(consumer, topic):
        error = message.error()
        if is_oversized(error):
            return False
        if error is None or error.code() == KafkaError._PARTITION_EOF:
            return True
    return True


def _given(consumer: Consumer, topic: str) -> Iterator[Message]:
    while True:
        with translated(f"reading {topic}"):
            message = consumer.poll(_WAIT_S)
        if message is None:
            return
        yield message


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
    """Our error for one that ends the reading, or `Oversized`."""
    if is_oversized(error):
        return Oversized(message.partition() or 0, message.offset() or 0)
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        return KafkaUnavailable(
            f"Partition {message.partition()} of {message.topic()} no longer has all the records "
            f"that were asked for: {error.str()}.",
            rule="A range can only be read while the topic keeps it.",
            next_step="sfcrime status shows what was counted; check the topic's retention",
        )
    return kafka_error(error, f"reading {message.topic() or 'the topic'}")
