"""Records that were packed together and unpack to more than the client takes.

The client refuses them as a whole, again and again, and names no end: it is looked for, so that
reading continues after them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from sfcrime.domain.outcomes import MAX_VALUE_BYTES
from sfcrime.kafka.client import Properties, open_consumer, translated
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

    Raises:
        KafkaUnavailable: the broker does not answer for 15 s.
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
