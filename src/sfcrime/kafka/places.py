"""Reads single records of a topic again, by their places."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, TopicPartition

from sfcrime.domain.topic_state import TopicState
from sfcrime.kafka.client import Properties, open_consumer, translated
from sfcrime.kafka.consumer import FetchWatch
from sfcrime.kafka.reading_errors import OVERSIZED, is_oversized, passes, reading_error
from sfcrime.settings import KafkaSettings

Place = tuple[int, int]
"""Partition and offset of a record."""

_WAIT_S = 0.1
_NEAR = 1_000
"""Records up to so many offsets ahead are read on to: they take as long as a seek."""

# After a seek, the request before it must not be waited for.
_SEEKING: Properties = {"enable.partition.eof": True, "fetch.wait.max.ms": 5}


class Content(NamedTuple):
    """The value of a record, or its beginning."""

    value: bytes | None
    """Its first bytes; None where the record has no value."""
    size: int
    """Bytes of the whole value."""


def read_places(
    kafka: KafkaSettings, seen: TopicState, places: Iterable[Place], most_bytes: int
) -> dict[Place, Content | None]:
    """What stands at single offsets; None where the topic holds no record there that can be seen.

    One client reads them in order: on through what lies between near ones, and with a seek to one
    that is further ahead.

    Args:
        kafka: names broker and topic.
        seen: the topic as it is now.
        places: in any order.
        most_bytes: so many of a value are kept.

    Raises:
        KafkaUnavailable: the broker does not answer for 60 s.
    """
    found: dict[Place, Content | None] = dict.fromkeys(places)
    wanted: dict[int, deque[int]] = {}
    for partition, offset in sorted(found):
        if seen.firsts.get(partition, 0) <= offset < seen.ends.get(partition, 0):
            wanted.setdefault(partition, deque()).append(offset)
    if not wanted:
        return found
    watch = FetchWatch(kafka.topic)
    consumer = open_consumer(kafka, _SEEKING, on_statistics=watch.on_statistics)
    try:
        for partition, offsets in wanted.items():
            for offset, value in _read_offsets(consumer, kafka.topic, partition, offsets, watch):
                kept = None if value is None else value[:most_bytes]
                if value is OVERSIZED:
                    kept = b""
                found[partition, offset] = Content(kept, len(value or b""))
    finally:
        consumer.close()
    return found


def _read_offsets(
    consumer: Consumer, topic: str, partition: int, offsets: deque[int], watch: FetchWatch
) -> Iterator[tuple[int, bytes | None]]:
    """The values at the offsets, which ascend and are used up; those without a record are left out.
    One that the client cannot unpack is `OVERSIZED`."""
    begun = -1
    while offsets:
        with translated(f"reading {topic}"):
            if begun < 0:
                begun = offsets[0]
                consumer.assign([TopicPartition(topic, partition, begun)])
            message = consumer.poll(_WAIT_S)
        if message is None:
            watch.require_movement([partition])
            continue
        watch.note()
        error, offset = message.error(), message.offset()
        if error is not None and error.code() == KafkaError._PARTITION_EOF:
            return
        if is_oversized(error):
            if offsets[0] == begun:  # else it lies before the next one that is wanted
                yield offsets.popleft(), OVERSIZED
            begun = -1
            continue
        if error is not None and not passes(error):
            raise reading_error(error, message)
        if error is not None or offset is None or message.partition() != partition:
            continue
        while offsets and offsets[0] < offset:
            offsets.popleft()
        if offsets and offsets[0] == offset:
            offsets.popleft()
            yield offset, message.value()
        if offsets and offsets[0] - offset > _NEAR:
            with translated(f"reading {topic}"):
                consumer.seek(TopicPartition(topic, partition, offsets[0]))
