"""Who filled a topic, as its first records tell."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from confluent_kafka import Producer
from record_samples import IDENTITY, published, send_foreign
from transaction_samples import send_in_transaction

from sfcrime.domain.calls import SourceIdentity
from sfcrime.errors import TopicRefused
from sfcrime.kafka.headers import source_header
from sfcrime.kafka.origin import OriginKind, TopicOrigin, origin_of
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.settings import KafkaSettings

pytestmark = pytest.mark.kafka
NewName = Callable[[], KafkaSettings]


def test_an_empty_topic_is_nobodys(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 2)

    assert origin_of(kafka, Topic(kafka).state()) == TopicOrigin(OriginKind.EMPTY)


def test_a_topic_with_markers_and_no_record_is_nobodys(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    send_in_transaction(kafka, [b"aborted"], commit=False)

    assert origin_of(kafka, Topic(kafka).state()).kind is OriginKind.EMPTY


def test_a_topic_of_ours_tells_its_source_and_partitions(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 3)
    published(kafka, 50)

    assert origin_of(kafka, Topic(kafka).state()) == TopicOrigin(OriginKind.OURS, IDENTITY, 3)


def test_a_topic_with_one_partition_filled_is_ours_by_that_one(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 8)
    published(kafka, 1)

    assert origin_of(kafka, Topic(kafka).state()).kind is OriginKind.OURS


def test_someone_elses_topic_is_foreign(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    send_foreign(kafka, [b"{}"])

    assert origin_of(kafka, Topic(kafka).state()) == TopicOrigin(OriginKind.FOREIGN)


def test_one_partition_that_begins_with_a_foreign_record_makes_the_topic_foreign(
    topic: NewName,
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 8)
    published(kafka, 1)  # fills one partition
    for partition in range(8):
        send_foreign(kafka, [b"{}"], partition)

    assert origin_of(kafka, Topic(kafka).state()).kind is OriginKind.FOREIGN


def test_headers_that_make_no_sense_are_foreign(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce(
        kafka.topic, b"x", headers=[("sfcrime-source", b"not json"), ("sfcrime-sequence", b"0")]
    )
    assert producer.flush(20) == 0

    assert origin_of(kafka, Topic(kafka).state()).kind is OriginKind.FOREIGN


def test_a_topic_of_two_sources_is_refused(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 2)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for partition, name in ((0, "file:a"), (1, "file:b")):
        header = source_header(SourceIdentity(name, name, False), 2)
        producer.produce(
            kafka.topic,
            b"x",
            partition=partition,
            headers=[("sfcrime-source", header), ("sfcrime-sequence", b"0")],
        )
    assert producer.flush(20) == 0

    with pytest.raises(TopicRefused, match="2 sources: file:a, file:b"):
        origin_of(kafka, Topic(kafka).state())
