"""The topic: made so that old calls are kept, refused where they would not be."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from confluent_kafka import Producer, Uuid
from confluent_kafka.admin import AdminClient, NewTopic

from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import KafkaUnavailable, TopicRefused
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic, require_fit
from sfcrime.settings import KafkaSettings

pytestmark = pytest.mark.kafka
NewName = Callable[[], KafkaSettings]


def test_a_new_topic_keeps_records_of_any_age_and_refuses_the_far_future(topic: NewName) -> None:
    kafka = topic()

    assert ensure_topic(Topic(kafka), 3) == 3

    made = Topic(kafka).settings()
    assert made["retention.ms"] == "-1"
    assert made["retention.bytes"] == "-1"
    assert made["cleanup.policy"] == "delete"
    assert made["message.timestamp.type"] == "CreateTime"
    assert made["segment.ms"] == "315360000000"
    assert made["message.timestamp.after.max.ms"] == "3600000"
    assert made["message.timestamp.before.max.ms"] == "3153600000000"
    require_fit(kafka, made)


@pytest.mark.parametrize(
    "stamped_ms, is_kept",
    [
        (-(2**63), False),
        (-9_223_372_036_854_776, False),
        (946_684_800_000, True),  # 2000-01-01
        (-1, True),  # no timestamp
        (2**63 - 1, False),
    ],
)
def test_a_new_topic_takes_every_time_that_a_call_can_have_and_no_other(
    topic: NewName, stamped_ms: int, is_kept: bool
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce(kafka.topic, b"x", partition=0, timestamp=stamped_ms)
    producer.flush(20)

    assert Topic(kafka).end_offsets() == {0: int(is_kept)}


def test_a_topic_without_a_bound_on_age_fits(topic: NewName) -> None:
    kafka = topic()
    require_fit(kafka, {"message.timestamp.before.max.ms": "9223372036854775807"})


def test_an_existing_topic_keeps_its_partitions_and_id(topic: NewName) -> None:
    there = Topic(topic())
    ensure_topic(there, 3)
    made = there.state()

    assert ensure_topic(there, 5) == 3
    assert there.state() == made


def test_a_topic_made_again_has_another_id(topic: NewName) -> None:
    kafka = topic()
    there = Topic(kafka)
    ensure_topic(there, 1)
    before = there.state()
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.delete_topics([kafka.topic], operation_timeout=10)[kafka.topic].result()

    ensure_topic(there, 1)

    assert there.state().topic_id != before.topic_id


def test_a_topic_is_watched_over_one_connection(
    topic: NewName, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = topic()
    watched = Topic(kafka)
    assert not watched.exists()
    ensure_topic(Topic(kafka), 2)
    made = Topic(kafka).ask_head(())().topic_id
    monkeypatch.setattr("sfcrime.kafka.topic.open_admin", None)

    assert watched.exists()
    assert watched.end_offsets() == {0: 0, 1: 0}
    assert watched.state() == TopicState(made, {0: 0, 1: 0}, {0: 0, 1: 0})


def test_a_topic_that_does_not_exist_is_an_error_and_is_not_made(topic: NewName) -> None:
    kafka = topic()

    with pytest.raises(KafkaUnavailable, match="does not exist"):
        Topic(kafka).state()

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
            "message.timestamp.before.max.ms=3153600000000",
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
    ensure_topic(Topic(kafka), 1)
    wrong = Topic(kafka).settings() | {setting: value}

    with pytest.raises(TopicRefused, match=f"has {setting}={value}") as caught:
        require_fit(kafka, wrong)

    assert f"--add-config {needed}" in caught.value.next_step
    assert f"--entity-name {kafka.topic}" in caught.value.next_step


def test_a_topic_with_kafkas_defaults_is_refused(topic: NewName) -> None:
    kafka = topic()
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_topics([NewTopic(kafka.topic, num_partitions=1)])[kafka.topic].result()

    with pytest.raises(TopicRefused, match=r"retention\.ms=604800000"):
        require_fit(kafka, Topic(kafka).settings())


def test_a_setting_that_an_old_broker_does_not_know_is_passed_over(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    right = Topic(kafka).settings()

    require_fit(
        kafka, {k: v for k, v in right.items() if not k.startswith("message.timestamp.after")}
    )


def test_a_topic_that_is_asked_again_and_again_leaves_nothing_in_memory(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    asked = Topic(kafka)
    first = asked.ask_head([0])()
    gc.collect()
    before = _ids_in_memory()

    assert all(asked.ask_head([0])() == first for _ in range(20))

    gc.collect()
    assert _ids_in_memory() == before


def _ids_in_memory() -> int:
    return sum(isinstance(each, Uuid) for each in gc.get_objects())
