"""Finds out where a producer has to continue, and refuses a topic that it must not write to.

Anybody else may write into the topic too. Such records are passed over: what matters is the last
record of each partition whose headers name the source. Headers can be forged, so:

* A record with a sequence that the topic cannot have reached is not ours, see `_ROOM`.
* Of those that are left, the last one decides, not the one with the highest sequence. A record that
  is published twice is counted once; one that is left out is lost.
* What is left cannot be told from ours and is taken for ours. `audit` shows what came of it: it
  names each sequence that is missing, in two partitions, or out of order.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from sfcrime.domain.calls import SourceIdentity
from sfcrime.errors import TopicRefused
from sfcrime.kafka.consumer import read_messages
from sfcrime.kafka.headers import SequenceReader
from sfcrime.kafka.origin import OriginKind, TopicOrigin, origin_of
from sfcrime.kafka.topic import Topic

NOTHING = -1
"""Stands for the last sequence of a partition without a record of the source."""

_QUIET_S = 0.3
"""A killed producer's last request may still be on its way through this machine."""

_FIRST_LOOK = 100
"""Offsets looked at first; the broker sends at least as many at a time anyway."""

_BATCH = 1000

_ROOM = 10_000_000
"""A record's sequence is how many records of the source come before it. All of them are in the
topic, but for the 50,000 that a killed producer still had, and what a power cut took from another
partition: seconds of full speed. So a sequence may be above the number of the topic's offsets by
these, and never by more than ten years of calls."""


def place_to_resume(topic: Topic, identity: SourceIdentity, partitions: int) -> dict[int, int]:
    """Partition -> sequence of the source's last record in it, -1 where it has none.

    Records of others are passed over wherever they are after the first one.

    Args:
        topic: the one.
        identity: the source that is to be published.
        partitions: how many the topic has now.

    Raises:
        TopicRefused: the topic begins with another source or with foreign records, was given more
            partitions since its first record, or another producer publishes the source to it.
        KafkaUnavailable: the broker does not answer.
    """
    state = topic.state()
    origin = origin_of(topic.kafka, state)
    _refuse_other(topic.name, identity, partitions, origin)
    # A transaction of someone else that is still open hides all that follows it from a reader of
    # committed records, our records too, which belong to no transaction.
    ends = topic.end_offsets(committed=False)
    view = _View(topic, identity.name, sum(ends.values()) + _ROOM)
    found = view.last_sequences(state.firsts, ends)
    if origin.kind is OriginKind.EMPTY and set(found.values()) == {NOTHING}:
        return found
    return found | _arriving(view, ends)


def _refuse_other(
    topic: str, identity: SourceIdentity, partitions: int, origin: TopicOrigin
) -> None:
    if origin.kind is OriginKind.EMPTY:
        return
    if origin.kind is OriginKind.FOREIGN or origin.identity is None:
        raise TopicRefused(
            f"The topic {topic} begins with records that sfcrime did not publish.",
            rule="One topic holds one source, so that times and repeats can be judged.",
            next_step="choose another --topic; such a topic can be counted by `sfcrime stream`",
        )
    if origin.identity.name != identity.name:
        raise TopicRefused(
            f"The topic {topic} holds {origin.identity.title!r} ({origin.identity.name}), "
            f"not {identity.title!r} ({identity.name}).",
            rule="One topic holds one source.",
            next_step="choose another --topic (or another --data-dir), or publish the same source",
        )
    if origin.partitions != partitions:
        raise TopicRefused(
            f"The topic {topic} had {origin.partitions} partitions when its first record "
            f"was published, and has {partitions} now.",
            rule="A call's partition follows from their number, and a call must stay in its own.",
            next_step="choose another --topic",
        )


@dataclass(frozen=True, slots=True)
class _View:
    """A topic in which only the records of one source are seen."""

    topic: Topic
    source_name: str
    end: int
    """Sequences from it on are none of the source's."""

    def last_sequences(self, start: Mapping[int, int], end: Mapping[int, int]) -> dict[int, int]:
        """By partition, the last sequence at offsets [start, end); -1 where there is none."""
        return {number: self._last_in(number, start.get(number, 0), end[number]) for number in end}

    def _last_in(self, partition: int, start: int, end: int) -> int:
        """Looks back from the end in ranges that double, and reads none of them twice."""
        reader = SequenceReader(self.source_name)
        length, above = _FIRST_LOOK, end
        while above > start:
            below = max(start, above - length)
            last = NOTHING
            for messages in read_messages(
                self.topic.kafka, {partition: below}, {partition: above}, _BATCH, committed=False
            ):
                for message in messages:
                    sequence = reader.sequence_of(message)
                    if sequence is not None and sequence < self.end:
                        last = sequence
            if last != NOTHING:
                return last
            above, length = below, length * 2
        return NOTHING


def _arriving(view: _View, ends: dict[int, int]) -> dict[int, int]:
    """The last sequences from `ends` on, once no more come; empty where none came.

    Others may write meanwhile: only records of the source show that it is being published.
    """
    arrived: dict[int, int] = {}
    for _ in range(5):
        time.sleep(_QUIET_S)
        before, ends = ends, view.topic.end_offsets(committed=False)
        seen = view.last_sequences(before, ends)
        news = {number: last for number, last in seen.items() if last != NOTHING}
        if not news:
            return arrived
        arrived |= news
    raise TopicRefused(
        f"Somebody is publishing this source to the topic {view.topic.name} right now.",
        rule="One producer writes a source to a topic.",
        next_step="stop the other producer",
    )
