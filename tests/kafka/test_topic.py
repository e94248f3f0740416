"""The topic: made so that old calls are kept, refused where they would not be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from confluent_kafka.admin import AdminClient, NewTopic
from sfcrime.kafka.topic_watch import TopicWatch

from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import KafkaUnavailable, TopicRefused
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import (
    check_topic_settings,
    describe_topic,
    ensure_topic,
)
from sfcrime.settings import KafkaSettings

pytestmark = pytest.mark.kafka
NewName = Callable[[], KafkaSettings]


def test_a_new_topic_keeps_records_of_any_age_and_refuses_the_far_future(topic: NewName) -> None:
    kafka = topic()

    made = ensure_topic(Topic(kafka), 3)

    assert made.partitions == 3
    assert made.settings["retention.ms"] == "-1"
    assert made.settings["retention.bytes"] == "-1"
    assert made.settings["cleanup.policy"] == "delete"
    assert made.settings["message.timestamp.type"] == "CreateTime"
    assert made.settings["segment.ms"] == "315360000000"
    assert made.settings["message.timestamp.after.max.ms"] == "3600000"
    assert made.settings["message.timestamp.before.max.ms"] == "9223372036854775807"
    check_topic_settings(made, kafka)


def test_an_existing_topic_keeps_its_partitions_and_id(topic: NewName) -> None:
    kafka = topic()
    made = ensure_topic(Topic(kafka), 3)

    again = ensure_topic(Topic(kafka), 5)

    assert again == made
    assert describe_topic(kafka) == made


def test_a_topic_made_again_has_another_id(topic: NewName) -> None:
    kafka = topic()
    before = ensure_topic(Topic(kafka), 1)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.delete_topics([kafka.topic], operation_timeout=10)[kafka.topic].result()

    after = ensure_topic(Topic(kafka), 1)

    assert after.topic_id != before.topic_id


def test_a_topic_is_watched_over_one_connection(
    topic: NewName, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = topic()
    watch = TopicWatch(kafka)
    assert not watch.exists()
    made = ensure_topic(Topic(kafka), 2)
    for room in ("offsets", "topics", "topic_watch"):
        monkeypatch.setattr(f"sfcrime.kafka.{room}.open_admin", None)

    assert watch.exists()
    assert watch.end_offsets() == {0: 0, 1: 0}
    assert watch.state() == TopicState(made.topic_id, {0: 0, 1: 0}, {0: 0, 1: 0})


def test_a_topic_that_does_not_exist_is_an_error_and_is_not_made(topic: NewName) -> None:
    kafka = topic()

    with pytest.raises(KafkaUnavailable, match="does not exist"):
        describe_topic(kafka)

    assert not Topic(kafka).exists()


@pytest.mark.parametrize(
    ("setting", "value", "needed"),
    [
        ("cleanup.policy", "compact", "cleanup.policy=delete"),
        ("retention.ms", "604800000", "retention.ms=-1"),
        ("retention.bytes", "1000000", "retention.bytes=-1"),
        ("message.timestamp.type", "LogAppendTime", "message.timestamp.type=CreateTime"),
        (
            "message.timestamp.before.max.ms",
            "86400000",
            "message.timestamp.before.max.ms=9223372036854775807",
        ),
        (
            "message.timestamp.after.max.ms",
            "9223372036854775807",
            "message.timestamp.after.max.ms=3600000",
        ),
    ],
)
def test_a_setting_that_would_lose_or_bend_records_is_refused_with_the_command_that_mends_it(
    broker: KafkaSettings, topic: NewName, setting: str, value: str, needed: str
) -> None:
    kafka = topic()
    right = ensure_topic(Topic(kafka), 1)
    wrong = replace(right, settings=right.settings | {setting: value})

    with pytest.raises(TopicRefused, match=f"has {setting}={value}") as caught:
        check_topic_settings(wrong, kafka)

    assert f"--add-config {needed}" in caught.value.next_step
    assert f"--entity-name {kafka.topic}" in caught.value.next_step


def test_a_topic_with_kafkas_defaults_is_refused(topic: NewName) -> None:
    kafka = topic()
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_topics([NewTopic(kafka.topic, num_partitions=1)])[kafka.topic].result()

    with pytest.raises(TopicRefused, match=r"retention\.ms=604800000"):
        check_topic_settings(describe_topic(kafka), kafka)


def test_a_setting_that_an_old_broker_does_not_know_is_passed_over(topic: NewName) -> None:
    kafka = topic()
    right = ensure_topic(Topic(kafka), 1)
    known = {k: v for k, v in right.settings.items() if not k.startswith("message.timestamp.after")}

    check_topic_settings(replace(right, settings=known), kafka)
