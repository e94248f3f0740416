"""Finds partitions that lost the end of what was counted, though they may have grown past it.

Kafka numbers the leaders of a partition: each election begins an epoch, and every leader knows at
which offset each epoch ended in its log. A leader that has all that another one had acknowledged
begins where that one ended; one that lacks some of it, by an unclean election or because its disk
lost what was not yet written, begins earlier, and gives the same offsets to other records. So where
the epoch of the leader under which records were counted ends before they do, their end was lost.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Set
from threading import Event

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from sfcrime.domain.topic_state import CountedEnd
from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.asking import Patience, require_no_stop
from sfcrime.kafka.client import Properties, open_consumer, translated
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


def lost_ends(
    kafka: KafkaSettings, counted: Mapping[int, CountedEnd], patience: Patience
) -> dict[int, int]:
    """Of the partitions that lost the end of what was counted, where it was lost: the first offset
    that is gone, or holds another record now. 0 or the first that is kept where nothing of it can
    be proved: the epoch is one that the topic never had.

    Args:
        kafka: names broker and topic.
        counted: by partition, what was counted, with the epoch of a leader under which all of it
            stood in the topic. Its end is above the first offset that is kept.
        patience: how long all of it may take together.

    Raises:
        KafkaUnavailable: the leader of a partition does not answer in time, or a stop was asked
            for.
    """
    if not counted:
        return {}
    found: dict[int, int] = {}
    deadline = patience.deadline()
    consumer = open_consumer(kafka, _ASKING)
    try:
        with translated(f"reading {kafka.topic}"):
            consumer.assign([TopicPartition(kafka.topic, n, counted[n].end) for n in counted])
            for number, each in counted.items():
                place = TopicPartition(kafka.topic, number, each.end, leader_epoch=each.epoch)
                _seek(consumer, place, deadline, patience.stop)
        while missing := counted.keys() - found.keys():
            require_no_stop(patience.stop, f"asking for lost ends of {kafka.topic}")
            if time.monotonic() > deadline:
                raise _no_answer(kafka.topic, missing)
            with translated(f"reading {kafka.topic}"):
                message = consumer.poll(_WAIT_S)
                if message is None or not _tells_a_place(message):
                    continue
                number = message.partition() or 0
                if number in missing:
                    found[number] = message.offset() or 0
                    # The others would wait behind all that it holds.
                    consumer.incremental_unassign([TopicPartition(kafka.topic, number)])
    finally:
        consumer.close()
    return {number: at for number, at in found.items() if at < counted[number].end}


def _no_answer(topic: str, partitions: Set[int]) -> KafkaUnavailable:
    return KafkaUnavailable(
        f"Kafka did not say in time where in partitions {sorted(partitions)} of {topic} the epochs "
        "of their leaders ended.",
        next_step="check that their brokers run",
    )


def _seek(consumer: Consumer, place: TopicPartition, deadline: float, stop: Event) -> None:
    """A seek asks the leader where the epoch ended, before it reads; an assignment alone does not.
    It takes a moment until the client can."""
    while True:
        try:
            consumer.seek(place)
        except KafkaException as error:
            is_early = error.args[0].code() == KafkaError._STATE
            if not is_early or time.monotonic() > deadline or stop.wait(_PAUSE_S):
                raise
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
