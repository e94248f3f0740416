"""Reading exact ranges, past transaction markers and holes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from record_samples import all_records, published, send_foreign
from transaction_samples import send_in_transaction

from sfcrime.errors import KafkaUnavailable
from sfcrime.kafka import client, consumer
from sfcrime.kafka.client import open_consumer
from sfcrime.kafka.consumer import read_range
from sfcrime.kafka.places import Content, Place, read_places
from sfcrime.kafka.reading_errors import OVERSIZED
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.settings import KafkaSettings

pytestmark = pytest.mark.kafka
NewName = Callable[[], KafkaSettings]


def test_a_range_is_read_exactly_and_in_the_order_of_offsets(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    send_foreign(kafka, [b"%d" % number for number in range(100)])

    batches = list(read_range(kafka, {0: 10}, {0: 35}, batch=7))

    read = [record for records in batches for record in records]
    assert [record.offset for record in read] == list(range(10, 35))
    assert [record.value for record in read] == [b"%d" % number for number in range(10, 35)]
    assert all(1 <= len(records) <= 7 for records in batches)


def test_all_partitions_of_a_range_are_read(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 3)
    for partition, count in ((0, 5), (2, 7)):
        send_foreign(kafka, [b"x"] * count, partition)

    read = all_records(kafka)

    assert sorted((record.partition, record.offset) for record in read) == [
        *((0, offset) for offset in range(5)),
        *((2, offset) for offset in range(7)),
    ]


def test_markers_and_aborted_records_are_passed_over_also_at_the_end(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    send_foreign(kafka, [b"plain"])  # offset 0
    send_in_transaction(kafka, [b"a", b"b"], commit=True)  # 1, 2 and the marker 3
    send_in_transaction(kafka, [b"c", b"d"], commit=False)  # 4, 5 and the marker 6

    assert Topic(kafka).first_offsets() == {0: 0}
    assert Topic(kafka).end_offsets() == {0: 7}
    assert [(r.offset, r.value) for r in all_records(kafka)] == [
        (0, b"plain"),
        (1, b"a"),
        (2, b"b"),
    ]
    assert _read_again(kafka, *((0, offset) for offset in (6, 2, 3, 4))) == {
        (0, 2): Content(b"b", 1),
        **dict.fromkeys([(0, 3), (0, 4), (0, 6)]),
    }


@pytest.mark.parametrize("start", [0, 4, 6])
def test_what_unpacks_to_more_than_the_client_takes_is_read_as_too_large(
    topic: NewName, monkeypatch: pytest.MonkeyPatch, start: int
) -> None:
    """Three records in one batch, of 75 MB together, between records of others."""
    monkeypatch.setattr(client, "MAX_UNPACKED_BYTES", 60_000_000)
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    producer = Producer(
        {
            **{"bootstrap.servers": kafka.bootstrap_servers, "compression.type": "zstd"},
            **{"message.max.bytes": 100_000_000, "batch.size": 90_000_000, "linger.ms": 1000},
        }
    )
    for values in ([b"0", b"1", b"2"], [bytes(25_000_000)] * 3, [b"6", b"7"]):
        for value in values:
            producer.produce(kafka.topic, value, partition=0)
        assert producer.flush(20) == 0

    read = [each for records in read_range(kafka, {0: start}, {0: 8}, batch=2) for each in records]

    expected = [b"0", b"1", b"2", OVERSIZED, OVERSIZED, OVERSIZED, b"6", b"7"]
    assert [(each.offset, each.value) for each in read] == list(enumerate(expected))[start:]
    assert _read_again(kafka, *((0, offset) for offset in range(start, 8))) == {
        (0, offset): Content(b"", 65_537) if value is OVERSIZED else Content(value, 1)
        for offset, value in enumerate(expected)
        if offset >= start
    }


def test_a_range_that_ends_in_markers_with_records_behind_them_ends_there(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    send_in_transaction(kafka, [b"a"], commit=True)  # 0, marker 1
    send_foreign(kafka, [b"behind"] * 3)  # 2, 3, 4

    read = [record for records in read_range(kafka, {0: 0}, {0: 2}) for record in records]

    assert [(record.offset, record.value) for record in read] == [(0, b"a")]


def test_an_empty_range_reads_nothing(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 2)

    assert all_records(kafka) == []
    assert Topic(kafka).first_offsets() == {0: 0, 1: 0}
    assert Topic(kafka).end_offsets() == {0: 0, 1: 0}


def test_a_record_is_read_with_key_and_timestamp(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    published(kafka, 3)

    ((record,),) = read_range(kafka, {0: 2}, {0: 3})

    assert record.key == b"000000002"
    assert record.value == b'{"crime_id":"000000002"}'
    assert record.timestamp_ms == 1_538_470_080_000


def _read_again(
    kafka: KafkaSettings, *places: Place, most_bytes: int = 100
) -> dict[Place, Content | None]:
    return read_places(kafka, Topic(kafka).state(), places, most_bytes)


def test_single_records_far_and_near_are_read_by_one_client(
    topic: NewName, monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 3)
    for partition in (0, 2):
        send_foreign(kafka, [b"%d of %d" % (each, partition) for each in range(5_000)], partition)
    opened = []

    def counted(*given: Any, **named: Any) -> Consumer:
        opened.append(given)
        return open_consumer(*given, **named)

    monkeypatch.setattr("sfcrime.kafka.places.open_consumer", counted)

    found = _read_again(
        kafka, (2, 4_999), (0, 17), (2, 0), (0, 4_000), (0, 18), (0, 5_000), (1, 0), (7, 0)
    )

    assert found == {
        (0, 17): Content(b"17 of 0", 7),
        (0, 18): Content(b"18 of 0", 7),
        (0, 4_000): Content(b"4000 of 0", 9),
        (0, 5_000): None,
        (1, 0): None,
        (2, 0): Content(b"0 of 2", 6),
        (2, 4_999): Content(b"4999 of 2", 9),
        (7, 0): None,
    }
    assert len(opened) == 1


def test_of_a_long_record_only_the_beginning_is_kept(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    send_foreign(kafka, [b"x" * 200_000])

    assert _read_again(kafka, (0, 0), most_bytes=3) == {(0, 0): Content(b"xxx", 200_000)}


class SlowClient:
    """A client that gives nothing for a while, and then the end of the partition.

    Args:
        fetched: its next offset, of each time that it is asked for records.
    """

    def __init__(self, fetched: Sequence[int]) -> None:
        self._fetched = list(fetched)
        self.now_s = 0.0
        self.on_statistics: Callable[[str], None] = str

    def assign(self, places: object) -> None:
        del places

    def consume(self, most: int, wait_s: float) -> list[Message]:
        del most, wait_s
        self.now_s += 5.0
        of_topic = {"partitions": {"0": {"next_offset": self._fetched.pop(0)}}}
        self.on_statistics(json.dumps({"topics": {"slow.calls": of_topic}}))
        return []

    def close(self) -> None:
        pass


def _read_slowly(fetched: Sequence[int], monkeypatch: pytest.MonkeyPatch) -> None:
    client = SlowClient(fetched)

    def opened(*_: object, on_statistics: Callable[[str], None]) -> SlowClient:
        client.on_statistics = on_statistics
        return client

    monkeypatch.setattr(consumer, "open_consumer", opened)
    monkeypatch.setattr(consumer, "time", SimpleNamespace(monotonic=lambda: client.now_s))
    list(read_range(KafkaSettings(topic="slow.calls"), {0: 0}, {0: 1_000_000}))


def test_a_client_that_passes_over_offsets_without_records_has_not_lost_the_broker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(IndexError):  # it was asked as often as there are answers, for 50 s
        _read_slowly(range(0, 100_000, 10_000), monkeypatch)


def test_a_client_that_stands_still_has_lost_the_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KafkaUnavailable, match=r"still to read in partitions \[0\]"):
        _read_slowly([0] * 100, monkeypatch)


def test_records_that_were_deleted_are_an_error_and_not_a_shorter_range(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    send_foreign(kafka, [b"x"] * 10)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    place = TopicPartition(kafka.topic, 0, 5)
    admin.delete_records([place])[place].result()

    with pytest.raises(KafkaUnavailable, match="no longer has all the records"):
        list(read_range(kafka, {0: 0}, {0: 10}))

    assert Topic(kafka).first_offsets() == {0: 5}


def test_a_topic_that_does_not_exist_has_no_offsets(topic: NewName) -> None:
    with pytest.raises(KafkaUnavailable, match="does not exist"):
        Topic(topic()).end_offsets()
