"""Watches one topic over one connection: is it still the same, and what does it hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from confluent_kafka import TopicCollection

from sfcrime.domain.topic_state import TopicState
from sfcrime.kafka.client import REQUEST_TIMEOUT_S, open_admin, translated
from sfcrime.kafka.offsets import ask_first_offsets, end_offsets, first_offsets
from sfcrime.kafka.topics import topic_exists
from sfcrime.settings import KafkaSettings


class TopicHead(NamedTuple):
    """Who a topic is, and where some of its partitions begin."""

    topic_id: str
    firsts: Mapping[int, int]
    """By partition, the first offset that is still kept."""


class TopicWatch:
    """A topic that is asked for again and again: a request costs about a millisecond, a client of
    its own for each would cost several, on both sides.

    Args:
        kafka: names broker and topic.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._admin = open_admin(kafka)

    def topic_id(self) -> str:
        """Kafka's id of the topic now.

        Raises:
            KafkaUnavailable: the broker does not answer, or the topic does not exist.
        """
        return self.ask_head(())().topic_id

    def ask_head(self, partitions: Collection[int]) -> Callable[[], TopicHead]:
        """Asks where partitions begin and who the topic is now, and does not wait: what is
        returned does.

        Raises:
            KafkaUnavailable: what is returned does, as `topic_id`.
        """
        name = self._kafka.topic
        firsts = ask_first_offsets(self._kafka, self._admin, partitions)
        with translated(f"asking for the topic {name}"):
            described = self._admin.describe_topics(
                TopicCollection([name]), request_timeout=REQUEST_TIMEOUT_S
            )[name]

        def answer() -> TopicHead:
            found = firsts()
            with translated(f"asking for the topic {name}"):
                return TopicHead(str(described.result().topic_id), found)

        return answer

    def exists(self) -> bool:
        """Whether there is such a topic now; the same errors, but for its absence."""
        return topic_exists(self._kafka, self._admin)

    def end_offsets(self) -> dict[int, int]:
        """Its last stable offsets by partition; the same errors."""
        return end_offsets(self._kafka, self._admin)

    def state(self) -> TopicState:
        """The topic as it is now; the same errors.

        Asks for the id last: offsets of a topic that is made anew meanwhile come with its new id.
        """
        firsts, ends = first_offsets(self._kafka, self._admin), self.end_offsets()
        return TopicState(self.topic_id(), firsts, ends)
