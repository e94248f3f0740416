"""Finds out where a producer has to go on, and refuses a topic that it must not write to."""

from __future__ import annotations

import time

from sfcrime.domain.calls import SourceIdentity
from sfcrime.errors import TopicRefused
from sfcrime.kafka.offsets import end_offsets, first_offsets
from sfcrime.kafka.origin import OriginKind, last_message, record_origin, topic_origin
from sfcrime.settings import KafkaSettings

NOTHING = -1
"""Stands for the last sequence of a partition without a record."""

_QUIET_S = 0.3
"""A killed producer's last request may still be on its way through this machine."""


def place_to_resume(
    kafka: KafkaSettings, identity: SourceIdentity, partitions: int
) -> dict[int, int]:
    """Partition -> sequence of its last record, -1 where it has none.

    Args:
        kafka: names broker and topic.
        identity: the source that is to be published.
        partitions: of the topic, now.

    Raises:
        TopicRefused: the topic holds another source or foreign records, was given more
            partitions since its first record, or is being written to.
        KafkaUnavailable: the broker does not answer.
    """
    origin = topic_origin(kafka)
    if origin.kind is OriginKind.EMPTY:
        return dict.fromkeys(range(partitions), NOTHING)
    if origin.kind is OriginKind.FOREIGN or origin.identity is None:
        raise TopicRefused(
            f"The topic {kafka.topic} holds records that sfcrime did not publish.",
            rule="One topic holds one source, so that times and repeats can be judged.",
            next_step="choose another --topic; such a topic can be counted by `sfcrime stream`",
        )
    if origin.identity.name != identity.name:
        raise TopicRefused(
            f"The topic {kafka.topic} holds {origin.identity.title} ({origin.identity.name}), "
            f"not {identity.title} ({identity.name}).",
            rule="One topic holds one source.",
            next_step="choose another --topic (or another --data-dir), or publish the same source",
        )
    if origin.partitions != partitions:
        raise TopicRefused(
            f"The topic {kafka.topic} had {origin.partitions} partitions when its first record "
            f"was published, and has {partitions} now.",
            rule="A call's partition follows from their number, and a call must stay in its own.",
            next_step="choose another --topic",
        )
    return _last_sequences(kafka, _quiet_ends(kafka))


def _quiet_ends(kafka: KafkaSettings) -> dict[int, int]:
    """The ends of all partitions, once they stand still."""
    before = end_offsets(kafka)
    for _ in range(5):
        time.sleep(_QUIET_S)
        ends = end_offsets(kafka)
        if ends == before:
            return ends
        before = ends
    raise TopicRefused(
        f"Somebody is publishing to the topic {kafka.topic} right now.",
        rule="One producer writes to a topic.",
        next_step="stop the other producer",
    )


def _last_sequences(kafka: KafkaSettings, ends: dict[int, int]) -> dict[int, int]:
    firsts = first_offsets(kafka)
    found = {}
    for partition, end in ends.items():
        message = last_message(kafka, partition, firsts[partition], end)
        origin = None if message is None else record_origin(message)
        if message is not None and origin is None:
            raise TopicRefused(
                f"The record at offset {message.offset()} of partition {partition} of "
                f"{kafka.topic} was not published by sfcrime.",
                rule="One topic holds one source.",
                next_step="choose another --topic",
            )
        found[partition] = NOTHING if origin is None else origin.sequence
    return found
