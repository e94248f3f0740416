"""The topic of calls: made with settings that keep old calls, refused where it has others.

Kafka's defaults delete what is older than 7 days by its timestamp: calls of 2018 at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import NewTopic  # type: ignore[attr-defined]  # its types lack it

from sfcrime.errors import KafkaUnavailable, TopicUnfit
from sfcrime.kafka.asking import BROKER_WAIT_S, Patience, answer_of, until_answered
from sfcrime.kafka.client import translated
from sfcrime.kafka.topic import Topic
from sfcrime.settings import KafkaSettings

_TEN_YEARS_MS = 10 * 365 * 24 * 3600 * 1000
_OLDEST_MS = 10 * _TEN_YEARS_MS
"""Calls are of 2000 or later (docs/rules.md); a timestamp of the year -290,000 is none."""
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
    # Nobody can stamp a record into the far past or future.
    "message.timestamp.before.max.ms": str(_OLDEST_MS),
    "message.timestamp.after.max.ms": str(_FUTURE_TOLERANCE_MS),
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
    # Partitions whose brokers are all down wait for one that has every acknowledged record.
    "unclean.leader.election.enable": "false",
}

USUAL_REPLICAS = 3

_NEEDED: Mapping[str, str] = {
    "cleanup.policy": "A compacted topic drops records, so its calls could not be counted again.",
    "retention.ms": "Records carry the time of their call; any retention deletes old calls.",
    "retention.bytes": "A bound on its size makes the topic forget calls that were counted.",
    "message.timestamp.type": "Lateness is judged by the time a record was published at, which the "
    "producer sets.",
    "message.timestamp.before.max.ms": "A bound on the age of a record refuses old calls.",
    "message.timestamp.after.max.ms": "A record stamped into the far future would make every later "
    "one late.",
    "unclean.leader.election.enable": "A broker that lacks acknowledged calls may come to lead, "
    "and they are lost.",
}
"""Settings that must be those of a new topic, or as good, and why."""


def ensure_topic(
    topic: Topic,
    partitions: int,
    replicas: int = 0,
    on_made: Callable[[int], object] = lambda _: None,
) -> int:
    """Makes the topic if it does not exist; returns when it can be written.

    Args:
        topic: the one.
        partitions: of a topic that is made; an existing one keeps its own.
        replicas: of each of its partitions, likewise; 0: 3, or one on each broker that is up where
            they are fewer.
        on_made: told how many replicas a topic was made with.

    Returns:
        How many partitions it has.

    Raises:
        KafkaUnavailable: the broker does not answer, or does not let us make the topic.
    """
    if not topic.exists():
        replicas = replicas or min(USUAL_REPLICAS, topic.brokers())
        _create(topic, partitions, replicas)
        on_made(replicas)
    deadline = time.monotonic() + BROKER_WAIT_S
    while not (leaders := topic.leaders()) or min(leaders.values()) < 0:
        if time.monotonic() > deadline:
            raise KafkaUnavailable(f"The topic {topic.name} has partitions without a leader.")
        time.sleep(0.05)
    return len(leaders)


def require_fit(kafka: KafkaSettings, settings: Mapping[str, str]) -> None:
    """Refuses a topic whose settings would lose records or bend their times.

    A setting that the broker does not know (Kafka before 3.6 bounds no timestamps) is passed over,
    and so is `segment.ms`, which costs files and no records.

    Args:
        kafka: names broker and topic.
        settings: of the topic, as `Topic.settings` has them.

    Raises:
        TopicUnfit: names the setting, its value, and the command that mends it.
    """
    for name, rule in _NEEDED.items():
        wanted = NEW_TOPIC_SETTINGS[name]
        found = settings.get(name, wanted)
        if found != wanted and not _is_as_good(name, found):
            mend = f"{alter_command(kafka, f'{name}={wanted}')}   (or choose another --topic)"
            raise TopicUnfit(kafka.topic, name, found, rule=rule, next_step=mend)


def alter_command(kafka: KafkaSettings, setting: str) -> str:
    """The command that gives the topic a setting, `name=value`."""
    return (
        f"sfcrime kafka configs --alter --bootstrap-server {kafka.bootstrap_servers} "
        f"--entity-type topics --entity-name {kafka.topic} --add-config {setting}"
    )


def _is_as_good(name: str, found: str) -> bool:
    """Whether a bound on timestamps that is not ours takes those of calls, and none far ahead."""
    if name == "message.timestamp.before.max.ms":
        return int(found) > _OLDEST_MS
    return name == "message.timestamp.after.max.ms" and int(found) < _FUTURE_TOLERANCE_MS


def replicas_in_sync(replicas: int) -> int:
    """How many replicas have to have a record before it is acknowledged (`min.insync.replicas`): so
    many that each acknowledged one outlives a broker, and so few that the death of one stops
    nobody."""
    return 1 if replicas < USUAL_REPLICAS else replicas // 2 + 1


def _create(topic: Topic, partitions: int, replicas: int) -> None:
    settings = {**NEW_TOPIC_SETTINGS, "min.insync.replicas": str(replicas_in_sync(replicas))}
    wanted = NewTopic(topic.name, partitions, replicas, config=settings)

    def ask(within_s: float) -> None:
        made = topic.admin.create_topics([wanted], request_timeout=within_s)
        try:
            answer_of(made[topic.name], within_s)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise

    with translated(f"making the topic {topic.name}"):
        until_answered(Patience(BROKER_WAIT_S), ask, lambda _: topic.brokers())
