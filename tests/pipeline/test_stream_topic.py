"""What the stream waits for before there is anything to count."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Any, cast

import pytest
from confluent_kafka import Producer
from msgspec import structs

from asked_admin import AskedAdmin
from running import spark_was_awaited
from sfcrime.domain.calls import SourceIdentity
from sfcrime.domain.topic_state import TopicState
from sfcrime.errors import (
    AlreadyRunning,
    ChildFailed,
    KafkaUnavailable,
    StoreUnavailable,
    TopicRefused,
    UsageError,
)
from sfcrime.kafka.broker_record import (
    BrokerRecord,
    ProcessIdentity,
    broker_folder,
    noted_identity,
    write_record,
)
from sfcrime.kafka.headers import SEQUENCE_HEADER, SOURCE_HEADER, source_header
from sfcrime.kafka.origin import OriginKind, TopicOrigin
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.machine.own_folder import file_lock
from sfcrime.pipeline import topic_wait
from sfcrime.pipeline.stream import StreamHooks, StreamRequest, stream_topic
from sfcrime.pipeline.topic_wait import FoundTopic, TopicWait
from sfcrime.settings import JvmSettings, KafkaSettings, Settings, StoreSettings, StreamSettings
from sfcrime.store import STORE_FILE
from sfcrime.store.writer import StoreWriter, open_writer
from store_samples import GENERATION


def _settings(tmp_path: Path, kafka: KafkaSettings) -> Settings:
    return Settings(kafka=kafka, store=StoreSettings(data_dir=str(tmp_path)))


def _hooks(steps: list[str]) -> StreamHooks:
    return StreamHooks(steps.append, lambda url, generation: None, lambda progress: None)


def _counted(tmp_path: Path, kafka: KafkaSettings, starts: dict[int, int]) -> StoreWriter:
    """The store of a count of the topic that begins at these offsets."""
    writer = open_writer(tmp_path / STORE_FILE, history_rows=10)
    topic_id = Topic(kafka).state().topic_id
    writer.create_generation(replace(GENERATION, topic_id=topic_id, start_offsets=starts))
    return writer


@pytest.mark.kafka
def test_it_waits_for_the_topic_and_then_for_its_first_record(
    tmp_path: Path, topic: Callable[[], KafkaSettings]
) -> None:
    """Whose topic it is, and so whether records can be late, shows in its first record alone."""
    kafka = topic()
    steps: list[str] = []

    def step(text: str) -> None:
        steps.append(text)
        if text.startswith("waiting for the first record"):
            ensure_topic(Topic(kafka), 1)
            producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
            producer.produce(kafka.topic, b"x")
            assert producer.flush(20) == 0

    found = TopicWait(_settings(tmp_path, kafka), may_appear=True).until_found(Event(), step)
    assert found is not None
    assert found.topic.kafka == kafka
    assert found.origin == TopicOrigin(OriginKind.FOREIGN)
    assert found.state.ends == {0: 1}
    assert steps == [f"waiting for the first record of {kafka.topic}"]


@pytest.mark.kafka
def test_each_fact_about_the_topic_is_asked_for_once(
    tmp_path: Path, topic: Callable[[], KafkaSettings], admins: list[AskedAdmin]
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce(kafka.topic, b"x")
    assert producer.flush(20) == 0
    goes_on = _counted(tmp_path, kafka, {0: 0})
    asked = {"list_topics": 1, "list_offsets": 2, "describe_topics": 1, "describe_configs": 1}

    for store in (None, goes_on):  # a first count, and one that goes on
        admins.clear()
        assert TopicWait(_settings(tmp_path, kafka), store).look() is not None
        assert [each.asked for each in admins] == [asked]


@pytest.mark.kafka
def test_while_a_first_record_is_waited_for_the_topics_settings_are_not_asked_for_again(
    tmp_path: Path, topic: Callable[[], KafkaSettings], admins: list[AskedAdmin]
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    admins.clear()
    wait = TopicWait(_settings(tmp_path, kafka))

    assert [wait.look() for _ in range(3)] == [None, None, None]

    assert [each.asked["describe_configs"] for each in admins] == [1]


@pytest.mark.kafka
def test_a_count_goes_on_whatever_source_is_named_in_a_partition_that_was_empty(
    topic: Callable[[], KafkaSettings], tmp_path: Path
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 2)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for partition, name in ((0, GENERATION.source_name), (1, "file:other")):
        source = source_header(SourceIdentity(name, "calls", False), 2)
        headers: Any = [(SOURCE_HEADER, source), (SEQUENCE_HEADER, b"0")]
        producer.produce(kafka.topic, b"x", partition=partition, headers=headers)
    assert producer.flush(20) == 0
    settings = _settings(tmp_path, kafka)

    assert TopicWait(settings, _counted(tmp_path, kafka, {0: 1, 1: 0})).look() is not None
    with pytest.raises(TopicRefused, match="2 sources"):  # nothing was decided yet
        TopicWait(settings).look()


@pytest.mark.kafka
def test_it_can_be_told_to_stop_waiting_for_a_record(
    tmp_path: Path, topic: Callable[[], KafkaSettings]
) -> None:
    stop = Event()
    wait = TopicWait(_settings(tmp_path, topic()), may_appear=True)
    assert wait.until_found(stop, lambda _: stop.set()) is None


def test_it_can_be_told_to_stop_waiting_for_the_broker(tmp_path: Path) -> None:
    stop = Event()
    steps: list[str] = []

    def step(text: str) -> None:
        steps.append(text)
        stop.set()

    assert TopicWait(_settings(tmp_path, KafkaSettings())).until_found(stop, step) is None
    assert steps == ["waiting for the broker"]


def test_a_broker_that_never_starts_is_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_wait, "BROKER_WAIT_S", 0.1)
    with pytest.raises(KafkaUnavailable) as failed:
        TopicWait(_settings(tmp_path, KafkaSettings())).until_found(Event(), lambda _: None)
    assert failed.value.exit_code == 4
    assert "sfcrime broker" in failed.value.next_step


def test_a_broker_that_is_still_starting_is_waited_for_however_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that checks a large topic after a power cut takes minutes."""
    monkeypatch.setattr(topic_wait, "BROKER_WAIT_S", 0.0)
    this = noted_identity(os.getpid())
    starting = BrokerRecord(this, this, "127.0.0.1:1", answers=False)
    folder = broker_folder(tmp_path)
    folder.mkdir()
    write_record(folder, starting)
    looks = 0

    def look(_: TopicWait) -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            write_record(folder, structs.replace(starting, broker=ProcessIdentity(0, "gone")))

    monkeypatch.setattr(TopicWait, "look", look)
    with pytest.raises(KafkaUnavailable, match="No embedded broker"):
        TopicWait(_settings(tmp_path, KafkaSettings())).until_found(Event(), lambda _: None)
    assert looks in (3, 4)


@pytest.mark.parametrize(
    ("silent_looks", "wait_s", "is_found"), [(2, 60.0, True), (2, 0.0, False), (0, 0.0, True)]
)
def test_a_broker_that_is_silent_for_a_moment_ends_no_wait_for_the_first_record(
    *,
    silent_looks: int,
    wait_s: float,
    is_found: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(topic_wait, "BROKER_WAIT_S", wait_s)
    found = FoundTopic(cast(Topic, None), TopicState("id", {0: 0}, {0: 1}))
    silence = [KafkaUnavailable("No broker answered.")] * silent_looks
    looks = iter([*silence, found])

    def look(_: TopicWait) -> FoundTopic:
        each = next(looks)
        if isinstance(each, KafkaUnavailable):
            raise each
        return each

    monkeypatch.setattr(TopicWait, "look", look)
    wait = TopicWait(_settings(tmp_path, KafkaSettings()))
    if is_found:
        assert wait.until_found(Event(), lambda _: None) is found
    else:
        with pytest.raises(KafkaUnavailable, match="No broker answered"):
            wait.until_found(Event(), lambda _: None)


def test_a_folder_that_a_job_holds_is_refused_before_anything_starts(tmp_path: Path) -> None:
    steps: list[str] = []
    settings = _settings(tmp_path, KafkaSettings())
    with (
        file_lock(tmp_path / "stream.lock", wait=False),
        pytest.raises(AlreadyRunning, match="Another job works in"),
    ):
        stream_topic(StreamRequest(settings, Event(), _hooks(steps), until_caught_up=True))
    assert steps == []
    assert not (tmp_path / STORE_FILE).exists()


def test_a_store_that_cannot_be_opened_is_said_before_spark_is_there(tmp_path: Path) -> None:
    (tmp_path / STORE_FILE).write_bytes(b"this is no database" * 100)
    settings = _settings(tmp_path, KafkaSettings())
    with pytest.raises(StoreUnavailable):
        stream_topic(StreamRequest(settings, Event(), _hooks([]), until_caught_up=True))
    assert not spark_was_awaited(tmp_path)


@pytest.mark.kafka
def test_a_topic_that_an_outside_cluster_lacks_is_said_before_spark_is_there(
    tmp_path: Path, topic: Callable[[], KafkaSettings]
) -> None:
    settings = _settings(tmp_path, topic())
    with pytest.raises(KafkaUnavailable, match="does not exist") as failed:
        stream_topic(StreamRequest(settings, Event(), _hooks([]), until_caught_up=False))
    assert (failed.value.exit_code, spark_was_awaited(tmp_path)) == (4, False)
    assert "sfcrime produce" in failed.value.next_step


def test_where_spark_cannot_start_the_wait_for_the_broker_ends_too(tmp_path: Path) -> None:
    java = tmp_path / "java"
    (java / "bin").mkdir(parents=True)
    (java / "release").write_text('JAVA_VERSION="21.0.2"\n', encoding="utf-8")
    (java / "bin" / "java").write_text("#!/bin/sh\nexit 3\n", encoding="utf-8")
    (java / "bin" / "java").chmod(0o755)
    settings = Settings(
        jvm=JvmSettings(java_home=str(java)), store=StoreSettings(data_dir=str(tmp_path / "data"))
    )
    began = monotonic()

    with pytest.raises(ChildFailed, match="did not start"):
        stream_topic(StreamRequest(settings, Event(), _hooks([]), until_caught_up=True))

    assert monotonic() - began < topic_wait.BROKER_WAIT_S / 2


@pytest.mark.parametrize(
    "stream",
    [
        StreamSettings(spark_properties={"spark.sql.session.timeZone": "Europe/Rome"}),
        StreamSettings(source_options={"startingOffsets": "latest"}),
    ],
)
def test_what_sfcrime_decides_itself_is_refused_before_anything_starts(
    tmp_path: Path, stream: StreamSettings
) -> None:
    steps: list[str] = []
    settings = Settings(stream=stream, store=StoreSettings(data_dir=str(tmp_path)))

    with pytest.raises(UsageError, match=r"decided by sfcrime|sfcrime sets it itself"):
        stream_topic(StreamRequest(settings, Event(), _hooks(steps), until_caught_up=True))

    assert steps == []
    assert list(tmp_path.iterdir()) == []
