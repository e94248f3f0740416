"""A broker of three that dies is waited for by whoever asks, reads or publishes."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Timer

import msgspec
import pytest
from record_samples import IDENTITY, NumberedRecords

from running import wait_until
from secured_cluster import SecuredCluster
from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka.consumer import TopicRecord, read_range
from sfcrime.kafka.pace import Pace
from sfcrime.kafka.producer import ProducerPlan, publish
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.settings import KafkaSettings

pytestmark = pytest.mark.kafka

MOST = 2_500
PACE = Pace(10_000.0)
"""250 records a second."""


@pytest.fixture
def kafka(three_nodes: SecuredCluster) -> KafkaSettings:
    """A topic of one partition, as a user with the rights of a producer."""
    name = f"calls-{uuid.uuid4().hex[:12]}"
    config = three_nodes.librdkafka_file("publisher")
    kafka = msgspec.structs.replace(three_nodes.settings(config, name), partitions=1)
    ensure_topic(Topic(kafka), 1)
    return kafka


def _read(kafka: KafkaSettings, end: int) -> list[TopicRecord]:
    """Up to an end that may not be there yet."""
    found, until_s = list[TopicRecord](), time.monotonic() + 120
    while len(found) < end:
        assert time.monotonic() < until_s, f"only {len(found)} records came"
        there = Topic(kafka, 60.0).end_offsets()[0]
        for records in read_range(kafka, {0: len(found)}, {0: there}):
            found += records
    return found


def test_one_that_dies_is_waited_for_by_questions_producer_and_reader(
    kafka: KafkaSettings, three_nodes: SecuredCluster
) -> None:
    topic = Topic(kafka, 60.0)
    before = topic.ask_head([0])()
    with ThreadPoolExecutor(2) as pool:
        plan = ProducerPlan(kafka, IDENTITY, PACE)
        published = pool.submit(publish, plan, NumberedRecords(MOST), Event())
        read = pool.submit(_read, kafka, MOST)
        wait_until(lambda: topic.end_offsets()[0] > 100, "the first records")
        three_nodes.nodes[three_nodes.leader(kafka.topic)].kill()
        after = topic.ask_head([0])()
        assert (after.topic_id, after.firsts) == (before.topic_id, before.firsts)
        assert after.epochs[0] > before.epochs[0]
        assert topic.settings()["min.insync.replicas"] == "2"
        assert published.result(90).sent == MOST
        values = [each.value for each in read.result(90)]
    assert values == [b'{"crime_id":"%09d"}' % number for number in range(MOST)]


def test_a_question_to_a_cluster_that_is_down_ends_with_the_patience_or_a_stop(
    kafka: KafkaSettings, three_nodes: SecuredCluster
) -> None:
    stop = Event()
    impatient, stopped = Topic(kafka, 1.5), Topic(kafka, 60.0, stop)
    assert impatient.ask_head([0])() == stopped.ask_head([0])()
    for node in three_nodes.nodes.values():
        node.kill()

    _ask_in_vain(impatient)
    assert not stop.is_set()
    Timer(2.5, stop.set).start()
    assert _ask_in_vain(stopped) > 2.0, "it did not wait for the stop"


def _ask_in_vain(topic: Topic) -> float:
    """How long it took, in seconds."""
    began = time.monotonic()
    with pytest.raises(KafkaUnavailable, match="Kafka failed while asking for the topic"):
        topic.ask_head([0])()
    took_s = time.monotonic() - began
    assert took_s < 16
    return took_s
