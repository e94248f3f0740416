"""Whether the topic still holds what a batch read of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from sfcrime.errors import KafkaUnavailable, RecordsDeleted
from sfcrime.kafka.topic_identity import require_same
from sfcrime.store.records import Generation
from sfcrime.streaming.read_batch import Planned


def require_as_long(topic: str, planned: Mapping[int, Planned], ends: Mapping[int, int]) -> None:
    """Refuses to read a batch again whose records are gone: a reader would wait for them.

    Args:
        topic: its name.
        planned: by partition, what the batch read.
        ends: by partition, where the topic ends.

    Raises:
        KafkaUnavailable: naming partition and range.
    """
    for partition, span in sorted(planned.items()):
        end = ends.get(partition, 0)
        if span.start < span.end and end < span.end:
            raise KafkaUnavailable(
                f"Partition {partition} of {topic} ends at offset {end:,}, and a batch had read "
                f"offsets {span.start:,} to {span.end - 1:,} under another leader.",
                rule="What was read counts only if it stands in the topic.",
                next_step="start again: that reads what the partition holds now",
            )


def require_still_held(
    counted: Generation, topic_id: str, firsts: Mapping[int, int], starts: Mapping[int, int]
) -> None:
    """Refuses a batch whose records were deleted while it was read: they would pass as gaps.

    Args:
        counted: what is counted.
        topic_id: of the topic, asked for after the reading.
        firsts: by partition, the first offset that the topic still held then.
        starts: by partition, where the batch began, where it read anything.

    Raises:
        TopicMadeAgain: the topic was deleted and made again.
        TopicRefused: naming the range.
    """
    require_same(counted.topic, counted.topic_id, topic_id)
    for partition, start in starts.items():
        if firsts.get(partition, 0) > start:
            raise RecordsDeleted(counted.topic, partition, start, firsts[partition])
