"""What a topic holds now, against what was counted of it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sfcrime.errors import TopicMadeAnew


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
        TopicMadeAnew: naming both ids.
    """
    if counted_id != found_id:
        raise TopicMadeAnew(topic, counted_id, found_id)


def is_caught_up(reached: Mapping[int, int], ends: Mapping[int, int]) -> bool:
    """Whether every partition is accounted for up to where it ends.

    Args:
        reached: by partition, the first offset that is not accounted for; 0 where none is.
        ends: by partition of the topic.
    """
    return all(reached.get(partition, 0) >= end for partition, end in ends.items())
