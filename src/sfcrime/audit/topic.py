"""The topic as an audit sees it: who it is, where it begins and ends, its records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from sfcrime.kafka.consumer import read_range
from sfcrime.kafka.offsets import end_offsets, first_offsets
from sfcrime.kafka.records import TopicRecord
from sfcrime.kafka.topics import describe_topic
from sfcrime.settings import KafkaSettings


class Topic(Protocol):
    """What an audit asks of a topic."""

    def topic_id(self) -> str:
        """Kafka's id: a topic that was deleted and made again has another."""

    def first_offsets(self) -> Mapping[int, int]:
        """By partition, the first offset that is still kept."""

    def end_offsets(self) -> Mapping[int, int]:
        """By partition, one past the last committed offset."""

    def read(
        self, start: Mapping[int, int], end: Mapping[int, int], source_name: str = ""
    ) -> Iterator[Sequence[TopicRecord]]:
        """Every record with start <= offset < end; each partition's in the order of offsets.

        Where a source is named, its records have their sequences.
        """


class KafkaTopic:
    """A topic in Kafka.

    Args:
        kafka: names broker and topic.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka

    def topic_id(self) -> str:
        return describe_topic(self._kafka).topic_id

    def first_offsets(self) -> Mapping[int, int]:
        return first_offsets(self._kafka)

    def end_offsets(self) -> Mapping[int, int]:
        return end_offsets(self._kafka)

    def read(
        self, start: Mapping[int, int], end: Mapping[int, int], source_name: str = ""
    ) -> Iterator[Sequence[TopicRecord]]:
        return read_range(self._kafka, start, end, source_name=source_name)
