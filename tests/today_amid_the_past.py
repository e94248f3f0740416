"""A replay of the past in which every hour is followed by a record of today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from confluent_kafka import Producer

from hostile_records import with_id
from running import Sfcrime
from sfcrime.settings import KafkaSettings

_FIRST = datetime(2018, 10, 2)


def assert_all_is_counted(sfcrime: Sfcrime, kafka: KafkaSettings, hours: int) -> None:
    """Counts such a topic in a batch an hour; no record of today is in the way of the next hour.

    Every tenth hour is published once more at the end: repeats, however far apart.
    """
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    today = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    for hour in range(hours):
        producer.produce(kafka.topic, _call(2 * hour, _FIRST + timedelta(hours=hour)), partition=0)
        producer.produce(kafka.topic, _call(2 * hour + 1, today), partition=0)
    again = range(0, hours, 10)
    for hour in again:
        producer.produce(kafka.topic, _call(2 * hour, _FIRST + timedelta(hours=hour)), partition=0)
    assert producer.flush(30) == 0
    servers = ["--bootstrap-servers", kafka.bootstrap_servers]

    ran = sfcrime(
        *("stream", *servers, "--topic", kafka.topic),
        *("--max-records-per-batch", "2", "--until-caught-up"),
        timeout_s=900,
    )

    assert ran.code == 0, ran.out + ran.err
    assert sfcrime.batches() >= hours
    accounting = sfcrime.accounting()
    assert accounting is not None
    assert (accounting.counted, accounting.duplicate) == (2 * hours, len(again))
    assert (accounting.late, accounting.rejected) == (0, 0)
    audit = sfcrime("audit", *servers, timeout_s=600)
    assert audit.code == 0, audit.out + audit.err


def _call(number: int, wall: datetime) -> bytes:
    time = wall.isoformat(timespec="milliseconds").encode()
    return with_id(b'"%d"' % (800_000_000 + number)).replace(b"2018-10-02T09:11:00.000", time)
