"""Records and foreign producers that the Kafka tests share."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event

from confluent_kafka import Producer

from sfcrime.domain.calls import SourceIdentity, SourceRecord
from sfcrime.kafka.consumer import TopicRecord, read_range
from sfcrime.kafka.headers import source_header
from sfcrime.kafka.pace import Pace
from sfcrime.kafka.producer import ProducerPlan, Published, publish
from sfcrime.kafka.topic import Topic
from sfcrime.settings import KafkaSettings

IDENTITY = SourceIdentity("file:abc", "calls.json", False)
FIRST_MS = 1_538_470_000_000
"""2 October 2018."""


class NumberedRecords:
    """A source of `total` records, 40 s apart, keyed by their number."""

    def __init__(self, total: int) -> None:
        self.total = total

    def __call__(self, start: int) -> Iterator[SourceRecord]:
        for number in range(start, self.total):
            yield SourceRecord(
                number,
                b"%09d" % number,
                b'{"crime_id":"%09d"}' % number,
                FIRST_MS + number * 40_000,
            )


def published(kafka: KafkaSettings, total: int, limit: int = 0) -> Published:
    """Publishes the numbered records at full speed."""
    plan = ProducerPlan(kafka, IDENTITY, Pace(None), limit)
    return publish(plan, NumberedRecords(total), Event())


def all_records(kafka: KafkaSettings) -> list[TopicRecord]:
    """Everything a `read_committed` reader sees."""
    ranges = read_range(kafka, Topic(kafka).first_offsets(), Topic(kafka).end_offsets())
    return [record for records in ranges for record in records]


def send_foreign(
    kafka: KafkaSettings,
    values: list[bytes],
    partition: int = 0,
    headers: list[tuple[str, bytes]] | None = None,
) -> None:
    """Sends values as someone else's producer would."""
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for value in values:
        producer.produce(kafka.topic, value, partition=partition, headers=headers or [])
    assert producer.flush(20) == 0


def our_headers(sequence: bytes, source: bytes | None = None) -> list[tuple[str, bytes]]:
    """Headers as our producer writes them to a topic of one partition, unless told otherwise."""
    return [
        ("sfcrime-source", source_header(IDENTITY, 1) if source is None else source),
        ("sfcrime-sequence", sequence),
    ]
