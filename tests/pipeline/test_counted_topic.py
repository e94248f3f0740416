"""Single records of the counted topic, asked for without ever starting a broker."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from confluent_kafka import Producer

from running import settings_in
from sfcrime.errors import KafkaUnavailable, TopicMadeAgain
from sfcrime.kafka.broker import RunningBroker, start_broker
from sfcrime.kafka.places import Content
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.pipeline import counted_topic
from sfcrime.pipeline.counted_topic import measure_lag, read_now
from sfcrime.settings import KafkaSettings, Settings
from sfcrime.store.records import Generation
from store_samples import GENERATION

VALUES = [b"\x1b[2J", None, b"x" * 10_000]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_in(tmp_path_factory.mktemp("data"), KafkaSettings(port=0))


@pytest.fixture(scope="module")
def broker(settings: Settings) -> Iterator[RunningBroker]:
    with start_broker(settings) as running:
        yield running


@pytest.fixture(scope="module")
def generation(broker: RunningBroker) -> Generation:
    kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, topic=GENERATION.topic)
    ensure_topic(Topic(kafka), 1)
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    for value in VALUES:
        producer.produce(GENERATION.topic, value=value, partition=0)
    assert producer.flush(30) == 0
    return replace(GENERATION, topic_id=Topic(kafka).state().topic_id, start_offsets={0: 0})


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("place", "found"),
    [
        ((0, 0), Content(b"\x1b[2J", 4)),
        ((0, 1), Content(None, 0)),
        ((0, 2), Content(b"xxxx", 10_000)),
        ((0, 3), None),
        ((7, 0), None),
        ((0, 2**63 - 1), None),
    ],
)
def test_a_record_of_the_running_broker_is_read(
    settings: Settings, generation: Generation, place: tuple[int, int], found: Content | None
) -> None:
    assert read_now(settings, generation, place, 4) == found


@pytest.mark.kafka
def test_a_record_of_a_topic_that_was_made_again_is_refused(
    settings: Settings, generation: Generation
) -> None:
    with pytest.raises(TopicMadeAgain):
        read_now(settings, replace(generation, topic_id="another"), (0, 0), 4)


def test_no_broker_is_started_for_a_record(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, KafkaSettings(port=0))

    with pytest.raises(KafkaUnavailable, match="does not run"):
        read_now(settings, GENERATION, (0, 0), 4)

    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of a cluster that does not answer until the test is over."""
    over = Event()

    def wait(*_: object) -> None:
        over.wait(30)
        raise KafkaUnavailable("over")

    monkeypatch.setattr(counted_topic, "_same_topic", wait)
    monkeypatch.setattr(counted_topic, "ANSWER_WITHIN_S", 0.2)
    yield settings_in(tmp_path, KafkaSettings(bootstrap_servers="127.0.0.1:1"))
    over.set()


def test_a_cluster_that_does_not_answer_is_not_waited_for(silent: Settings) -> None:
    started_s = time.monotonic()

    with pytest.raises(KafkaUnavailable, match=r"127.0.0.1:1 did not answer within 0\.2 s"):
        read_now(silent, GENERATION, (0, 0), 4)
    lag = measure_lag(silent, GENERATION, [])

    assert lag.by_partition is None
    assert lag.reason == "127.0.0.1:1 did not answer within 0.2 s."
    assert time.monotonic() - started_s < 5


def test_few_records_are_waited_for_at_a_time(silent: Settings) -> None:
    for _ in range(4):
        with pytest.raises(KafkaUnavailable, match="did not answer"):
            read_now(silent, GENERATION, (0, 0), 4)

    with pytest.raises(KafkaUnavailable, match="is being waited for by others"):
        read_now(silent, GENERATION, (0, 0), 4)


def test_who_asks_beside_many_others_is_told_at_once(
    silent: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counted_topic, "ANSWER_WITHIN_S", 2.0)

    def asked(_: int) -> tuple[str, float]:
        started_s = time.monotonic()
        with pytest.raises(KafkaUnavailable) as refused:
            read_now(silent, GENERATION, (0, 0), 4)
        return str(refused.value), time.monotonic() - started_s

    with ThreadPoolExecutor(20) as others:
        answers = list(others.map(asked, range(20)))

    at_once = [text for text, took_s in answers if took_s < 2.0]  # as long as others wait
    assert len(at_once) == 12
    assert all("is being waited for by others" in text for text in at_once)
