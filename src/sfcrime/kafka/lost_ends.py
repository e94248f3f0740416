"""Finds partitions that lost the end of what was counted, though they may have grown past it.

Kafka numbers the leaders of a partition: each election begins an epoch, and every leader knows at
which offset each epoch ended in its log. A leader that has all that another one had acknowledged
begins where that one ended; one that lacks some of it, by an unclean election or because its disk
lost what was not yet written, begins earlier, and gives the same offsets to other records. So where
the epoch of the leader under which records were counted ends before they do, their end was lost.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from sfcrime.domain.topic_state import CountedEnd
from sfcrime.kafka.asking import BROKER_WAIT_S
from sfcrime.kafka.client import Properties, open_consumer, translated
from sfcrime.kafka.consumer import FetchWatch
from sfcrime.kafka.reading_errors import is_oversized, passes, reading_error
from sfcrime.settings import KafkaSettings

_ASKING: Properties = {
    "enable.partition.eof": True,
    # Told that the end was lost, the client goes on reading where it is.
    "auto.offset.reset": "earliest",
    # Nothing is hidden by a transaction that is open.
    "isolation.level": "read_uncommitted",
    "fetch.message.max.bytes": 1,
}
_WAIT_S = 0.1
_PAUSE_S = 0.01


def lost_ends(kafka: KafkaSettings, counted: Mapping[int, CountedEnd]) -> dict[int, int]:
    """Of the partitions that lost the end of what was counted, where it was lost: the first offset
    that is gone, or holds another record now. 0 or the first that is kept where nothing of it can
    be proved: the epoch is one that the topic never had.

    Args:
        kafka: names broker and topic.
        counted: by partition, what was counted, with the epoch of a leader under which all of it
            stood in the topic. Its end is above the first offset that is kept.

    Raises:
        KafkaUnavailable: no leader answers.
    """
    if not counted:
        return {}
    found: dict[int, int] = {}
    watch = FetchWatch(kafka.topic)
    consumer = open_consumer(kafka, _ASKING, on_statistics=watch.on_statistics)
    try:
        with translated(f"reading {kafka.topic}"):
            consumer.assign([TopicPartition(kafka.topic, n, counted[n].end) for n in counted])
            for number, each in counted.items():
                place = TopicPartition(kafka.topic, number, each.end, leader_epoch=each.epoch)
                _seek(consumer, place)
        while len(found) < len(counted):
            with translated(f"reading {kafka.topic}"):
                message = consumer.poll(_WAIT_S)
            if message is None:
                watch.require_movement(counted.keys() - found.keys())
            elif _tells_a_place(message):
                found.setdefault(message.partition() or 0, message.offset() or 0)
    finally:
        consumer.close()
    return {number: at for number, at in found.items() if at < counted[number].end}


def _seek(consumer: Consumer, place: TopicPartition) -> None:
    """A seek asks the leader where the epoch ended, before it reads; an assignment alone does not.
    It takes a moment until the client can."""
    deadline = time.monotonic() + BROKER_WAIT_S
    while True:
        try:
            consumer.seek(place)
        except KafkaException as error:
            if error.args[0].code() != KafkaError._STATE or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _tells_a_place(message: Message) -> bool:
    """Whether it says where the client has come to read: a record, or the end of the partition."""
    error = message.error()
    if error is None or is_oversized(error) or error.code() == KafkaError._PARTITION_EOF:
        return True
    if passes(error) or error.code() == KafkaError._LOG_TRUNCATION:
        return False
    raise reading_error(error, message)
