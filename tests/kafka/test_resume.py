"""The producer goes on behind its own last records, whatever others wrote into its topic."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Producer
from record_samples import (
    IDENTITY,
    all_records,
    our_headers,
    published,
    send_foreign,
)
from transaction_samples import send_in_transaction

from running import wait_until
from sfcrime.domain.calls import SourceIdentity
from sfcrime.errors import TopicRefused
from sfcrime.kafka.consumer import read_range
from sfcrime.kafka.headers import source_header
from sfcrime.kafka.producer import Published
from sfcrime.kafka.resume import place_to_resume
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.settings import KafkaSettings

pytestmark = pytest.mark.kafka
NewName = Callable[[], KafkaSettings]

OTHER = SourceIdentity("file:other", "calls.json", False)


def ours_and_foreign(kafka: KafkaSettings) -> tuple[list[tuple[int, int]], int]:
    """(partition, number) of the source's records as they lie there; how many others there are."""
    ours, foreign = [], 0
    for record in all_records(kafka):
        if record.key is None:
            foreign += 1
        else:
            ours.append((record.partition, int(record.key)))
    return ours, foreign


def assert_holds_the_source_once(kafka: KafkaSettings, total: int, foreign: int) -> None:
    """Every number once, ascending within its partition, and the foreign records beside them."""
    ours, others = ours_and_foreign(kafka)
    assert Counter(number for _, number in ours) == Counter(range(total))
    for partition in {place for place, _ in ours}:
        numbers = [number for place, number in ours if place == partition]
        assert numbers == sorted(numbers)
    assert others == foreign


def new_topic(topic: NewName, partitions: int = 1) -> KafkaSettings:
    kafka = topic()
    ensure_topic(Topic(kafka), partitions)
    return kafka


def test_a_foreign_record_at_the_end_of_one_partition_is_passed_over(topic: NewName) -> None:
    kafka = new_topic(topic, 2)
    published(kafka, 100)
    send_foreign(kafka, [b"{}"], partition=1)

    result = published(kafka, 150)

    assert result == Published(sent=50, already_there=100, last_sequence=149, finished=True)
    assert_holds_the_source_once(kafka, 150, foreign=1)


def test_foreign_records_at_the_end_of_every_partition_are_passed_over(topic: NewName) -> None:
    kafka = new_topic(topic, 3)
    published(kafka, 100)
    for partition in range(3):
        send_foreign(kafka, [b"{}", b"[]"], partition)

    result = published(kafka, 150)

    assert result == Published(sent=50, already_there=100, last_sequence=149, finished=True)
    assert_holds_the_source_once(kafka, 150, foreign=6)


def test_as_many_foreign_records_as_one_likes_are_passed_over(topic: NewName) -> None:
    kafka = new_topic(topic, 2)
    published(kafka, 100)
    send_foreign(kafka, [b"x" * 50] * 70_000, partition=0)

    result = published(kafka, 150)

    assert result == Published(sent=50, already_there=100, last_sequence=149, finished=True)
    assert_holds_the_source_once(kafka, 150, foreign=70_000)


@pytest.mark.parametrize("commit", [True, False], ids=["committed", "aborted"])
def test_transactions_at_the_end_are_passed_over(topic: NewName, commit: bool) -> None:
    kafka = new_topic(topic)
    published(kafka, 10)
    for _ in range(3):
        send_in_transaction(kafka, [b"{}"] * 60, commit=commit)

    result = published(kafka, 20)

    assert result == Published(sent=10, already_there=10, last_sequence=19, finished=True)
    assert_holds_the_source_once(kafka, 20, foreign=180 if commit else 0)


@contextmanager
def open_transaction(kafka: KafkaSettings) -> Iterator[None]:
    """Someone else's transaction on partition 0, open inside and committed at the end."""
    producer = Producer(
        {"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": f"o-{kafka.topic}"}
    )
    producer.init_transactions(20)
    producer.begin_transaction()
    producer.produce(kafka.topic, b"{}", partition=0)
    assert producer.flush(20) == 0
    yield
    producer.commit_transaction(20)


def test_records_of_ours_behind_an_open_transaction_are_not_sent_again(topic: NewName) -> None:
    kafka = new_topic(topic)
    published(kafka, 10)
    with open_transaction(kafka):
        published(kafka, 20)
        assert Topic(kafka).end_offsets() == {0: 10}, "the transaction hides what follows it"

        result = published(kafka, 30)

    assert result == Published(sent=10, already_there=20, last_sequence=29, finished=True)
    wait_until(  # the marker of the transaction may come after either question
        lambda: Topic(kafka).end_offsets() == Topic(kafka).end_offsets(committed=False),
        "nothing but the published records",
    )
    assert_holds_the_source_once(kafka, 30, foreign=1)


def test_records_of_ours_are_found_in_a_topic_that_a_transaction_hides_altogether(
    topic: NewName,
) -> None:
    kafka = new_topic(topic)
    with open_transaction(kafka):
        published(kafka, 10)
        assert all_records(kafka) == []

        assert place_to_resume(Topic(kafka), IDENTITY, 1) == {0: 9}


def test_a_producer_may_start_while_others_write(topic: NewName) -> None:
    kafka = new_topic(topic, 2)
    published(kafka, 100)
    done = threading.Event()
    sent: list[int] = [0]

    def write() -> None:
        while not done.is_set():
            send_foreign(kafka, [b"{}"], partition=1)
            sent[0] += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        wait_until(lambda: sent[0] > 3, "the first transactions")
        result = published(kafka, 150)
    finally:
        done.set()
        thread.join(30)

    assert result == Published(sent=50, already_there=100, last_sequence=149, finished=True)
    assert_holds_the_source_once(kafka, 150, foreign=sent[0])


def test_a_second_producer_of_the_source_is_refused(topic: NewName) -> None:
    kafka = new_topic(topic)
    published(kafka, 10)
    done = threading.Event()

    def write() -> None:
        sequence = 10
        while not done.is_set():
            send_foreign(kafka, [b"{}"], headers=our_headers(b"%d" % sequence))
            sequence += 1

    thread = threading.Thread(target=write)
    thread.start()
    try:
        with pytest.raises(TopicRefused, match="is publishing this source"):
            place_to_resume(Topic(kafka), IDENTITY, 1)
    finally:
        done.set()
        thread.join(30)


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(our_headers(b"-1"), id="a negative sequence"),
        pytest.param(our_headers(b"1_0"), id="a sequence that only Python reads"),
        pytest.param(our_headers(b" 12"), id="a sequence with a blank"),
        pytest.param(our_headers("\u0661\u0662".encode()), id="a sequence of other digits"),
        pytest.param(our_headers(b""), id="an empty sequence"),
        pytest.param(our_headers(b"9" * 5000), id="a sequence of 5,000 digits"),
        pytest.param(our_headers(b"9" * 18), id="a sequence the topic cannot have reached"),
        pytest.param(our_headers(b"10000011"), id="the first one it cannot have reached"),
        pytest.param(our_headers(b"12")[1:], id="no source"),
        pytest.param(our_headers(b"12")[:1], id="no sequence"),
        pytest.param(our_headers(b"12", b"\xff"), id="a source that is not UTF-8"),
        pytest.param(our_headers(b"12", b"{}"), id="a source without fields"),
        pytest.param(our_headers(b"12", b"[" * 100_000), id="a source nested too deep"),
        pytest.param(our_headers(b"12", source_header(OTHER, 1)), id="another source"),
    ],
)
def test_headers_that_cannot_be_ours_make_no_record_of_ours(
    topic: NewName, headers: list[tuple[str, bytes]]
) -> None:
    kafka = new_topic(topic)
    published(kafka, 10)
    send_foreign(kafka, [b"{}"], headers=headers)  # the topic then has 11 offsets

    result = published(kafka, 20)

    assert result == Published(sent=10, already_there=10, last_sequence=19, finished=True)
    assert_holds_the_source_once(kafka, 20, foreign=1)
    (read,) = read_range(
        kafka, Topic(kafka).first_offsets(), Topic(kafka).end_offsets(), 1000, IDENTITY.name
    )
    assert [each.sequence for each in read if each.key] == list(range(20))


def test_a_source_under_another_title_is_the_same(topic: NewName) -> None:
    kafka = new_topic(topic)
    published(kafka, 10)
    renamed = source_header(SourceIdentity(IDENTITY.name, "renamed.json", False), 1)
    send_foreign(kafka, [b"{}"], headers=our_headers(b"10", renamed))

    assert place_to_resume(Topic(kafka), IDENTITY, 1) == {0: 10}


def test_of_forged_records_the_last_decides_so_that_calls_are_rather_doubled_than_lost(
    topic: NewName,
) -> None:
    kafka = new_topic(topic)
    published(kafka, 10)
    send_foreign(kafka, [b"{}"], headers=our_headers(b"9000"))
    send_foreign(kafka, [b"{}"], headers=our_headers(b"3"))

    assert place_to_resume(Topic(kafka), IDENTITY, 1) == {0: 3}


def test_headers_are_parsed_only_for_the_source_that_is_asked_for(topic: NewName) -> None:
    kafka = new_topic(topic)
    published(kafka, 3)
    span = Topic(kafka).first_offsets(), Topic(kafka).end_offsets()

    def sequences(source_name: str) -> list[int | None]:
        batches = read_range(kafka, *span, source_name=source_name)
        return [record.sequence for batch in batches for record in batch]

    assert sequences("") == [None, None, None]
    assert sequences(OTHER.name) == [None, None, None]
    assert sequences(IDENTITY.name) == [0, 1, 2]


PRODUCE = """
import sys
sys.path.insert(0, {samples!r})
from record_samples import published
from sfcrime.settings import KafkaSettings
print("begins", flush=True)
published(KafkaSettings(bootstrap_servers={servers!r}, topic={topic!r}, partitions=2), {total})
"""


def test_a_killed_producer_goes_on_among_foreign_records(topic: NewName) -> None:
    kafka = new_topic(topic, 2)
    total = 60_000
    published(kafka, 100)
    script = PRODUCE.format(
        samples=str(Path(__file__).parent),
        servers=kafka.bootstrap_servers,
        topic=kafka.topic,
        total=total,
    )
    foreign = 0
    for kill in range(3):
        before = sum(Topic(kafka).end_offsets().values())
        process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        wait_until(
            lambda at=before, run=process: (  # type: ignore[misc]
                sum(Topic(kafka).end_offsets().values()) > at or run.poll() is not None
            ),
            "the producer's first records",
        )
        process.kill()
        process.communicate()  # closes its pipe too
        for partition in range(2):
            send_foreign(kafka, [b"not json"] * (300 * kill + 1), partition)
            foreign += 300 * kill + 1

    result = published(kafka, total)

    assert result.last_sequence == total - 1
    assert_holds_the_source_once(kafka, total, foreign)
