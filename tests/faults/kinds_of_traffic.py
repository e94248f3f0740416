"""Faults of what comes in: another producer writes into the topic, between the records of ours."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition
from kinds import Inflicted
from service import Service

from hostile_records import HOSTILE_RECORDS, TIMED_RECORDS, with_id, with_time

_BURST = 1_000
_WAIT_S = 30.0


class Sent(NamedTuple):
    """A record of somebody else's."""

    value: bytes | None
    published_ms: int
    """Its Kafka timestamp."""


def burst(of: Callable[[Service, random.Random], list[Sent]]) -> Callable[..., Inflicted]:
    """Sends records as fast as can be."""

    def inflict(service: Service, chance: random.Random) -> Inflicted:
        since, records = service.position(), of(service, chance)
        assert records, "there is nothing to send"
        _send(service, records)
        return Inflicted(f"{len(records)} records", since)

    return inflict


def copies(service: Service, chance: random.Random) -> list[Sent]:
    """Records that the topic holds, again and in another order: some as they were, which are
    duplicates, and some published now, which are late."""
    held = _read(service, _BURST)
    now_ms = time.time_ns() // 1_000_000
    again = [each._replace(published_ms=now_ms) if chance.random() < 0.2 else each for each in held]
    chance.shuffle(again)
    return again


def out_of_order(service: Service, chance: random.Random) -> list[Sent]:
    """Calls that nobody has sent, days before and after each other, on time and late."""
    start, found = datetime(2024, 1, 10, tzinfo=UTC), []
    for _ in range(_BURST):
        call = start + timedelta(seconds=chance.randrange(20 * 86_400))
        value = with_id(b'"%d"' % chance.randrange(10**12, 10**13)).replace(
            b"2018-10-02T09:11:00.000", f"{call:%Y-%m-%dT%H:%M:%S}".encode()
        )
        after = timedelta(hours=8 + chance.uniform(0, 14 * 24))  # the wall is 8 hours behind UTC
        found.append(Sent(value, int((call + after).timestamp() * 1000)))
    return found


def hostile(service: Service, chance: random.Random) -> list[Sent]:
    """One of each that a rule is about, and timestamps that Spark cannot read, but for those that
    the topic refuses, with all that is sent beside them."""
    now_ms = time.time_ns() // 1_000_000
    found = [Sent(each.value, now_ms) for each in HOSTILE_RECORDS]
    found += [
        Sent(with_time(json.dumps(each.call_time).encode()), each.published_ms)
        for each in TIMED_RECORDS
        # Kafka's own client takes a negative one for none.
        if 0 <= each.published_ms <= now_ms
    ]
    chance.shuffle(found)
    return found


def _send(service: Service, records: Iterable[Sent]) -> None:
    kafka = service.kafka()
    assert kafka is not None
    servers = {"bootstrap.servers": kafka.bootstrap_servers}
    producer = Producer({**servers, "linger.ms": 5, "message.max.bytes": 16_000_000})
    refused: list[str] = []

    def answered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            refused.append(error.str())

    for each in records:
        producer.produce(kafka.topic, each.value, timestamp=each.published_ms, on_delivery=answered)
        producer.poll(0)
    assert producer.flush(_WAIT_S) == 0, "a burst was not taken by the broker"
    assert not refused, f"{len(refused)} records of a burst were refused: {refused[0]}"


def _read(service: Service, at_most: int) -> list[Sent]:
    """The first records of the topic's first partition."""
    kafka = service.kafka()
    assert kafka is not None
    consumer = Consumer(
        {"bootstrap.servers": kafka.bootstrap_servers, "group.id": "faults", **_NO_GROUP}
    )
    found: list[Sent] = []
    try:
        first = TopicPartition(kafka.topic, 0, 0)
        _, end = consumer.get_watermark_offsets(first, timeout=_WAIT_S)
        consumer.assign([first])
        deadline, read = time.monotonic() + _WAIT_S, 0
        while read < min(at_most, end) and time.monotonic() < deadline:
            for each in consumer.consume(at_most - len(found), 1.0):
                assert each.error() is None, each.error()
                found.append(Sent(each.value(), each.timestamp()[1]))
                read = (each.offset() or 0) + 1
    finally:
        consumer.close()
    return found


_NO_GROUP = {"enable.auto.commit": False}
