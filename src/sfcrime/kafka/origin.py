"""What our producer writes beside each record, and what that tells about a topic.

Every record of ours has two headers:

* `sfcrime-source`: which source it came from, and how many partitions the topic had, as JSON;
  the same bytes on every record of a topic.
* `sfcrime-sequence`: its position in the source, ASCII decimal.

A topic is ours iff the first record of every non-empty partition has them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec
from confluent_kafka import Message

from sfcrime.domain.calls import SourceIdentity
from sfcrime.errors import TopicRefused
from sfcrime.kafka.consumer import read_messages
from sfcrime.kafka.offsets import end_offsets, first_offsets
from sfcrime.settings import KafkaSettings

SOURCE_HEADER = "sfcrime-source"
SEQUENCE_HEADER = "sfcrime-sequence"


class OriginKind(StrEnum):
    """Who filled a topic."""

    EMPTY = "empty"
    OURS = "ours"
    FOREIGN = "foreign"


class SourceStamp(msgspec.Struct, frozen=True):
    """What the header `sfcrime-source` says."""

    name: str
    title: str
    synthetic: bool
    partitions: int

    @property
    def identity(self) -> SourceIdentity:
        return SourceIdentity(self.name, self.title, self.synthetic)


@dataclass(frozen=True, slots=True)
class TopicOrigin:
    """Who filled a topic, and with what."""

    kind: OriginKind
    identity: SourceIdentity | None = None
    """Of a topic of ours."""
    partitions: int | None = None
    """How many partitions a topic of ours had at its first record."""


@dataclass(frozen=True, slots=True)
class RecordOrigin:
    """What the headers of one record of ours say."""

    source: SourceStamp
    sequence: int


def source_header(identity: SourceIdentity, partitions: int) -> bytes:
    """The value of `sfcrime-source`."""
    return msgspec.json.encode(
        SourceStamp(identity.name, identity.title, identity.synthetic, partitions)
    )


def topic_origin(kafka: KafkaSettings) -> TopicOrigin:
    """Who filled the topic, by the first record of every non-empty partition.

    Raises:
        TopicRefused: it holds records of two sources of ours.
        KafkaUnavailable: the broker does not answer, or the topic does not exist.
    """
    first, end = first_offsets(kafka), end_offsets(kafka)
    found: dict[str, SourceStamp] = {}
    foreign = False
    for partition in first:
        message = first_message(kafka, partition, first[partition], end[partition])
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


def record_origin(message: Message) -> RecordOrigin | None:
    """What a record's headers say; None for a record that our producer did not write."""
    headers = dict(message.headers() or ())
    source, sequence = headers.get(SOURCE_HEADER), headers.get(SEQUENCE_HEADER)
    if source is None or sequence is None:
        return None
    try:
        return RecordOrigin(msgspec.json.decode(source, type=SourceStamp), int(sequence))
    except (ValueError, msgspec.DecodeError):
        return None


def first_message(kafka: KafkaSettings, partition: int, start: int, end: int) -> Message | None:
    """The first committed record of a partition in [start, end), if there is one."""
    for messages in read_messages(kafka, {partition: start}, {partition: end}, 1):
        return messages[0]
    return None


def last_message(kafka: KafkaSettings, partition: int, start: int, end: int) -> Message | None:
    """The last committed record of a partition in [start, end), if there is one.

    Looks back from the end in ranges that double, as the last offsets may hold no record.
    """
    length, above = 1, end
    while above > start:
        below = max(start, above - length)
        last = None
        for messages in read_messages(kafka, {partition: below}, {partition: above}, 1000):
            last = messages[-1]
        if last is not None:
            return last
        above, length = below, length * 2
    return None
