"""Who filled a topic.

A topic is ours if and only if the first record of every non-empty partition has the headers of our
producer (`headers`). What others write after that record changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from confluent_kafka import Message

from sfcrime.domain.calls import SourceIdentity
from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import TopicRefused
from sfcrime.kafka.consumer import read_messages
from sfcrime.kafka.headers import SourceStamp, record_origin
from sfcrime.settings import KafkaSettings


class OriginKind(StrEnum):
    """Who filled a topic."""

    EMPTY = "empty"
    OURS = "ours"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class TopicOrigin:
    """Who filled a topic, and with what."""

    kind: OriginKind
    identity: SourceIdentity | None = None
    """Of a topic of ours."""
    partitions: int | None = None
    """How many partitions a topic of ours had at its first record."""


def origin_of(kafka: KafkaSettings, topic: TopicState) -> TopicOrigin:
    """Who filled the topic, by the first record of every non-empty partition.

    Args:
        kafka: names broker and topic.
        topic: as it is now.

    Raises:
        TopicRefused: it holds records of two sources of ours.
        KafkaUnavailable: the broker does not answer, or this user may not read the topic.
    """
    found: dict[str, SourceStamp] = {}
    foreign = False
    for partition, first in topic.firsts.items():
        message = _first_message(kafka, partition, first, topic.ends[partition])
        if message is None:
            continue
        origin = record_origin(message)
        if origin is None:
            foreign = True
        else:
            found[origin.source.name] = origin.source
    if foreign:
        return TopicOrigin(OriginKind.FOREIGN)
    if not found:
        return TopicOrigin(OriginKind.EMPTY)
    if len(found) > 1:
        raise TopicRefused(
            f"The topic {kafka.topic} holds records of {len(found)} sources: "
            f"{', '.join(sorted(found))}.",
            rule="One topic holds one source: times of two do not fit together.",
            next_step="choose another --topic",
        )
    (stamp,) = found.values()
    return TopicOrigin(OriginKind.OURS, stamp.identity, stamp.partitions)


def _first_message(kafka: KafkaSettings, partition: int, start: int, end: int) -> Message | None:
    """The first committed record of a partition in [start, end), if there is one."""
    for messages in read_messages(kafka, {partition: start}, {partition: end}, 1):
        return messages[0]
    return None
