"""Where a topic's partitions begin and end."""

from __future__ import annotations

from collections.abc import Callable, Collection

from confluent_kafka import IsolationLevel, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from sfcrime.kafka.client import (
    NOT_YET,
    REQUEST_TIMEOUT_S,
    answered,
    missing_topic,
    open_admin,
    translated,
)
from sfcrime.settings import KafkaSettings


def first_offsets(kafka: KafkaSettings, admin: AdminClient | None = None) -> dict[int, int]:
    """Partition -> its first offset that is still kept.

    Args:
        kafka: names broker and topic.
        admin: asks over its connection; a new one otherwise, which costs some milliseconds.

    Raises:
        KafkaUnavailable: the broker does not answer, or the topic does not exist.
    """
    return _offsets(kafka, admin, OffsetSpec.earliest())  # type: ignore[no-untyped-call]


def end_offsets(
    kafka: KafkaSettings, admin: AdminClient | None = None, *, committed: bool = True
) -> dict[int, int]:
    """Partition -> its last stable offset: one past what a `read_committed` reader can see.

    Args:
        kafka: names broker and topic.
        admin: as for `first_offsets`.
        committed: False: one past the last offset of all, behind transactions that are open too.

    Raises:
        KafkaUnavailable: the broker does not answer, or the topic does not exist.
    """
    return _offsets(kafka, admin, OffsetSpec.latest(), committed)  # type: ignore[no-untyped-call]


def ask_first_offsets(
    kafka: KafkaSettings, admin: AdminClient, partitions: Collection[int]
) -> Callable[[], dict[int, int]]:
    """Asks for the first offsets of partitions that are known to exist, and does not wait: what
    is returned does, and gives them; the same errors."""
    wanted = {TopicPartition(kafka.topic, each): OffsetSpec.earliest() for each in partitions}  # type: ignore[no-untyped-call]
    asked = admin.list_offsets(wanted, request_timeout=REQUEST_TIMEOUT_S) if wanted else {}

    def answer() -> dict[int, int]:
        with translated(f"asking for offsets of {kafka.topic}"):
            try:
                return {place.partition: future.result().offset for place, future in asked.items()}
            except KafkaException as error:
                if error.args[0].code() not in NOT_YET:
                    raise
        return first_offsets(kafka, admin)  # a partition that was added: asks who leads it, too

    return answer


def _offsets(
    kafka: KafkaSettings,
    given_admin: AdminClient | None,
    spec: OffsetSpec,
    committed: bool = True,
) -> dict[int, int]:
    # A client that has nothing to do is falsy.
    admin = open_admin(kafka) if given_admin is None else given_admin
    wanted = {TopicPartition(kafka.topic, number): spec for number in _partitions(admin, kafka)}

    isolation = IsolationLevel.READ_COMMITTED if committed else IsolationLevel.READ_UNCOMMITTED

    def ask() -> dict[int, int]:
        answers = admin.list_offsets(
            wanted,
            isolation_level=isolation,
            request_timeout=REQUEST_TIMEOUT_S,
        )
        return {place.partition: future.result().offset for place, future in answers.items()}

    return answered(ask, f"asking for offsets of {kafka.topic}")


def _partitions(admin: AdminClient, kafka: KafkaSettings) -> list[int]:
    with translated(f"asking {kafka.bootstrap_servers} for its topics"):
        topic = admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics.get(kafka.topic)
    if topic is None:
        raise missing_topic(kafka)
    return sorted(topic.partitions)
