"""The producer: exactly once, at any pace, through any death."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic
from record_samples import FIRST_MS, IDENTITY, NumberedRecords, all_records, published, send_foreign

from running import wait_until
from sfcrime.domain.calls import SourceIdentity, SourceRecord
from sfcrime.errors import TopicRefused
from sfcrime.kafka.consumer import read_messages
from sfcrime.kafka.headers import record_origin
from sfcrime.kafka.pace import Pace
from sfcrime.kafka.producer import (
    ProducerPlan,
    ProducerProgress,
    Published,
    partition_of,
    publish,
)
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.machine.freed_memory import FreedMemory
from sfcrime.settings import KafkaSettings

pytestmark = pytest.mark.kafka
NewName = Callable[[], KafkaSettings]


def assert_holds_each_once(kafka: KafkaSettings, total: int) -> None:
    """Every number once, in order within its partition, without holes between offsets."""
    records = all_records(kafka)
    assert Counter(r.key for r in records) == Counter(b"%09d" % n for n in range(total))
    by_partition: dict[int, list[bytes | None]] = {}
    for record in records:
        by_partition.setdefault(record.partition, []).append(record.key)
    assert all(keys == sorted(keys, key=lambda key: key or b"") for keys in by_partition.values())
    assert sum(Topic(kafka).end_offsets().values()) == total


def test_a_source_is_published_whole_with_its_times_and_sequences(topic: NewName) -> None:
    kafka = topic()

    result = published(kafka, 1000)

    assert result == Published(
        sent=1000, already_there=0, last_sequence=999, finished=True, made_replicas=1
    )
    assert_holds_each_once(kafka, 1000)
    assert {record.timestamp_ms for record in all_records(kafka)} == {
        FIRST_MS + number * 40_000 for number in range(1000)
    }
    messages = [
        m for ms in read_messages(kafka, {0: 0}, Topic(kafka).end_offsets(), 100) for m in ms
    ]
    for message in messages:
        origin = record_origin(message)
        assert origin is not None
        assert b"%09d" % origin.sequence == message.key()


def test_the_partition_of_a_record_is_stable_for_all_time() -> None:
    def record(key: bytes | None, value: bytes) -> SourceRecord:
        return SourceRecord(0, key, value, 0)

    # CRC-32 of "123456789" is 3421780262 (its published check value), and of "hello" 907060870.
    assert partition_of(record(b"123456789", b"x"), 7) == 5
    assert partition_of(record(None, b"hello"), 7) == 2


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_records_are_packed_as_the_setting_says(
    topic: NewName, compression: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def open_client(properties: dict[str, Any], **more: Any) -> Producer:
        asked.append(properties["compression.type"])
        return Producer(properties, **more)

    monkeypatch.setattr("sfcrime.kafka.client.Producer", open_client)
    kafka = msgspec.structs.replace(topic(), compression=compression)

    assert published(kafka, 20).sent == 20
    assert len(all_records(kafka)) == 20
    assert asked == [compression]


def test_a_second_run_sends_nothing(topic: NewName) -> None:
    kafka = topic()
    published(kafka, 500)

    again = published(kafka, 500)

    assert again == Published(sent=0, already_there=500, last_sequence=499, finished=True)
    assert_holds_each_once(kafka, 500)


def test_a_limit_ends_the_run_and_a_later_run_goes_on_behind_it(topic: NewName) -> None:
    kafka = topic()

    first = published(kafka, 500, limit=123)
    assert first == Published(
        sent=123, already_there=0, last_sequence=122, finished=True, made_replicas=1
    )
    assert_holds_each_once(kafka, 123)

    second = published(kafka, 500)
    assert second == Published(sent=377, already_there=123, last_sequence=499, finished=True)
    assert_holds_each_once(kafka, 500)


def test_a_partition_that_is_behind_the_others_is_filled_up(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 2)
    keys = {0: list[int](), 1: list[int]()}
    for number in range(100):
        record = SourceRecord(number, b"%09d" % number, b"", 0)
        keys[partition_of(record, 2)].append(number)
    only_first = [number for number in range(100) if number in keys[0]]

    class OnePartition(NumberedRecords):
        def __call__(self, start: int) -> Iterator[SourceRecord]:
            return (record for record in super().__call__(start) if record.sequence in only_first)

    publish(ProducerPlan(kafka, IDENTITY, Pace(None)), OnePartition(100), Event())
    assert Topic(kafka).end_offsets() == {0: len(keys[0]), 1: 0}

    result = published(kafka, 100)

    assert result == Published(
        sent=len(keys[1]), already_there=len(keys[0]), last_sequence=99, finished=True
    )
    assert_holds_each_once(kafka, 100)


PRODUCE = """
import sys
sys.path.insert(0, {samples!r})
from record_samples import published
from sfcrime.settings import KafkaSettings
print("begins", flush=True)
published(KafkaSettings(bootstrap_servers={servers!r}, topic={topic!r}, partitions=3), {total})
"""


def test_nothing_is_lost_or_sent_twice_when_the_producer_is_killed_at_any_instant(
    topic: NewName,
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 3)
    total = 150_000
    script = PRODUCE.format(
        samples=str(Path(__file__).parent),
        servers=kafka.bootstrap_servers,
        topic=kafka.topic,
        total=total,
    )
    chance = random.Random(20181104)
    ends_seen = []
    for _ in range(5):
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        wait_until_it_grows(kafka, process)
        time.sleep(chance.uniform(0.0, 0.25))
        process.kill()
        process.communicate()  # closes its pipe too
        ends_seen.append(sum(Topic(kafka).end_offsets().values()))

    assert 0 < ends_seen[0] < total, "the kill must fall in the middle of the work"
    result = published(kafka, total)

    assert result.last_sequence == total - 1
    assert_holds_each_once(kafka, total)


def wait_until_it_grows(kafka: KafkaSettings, process: subprocess.Popen[bytes]) -> None:
    before = sum(Topic(kafka).end_offsets().values())
    wait_until(
        lambda: process.poll() is not None or sum(Topic(kafka).end_offsets().values()) > before,
        "the topic to grow",
    )


def test_a_stop_interrupts_a_wait_at_once_and_what_was_sent_is_there(topic: NewName) -> None:
    kafka = topic()
    stop = Event()
    plan = ProducerPlan(kafka, IDENTITY, Pace(0.001))  # 40 s apart, so the second waits 11 hours
    results: list[Published] = []
    seen = Event()

    def on_progress(progress: ProducerProgress) -> None:
        if progress.sent:
            seen.set()

    thread = threading.Thread(
        target=lambda: results.append(publish(plan, NumberedRecords(5), stop, on_progress))
    )
    thread.start()
    assert seen.wait(20)
    stop.set()
    thread.join(10)

    assert not thread.is_alive()
    assert results == [
        Published(sent=1, already_there=0, last_sequence=0, finished=False, made_replicas=1)
    ]
    assert_holds_each_once(kafka, 1)


def test_a_producer_that_waits_has_given_back_the_memory_of_what_it_sent(
    topic: NewName, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = Event()
    monkeypatch.setattr("sfcrime.machine.freed_memory.LARGE_WORK", 1)
    monkeypatch.setattr(
        "sfcrime.kafka.producer.FreedMemory", lambda: FreedMemory(give_back=stop.set)
    )
    plan = ProducerPlan(topic(), IDENTITY, Pace(0.001))  # the second record waits 11 hours
    thread = threading.Thread(
        target=publish, args=(plan, NumberedRecords(5), stop), name="producer", daemon=True
    )
    thread.start()

    assert stop.wait(20)
    thread.join(10)
    assert not thread.is_alive()


def test_records_are_spread_over_time_by_the_pace(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    began = time.monotonic()

    # 50 records 40 s apart are 1,960 virtual seconds: 1 s at 1960x
    publish(ProducerPlan(kafka, IDENTITY, Pace(1960.0)), NumberedRecords(50), Event())

    assert time.monotonic() - began >= 1.0


def test_progress_ends_with_everything_delivered(topic: NewName) -> None:
    kafka = topic()
    seen: list[ProducerProgress] = []

    publish(ProducerPlan(kafka, IDENTITY, Pace(None)), NumberedRecords(5000), Event(), seen.append)

    assert seen[-1] == ProducerProgress(
        sent=5000,
        delivered=5000,
        already_there=0,
        virtual_ms=FIRST_MS + 4999 * 40_000,
    )


def test_a_topic_of_another_source_is_refused(topic: NewName) -> None:
    kafka = topic()
    published(kafka, 10)
    other = SourceIdentity("synthetic:seed=1", "synthetic city", True)

    with pytest.raises(
        TopicRefused, match=r"holds 'calls\.json' \(file:abc\), not 'synthetic city'"
    ):
        publish(ProducerPlan(kafka, other, Pace(None)), NumberedRecords(10), Event())

    assert_holds_each_once(kafka, 10)


def test_a_topic_of_someone_else_is_refused(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    send_foreign(kafka, [b"{}"])

    with pytest.raises(TopicRefused, match="begins with records that sfcrime did not") as caught:
        published(kafka, 10)

    assert "--topic" in caught.value.next_step
    assert Topic(kafka).end_offsets() == {0: 1}


def test_a_topic_that_was_given_more_partitions_is_refused(topic: NewName) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 2)
    published(kafka, 10)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_partitions([NewPartitions(kafka.topic, 3)])[kafka.topic].result()

    with pytest.raises(TopicRefused, match=r"had 2 partitions .* and has 3 now"):
        published(kafka, 20)


def test_a_topic_with_kafkas_own_retention_is_refused_before_anything_is_sent(
    topic: NewName,
) -> None:
    kafka = topic()
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_topics([NewTopic(kafka.topic, num_partitions=1)])[kafka.topic].result()

    with pytest.raises(TopicRefused, match=r"retention\.ms=604800000"):
        published(kafka, 10)

    assert Topic(kafka).end_offsets() == {0: 0}


def test_a_record_without_a_key_or_larger_than_what_counts_is_still_published(
    topic: NewName,
) -> None:
    kafka = topic()
    large = b"x" * 2_000_000

    def records(start: int) -> Iterator[SourceRecord]:
        return iter([SourceRecord(0, None, large, FIRST_MS)][start:])

    publish(ProducerPlan(kafka, IDENTITY, Pace(None)), records, Event())

    (record,) = all_records(kafka)
    assert record.key is None
    assert record.value == large
