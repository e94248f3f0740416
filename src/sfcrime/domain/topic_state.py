"""What a topic holds now, against what was counted of it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple, Protocol

from sfcrime.errors import RecordsDeleted, TopicMadeAgain, TopicRefused

NOTHING: Mapping[int, int] = MappingProxyType({})


class CountedTopic(Protocol):
    """The topic that was counted; a generation of the store knows it."""

    @property
    def topic(self) -> str:
        """Its name."""

    @property
    def topic_id(self) -> str:
        """Kafka's id of it."""


class LostRange(NamedTuple):
    """Offsets [start, end) of a partition that the topic no longer holds."""

    partition: int
    start: int
    end: int

    def __str__(self) -> str:
        return f"partition {self.partition}: offsets {self.start:,} to {self.end - 1:,}"


@dataclass(frozen=True, slots=True)
class TopicState:
    """Who a topic is, and where its partitions begin and end."""

    topic_id: str
    """Kafka's id: a topic that was deleted and made again has another."""
    firsts: Mapping[int, int]
    """By partition, the first offset that is still kept."""
    ends: Mapping[int, int]
    """By partition, one past the last committed offset."""

    def lost(self, partition: int, start: int, end: int) -> list[LostRange]:
        """What of [start, end) is no longer there: its head, its tail, or all of it at once."""
        first, last = self.firsts.get(partition, 0), self.ends.get(partition, 0)
        if first >= end or last <= start:
            return [LostRange(partition, start, end)] if start < end else []
        head = LostRange(partition, start, max(first, start))
        tail = LostRange(partition, min(last, end), end)
        return [each for each in (head, tail) if each.start < each.end]


def require_same(topic: str, counted_id: str, found_id: str) -> None:
    """Refuses a topic that was deleted and made again since it was counted.

    Raises:
        TopicMadeAgain: naming both ids.
    """
    if counted_id != found_id:
        raise TopicMadeAgain(topic, counted_id, found_id)


def next_offsets(
    counted: CountedTopic, reached: Mapping[int, int], topic: TopicState
) -> dict[int, int]:
    """Where the next start reads on, and a refusal of a topic that cannot be read on from there.

    Args:
        counted: what was counted.
        reached: by partition, the first offset that is not accounted for; a partition that was
            added since begins at 0.
        topic: as it is now.

    Returns:
        By partition of the topic, the first offset to read.

    Raises:
        TopicMadeAgain: it was deleted and made again.
        TopicRefused: it ends before the ledger does, or lost records that were never read.
    """
    require_same(counted.topic, counted.topic_id, topic.topic_id)
    for partition in sorted({*reached, *topic.ends}):
        end = reached.get(partition, 0)
        last, first = topic.ends.get(partition, 0), topic.firsts.get(partition, 0)
        if last < end:
            raise TopicRefused(
                f"Partition {partition} of {counted.topic} ends at offset {last:,}; records up "
                f"to {end:,} were counted.",
                rule="A topic that lost its end was restored or lost data: the offsets after it "
                "are given again to other records.",
                next_step="restore the topic, or count what it holds: "
                "sfcrime rebuild --accept-loss",
            )
        if first > end:
            raise RecordsDeleted(counted.topic, partition, end, first)
    return {partition: reached.get(partition, 0) for partition in topic.ends}


def require_still_held(
    counted: CountedTopic, topic_id: str, firsts: Mapping[int, int], starts: Mapping[int, int]
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


def lag(
    reached: Mapping[int, int], ends: Mapping[int, int], firsts: Mapping[int, int] = NOTHING
) -> dict[int, int]:
    """By partition of the topic, how many offsets are not accounted for.

    Args:
        reached: by partition, the first offset that is not accounted for.
        ends: by partition of the topic.
        firsts: where a partition begins of which nothing is accounted for; else it begins at 0.
    """
    return {
        partition: max(0, end - reached.get(partition, firsts.get(partition, 0)))
        for partition, end in sorted(ends.items())
    }


def is_caught_up(reached: Mapping[int, int], ends: Mapping[int, int]) -> bool:
    """Whether every partition is accounted for up to where it ends; arguments as of `lag`."""
    return not any(lag(reached, ends).values())
