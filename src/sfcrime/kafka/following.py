"""Reads a topic as it grows: records in the order they arrive, until told to stop."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Event

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from sfcrime.kafka.asking import BROKER_WAIT_S
from sfcrime.kafka.client import Properties, kafka_error, open_consumer, translated
from sfcrime.kafka.connection import require_answer
from sfcrime.kafka.consumer import FetchWatch, TopicRecord, record_of
from sfcrime.kafka.reading_errors import passes
from sfcrime.kafka.topic import Topic
from sfcrime.settings import KafkaSettings

_WAIT_S = 0.2
"""The client waits so long for a list to fill; a signal is heard after that at the latest."""

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Following:
    """Where to begin, and when to end."""

    from_beginning: bool = False
    """Begin with the first record that is kept; else with the first that comes."""
    group: str = ""
    """Share the partitions with others of this consumer group, and continue where it stopped;
    empty: read all of them and commit nothing."""
    max_records: int | None = None
    quiet_s: float | None = None
    """End when no record has come, and nothing was passed over, for so long."""


def follow_topic(kafka: KafkaSettings, plan: Following, stop: Event) -> Iterator[list[TopicRecord]]:
    """Committed records in batches; each partition's in the order of offsets, none is empty.

    A group's offsets cover a batch once the next one is asked for: what a reader that was killed
    had not finished is given again.

    Raises:
        KafkaUnavailable: the broker does not answer, the topic does not exist, or this user may
            not read it.
    """
    topic = Topic(kafka)
    topic.require_exists()
    reported = deque[KafkaError](maxlen=100)  # one broker of several may be dead for ever
    watch = FetchWatch(kafka.topic)
    consumer = open_consumer(kafka, _properties(plan), reported.append, watch.on_statistics)
    try:
        _begin(consumer, topic, plan)
        left = plan.max_records
        while not stop.is_set() and left != 0:
            with translated(f"reading {kafka.topic}"):
                messages = consumer.consume(min(_BATCH, left or _BATCH), _WAIT_S)
            records = [record_of(each) for each in messages if _is_record(each, kafka, plan)]
            if records:
                watch.note()
                left = None if left is None else left - len(records)
                yield records
                if plan.group:
                    _mark_read(consumer, kafka.topic, records)
            elif plan.quiet_s is not None and watch.quiet_s > plan.quiet_s:
                return
            elif any(each.code() == KafkaError._ALL_BROKERS_DOWN for each in reported):
                require_answer(kafka, BROKER_WAIT_S)
                reported.clear()
    finally:
        consumer.close()


def _properties(plan: Following) -> Properties:
    if not plan.group:
        return {}
    return {
        "group.id": plan.group,
        "enable.auto.commit": True,  # of what was marked as read; at the latest when it closes
        "auto.offset.reset": "earliest" if plan.from_beginning else "latest",
    }


def _begin(consumer: Consumer, topic: Topic, plan: Following) -> None:
    if plan.group:
        with translated(f"joining the group {plan.group}"):
            consumer.subscribe([topic.name])
        return
    places = topic.first_offsets() if plan.from_beginning else topic.end_offsets()
    with translated(f"reading {topic.name}"):
        consumer.assign([TopicPartition(topic.name, *place) for place in places.items()])


def _is_record(message: Message, kafka: KafkaSettings, plan: Following) -> bool:
    error = message.error()
    if error is None:
        return True
    if passes(error, in_group=bool(plan.group)):
        return False
    raise kafka_error(error, f"reading {kafka.topic}")


def _mark_read(consumer: Consumer, topic: str, records: list[TopicRecord]) -> None:
    ends = {record.partition: record.offset + 1 for record in records}
    # A partition that went to another member meanwhile is read again there.
    with contextlib.suppress(KafkaException):
        consumer.store_offsets(offsets=[TopicPartition(topic, *end) for end in ends.items()])
