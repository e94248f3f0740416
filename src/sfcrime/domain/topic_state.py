"""What a topic holds now, against what was counted of it; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

NOTHING: Mapping[int, int] = MappingProxyType({})


class LostRange(NamedTuple):
    """Offsets [start, end) of a partition that the topic no longer holds."""

    partition: int
    start: int
    end: int

    def __str__(self) -> str:
        return f"partition {self.partition}: offsets {self.start:,} to {self.end - 1:,}"


UNKNOWN_EPOCH = -1
"""In place of a leader epoch that was not noted, or that a broker does not tell."""


class CountedEnd(NamedTuple):
    """Up to where a partition was counted, and under which leader that was proved."""

    end: int
    """The first offset that is not accounted for."""
    epoch: int = UNKNOWN_EPOCH
    """Kafka's number of that leader, higher with each election."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """Who a topic is, and where its partitions begin and end."""

    topic_id: str
    """Kafka's id: a topic that was deleted and made again has another."""
    firsts: Mapping[int, int]
    """By partition, the first offset that is still kept."""
    ends: Mapping[int, int]
    """By partition, one past the last committed offset; of a partition that lost its end and was
    written on since, where what is left of the counted records ends."""
    epochs: Mapping[int, int] = field(default_factory=dict, compare=False)
    """By partition, the epoch of its leader."""

    def lost(self, partition: int, start: int, end: int) -> list[LostRange]:
        """What of [start, end) is no longer there: its head, its tail, or all of it at once."""
        first, last = self.firsts.get(partition, 0), self.ends.get(partition, 0)
        if first >= end or last <= start:
            return [LostRange(partition, start, end)] if start < end else []
        head = LostRange(partition, start, max(first, start))
        tail = LostRange(partition, min(last, end), end)
        return [each for each in (head, tail) if each.start < each.end]


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
