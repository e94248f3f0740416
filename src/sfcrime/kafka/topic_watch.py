"""Watches one topic over one connection: is it still the same, and what does it hold."""

from __future__ import annotations

from confluent_kafka import TopicCollection

from sfcrime.domain.topic_state import TopicState
from sfcrime.kafka.client import REQUEST_TIMEOUT_S, open_admin, translated
from sfcrime.kafka.offsets import end_offsets, first_offsets
from sfcrime.settings import KafkaSettings


class TopicWatch:
    """A topic that is asked for again and again: an id costs one request, about a millisecond.

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
        name = self._kafka.topic
        with translated(f"asking for the topic {name}"):
            asked = self._admin.describe_topics(
                TopicCollection([name]), request_timeout=REQUEST_TIMEOUT_S
            )
            return str(asked[name].result().topic_id)

    def state(self) -> TopicState:
        """The topic as it is now; the same errors.

        Asks for the id last: offsets of a topic that is made anew meanwhile come with its new id.
        """
        firsts, ends = first_offsets(self._kafka), end_offsets(self._kafka)
        return TopicState(self.topic_id(), firsts, ends)
