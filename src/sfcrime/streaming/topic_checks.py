"""Refuses a topic that can no longer be counted on from where the ledger ends. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from sfcrime.domain.topic_state import TopicState, require_same
from sfcrime.errors import TopicRefused
from sfcrime.store.records import Generation
from sfcrime.streaming.fingerprint import REBUILD


def next_offsets(
    generation: Generation, reached: Mapping[int, int], topic: TopicState
) -> dict[int, int]:
    """Where the query begins, and a refusal of a topic that cannot be read on from there.

    Args:
        generation: what is counted.
        reached: by partition, the first offset that is not accounted for; a partition that was
            added since begins at 0.
        topic: as it is now.

    Returns:
        By partition of the topic, the first offset to read.

    Raises:
        TopicMadeAnew: it was deleted and made again.
        TopicRefused: it ends before the ledger does, or lost records that were never read.
    """
    require_same(generation.topic, generation.topic_id, topic.topic_id)
    for partition in sorted({*reached, *topic.ends}):
        end = reached.get(partition, 0)
        last, first = topic.ends.get(partition, 0), topic.firsts.get(partition, 0)
        if last < end:
            raise TopicRefused(
                f"Partition {partition} of {generation.topic} ends at offset {last:,}; records up "
                f"to {end:,} were counted.",
                rule="A topic that lost its end was restored or lost data: the offsets behind it "
                "are given again to other records.",
                next_step=f"restore the topic, or count what it holds: {REBUILD} --accept-loss",
            )
        if first > end:
            raise _deleted(generation, partition, end, first)
    return {partition: reached.get(partition, 0) for partition in topic.ends}


def require_still_held(
    generation: Generation, topic_id: str, firsts: Mapping[int, int], starts: Mapping[int, int]
) -> None:
    """Refuses a batch whose records were deleted while it was read: they would pass as gaps.

    Args:
        generation: what is counted.
        topic_id: of the topic, asked for behind the reading.
        firsts: by partition, the first offset that the topic still held then.
        starts: by partition, where the batch began, where it read anything.

    Raises:
        TopicMadeAnew: the topic was deleted and made again.
        TopicRefused: naming the range.
    """
    require_same(generation.topic, generation.topic_id, topic_id)
    for partition, start in starts.items():
        if firsts.get(partition, 0) > start:
            raise _deleted(generation, partition, start, firsts[partition])


def _deleted(generation: Generation, partition: int, end: int, first: int) -> TopicRefused:
    return TopicRefused(
        f"Partition {partition} of {generation.topic} begins at offset {first:,}; records "
        f"{end:,} to {first - 1:,} were deleted before they were counted.",
        rule="Every record of the topic ends as one of four outcomes, so none is skipped.",
        next_step="set the topic's retention.ms=-1, then count what it still holds: "
        f"{REBUILD} --accept-loss",
    )
