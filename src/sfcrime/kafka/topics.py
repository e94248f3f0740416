"""The topic of calls: made with settings that keep old calls, refused where it has others.

Kafka's defaults delete what is older than 7 days by its timestamp: calls of 2018 at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from sfcrime.errors import KafkaUnavailable, TopicRefused
from sfcrime.kafka.client import REQUEST_TIMEOUT_S, open_admin, translated
from sfcrime.settings import KafkaSettings

LONGEST = 2**63 - 1
"""Kafka's way of saying "no bound" for milliseconds."""

_TEN_YEARS_MS = 10 * 365 * 24 * 3600 * 1000
_FUTURE_TOLERANCE_MS = 3_600_000
MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""Largest batch the topic takes: a record far above the 64 KiB that count is kept, as data."""

NEW_TOPIC_SETTINGS: Mapping[str, str] = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "message.timestamp.type": "CreateTime",
    # Virtual weeks pass in minutes, and each would start a new file.
    "segment.ms": str(_TEN_YEARS_MS),
    "message.timestamp.before.max.ms": str(LONGEST),
    # Nobody can stamp a record into the far future.
    "message.timestamp.after.max.ms": str(_FUTURE_TOLERANCE_MS),
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
}

_Check = Callable[[str], bool]
_NEEDED: Mapping[str, tuple[_Check, str]] = {
    "cleanup.policy": (
        lambda value: value == "delete",
        "A compacted topic drops records, so its calls could not be counted again.",
    ),
    "retention.ms": (
        lambda value: value == "-1",
        "Records carry the time of their call; any retention deletes old calls.",
    ),
    "retention.bytes": (
        lambda value: value == "-1",
        "A bound on its size makes the topic forget calls that were counted.",
    ),
    "message.timestamp.type": (
        lambda value: value == "CreateTime",
        "Lateness is judged by the time a record was published at, which the producer sets.",
    ),
    "message.timestamp.before.max.ms": (
        lambda value: int(value) == LONGEST,
        "A bound on the age of a record refuses old calls.",
    ),
    "message.timestamp.after.max.ms": (
        lambda value: int(value) <= _FUTURE_TOLERANCE_MS,
        "A record stamped into the far future would make every later one late.",
    ),
}


@dataclass(frozen=True, slots=True)
class TopicDescription:
    """A topic as it is."""

    name: str
    topic_id: str
    """Kafka's id: a topic that was deleted and made again has another."""
    partitions: int
    settings: dict[str, str]
    """Every setting in force, defaults among them."""


def ensure_topic(kafka: KafkaSettings, partitions: int) -> TopicDescription:
    """The topic, made first if it does not exist; returns when it can be written.

    Args:
        kafka: names broker and topic.
        partitions: of a topic that is made; an existing one keeps its own.

    Raises:
        KafkaUnavailable: the broker does not answer, or does not let us make the topic.
    """
    admin = open_admin(kafka)
    if not _exists(admin, kafka):
        _create(admin, kafka.topic, partitions)
    return _described_when_ready(admin, kafka.topic)


def describe_topic(kafka: KafkaSettings) -> TopicDescription:
    """The topic as it is.

    Raises:
        KafkaUnavailable: the broker does not answer, or the topic does not exist.
    """
    return _describe(open_admin(kafka), kafka.topic)


def topic_exists(kafka: KafkaSettings, admin: AdminClient | None = None) -> bool:
    """Whether the topic exists; asked over the connection of `admin`, or over a new one.

    Raises:
        KafkaUnavailable: the broker does not answer.
    """
    # A client that has nothing to do is falsy.
    return _exists(open_admin(kafka) if admin is None else admin, kafka)


def check_topic_settings(topic: TopicDescription, kafka: KafkaSettings) -> None:
    """Refuses a topic whose settings would lose records or bend their times.

    A setting that the broker does not know (Kafka before 3.6 bounds no timestamps) is passed over,
    and so is `segment.ms`, which costs files and no records.

    Raises:
        TopicRefused: names the setting, its value, and the command that mends it.
    """
    for name, (is_right, rule) in _NEEDED.items():
        value = topic.settings.get(name)
        if value is not None and not is_right(value):
            raise TopicRefused(
                f"The topic {topic.name} has {name}={value}.",
                rule=rule,
                next_step="sfcrime kafka configs --alter "
                f"--bootstrap-server {kafka.bootstrap_servers} "
                f"--entity-type topics --entity-name {topic.name} "
                f"--add-config {name}={NEW_TOPIC_SETTINGS[name]}   (or choose another --topic)",
            )


def require_lasting_offsets(topic: TopicDescription) -> None:
    """Refuses a topic whose records vanish one by one: no recount could prove its numbers.

    Records that a retention deletes from the beginning on are another matter: they leave a range
    that can be named.

    Raises:
        TopicRefused: the topic is compacted.
    """
    policy = topic.settings.get("cleanup.policy", "")
    if "compact" in policy:
        raise TopicRefused(
            f"The topic {topic.name} has cleanup.policy={policy}.",
            rule="A compacted topic drops records that were counted, so no number of it could be "
            "proved by a recount.",
            next_step="count a topic with cleanup.policy=delete that holds every call",
        )


def _exists(admin: AdminClient, kafka: KafkaSettings) -> bool:
    # Asked for all topics: a request for one by name may create it on an outside cluster.
    with translated(f"asking {kafka.bootstrap_servers} for its topics"):
        return kafka.topic in admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics


def _create(admin: AdminClient, name: str, partitions: int) -> None:
    new_topic = NewTopic(name, num_partitions=partitions, config=dict(NEW_TOPIC_SETTINGS))
    with translated(f"making the topic {name}"):
        try:
            admin.create_topics([new_topic], request_timeout=REQUEST_TIMEOUT_S)[name].result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def _described_when_ready(admin: AdminClient, name: str) -> TopicDescription:
    """Waits until the new topic is known and every partition has a leader."""
    deadline = time.monotonic() + REQUEST_TIMEOUT_S
    while True:
        with translated(f"asking for the topic {name}"):
            topic = admin.list_topics(timeout=REQUEST_TIMEOUT_S).topics.get(name)
        partitions = [] if topic is None else list(topic.partitions.values())
        if partitions and all(partition.leader >= 0 for partition in partitions):
            return _describe(admin, name)
        if time.monotonic() > deadline:
            raise KafkaUnavailable(
                f"The topic {name} has partitions without a leader.",
                next_step="check the Kafka cluster",
            )
        time.sleep(0.05)


def _describe(admin: AdminClient, name: str) -> TopicDescription:
    resource = ConfigResource(ResourceType.TOPIC, name)
    with translated(f"asking for the topic {name} and its settings"):
        description = admin.describe_topics(
            TopicCollection([name]), request_timeout=REQUEST_TIMEOUT_S
        )[name].result()
        entries = admin.describe_configs([resource], request_timeout=REQUEST_TIMEOUT_S)[
            resource
        ].result()
    return TopicDescription(
        name,
        str(description.topic_id),
        len(description.partitions),
        {key: entry.value for key, entry in entries.items() if entry.value is not None},
    )
