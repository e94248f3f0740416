"""The raw bytes of a record set aside, from a real broker; hostile ones never reach a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Producer

from cell_samples import cells_of
from running import settings_in
from sfcrime.domain.outcomes import Accounting
from sfcrime.kafka.broker import RunningBroker, start_broker
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.settings import KafkaSettings
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.records import LateRecord, PartitionRange, RejectedRecord
from sfcrime.store.writer import open_writer
from store_samples import GENERATION, identities

pytestmark = pytest.mark.kafka

VALUES = [b"\x1b[2J\x07 \xff\\", None, b"x" * 100_000, b"fine"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def broker(folder: Path) -> Iterator[RunningBroker]:
    with start_broker(settings_in(folder, KafkaSettings(port=0))) as running:
        yield running


@pytest.fixture(scope="module")
def topic_id(broker: RunningBroker) -> str:
    kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, topic=GENERATION.topic)
    ensure_topic(Topic(kafka), 1)
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    for value in VALUES:
        producer.produce(GENERATION.topic, value=value, partition=0)
    assert producer.flush(30) == 0
    return Topic(kafka).state().topic_id


def fill(data_dir: Path, topic_id: str) -> None:
    """Three rejected records and one late of the topic's four; the next one is still to come."""
    with open_writer(data_dir / "sfcrime.db", history_rows=10) as writer:
        writer.create_generation(replace(GENERATION, topic_id=topic_id, start_offsets={0: 0}))
        writer.commit_batch(
            BatchOutcome(
                batch_id=0,
                cells=cells_of([]),
                rejected=[RejectedRecord(0, offset, "not-json") for offset in (0, 1)],
                late=[LateRecord(0, 2, 1_538_438_400_000_000, 1_600_000_000_000)],
                ranges=[PartitionRange(0, 0, 3, counted=0, late=1, rejected=2)],
                accounting=Accounting(read=3, late=1, rejected=2),
                identities=identities(0, 0),
                newest_call_us=None,
            )
        )


def test_bytes_are_shown_escaped_and_whole(broker, topic_id, tmp_path, run) -> None:
    fill(tmp_path, topic_id)
    servers = ("--bootstrap-servers", broker.bootstrap_servers)
    document = json.loads(run("rejected", "--bytes", "--json", *servers).out)
    assert [each["value"] for each in document["rejected"]] == ["\\x1b[2J\\x07 \\xff\\\\", None]
    assert [each["in_kafka"] for each in document["rejected"]] == [True, True]
    assert [each["bytes_left_out"] for each in document["rejected"]] == [0, 0]
    out = run("rejected", "--bytes", *servers).out
    assert "\x1b" not in out
    assert "\\x1b[2J\\x07 \\xff\\\\" in out
    assert "(no value)" in out
    late = run("late", "--bytes", *servers).out
    assert 400 <= late.count("x") < 500
    assert "(100,000 bytes)" in " ".join(late.split())
    (long,) = json.loads(run("late", "--bytes", "--json", *servers).out)["late"]
    assert (long["value"], long["bytes_left_out"]) == ("x" * 65_536, 34_464)


def test_the_running_embedded_broker_is_found(broker, topic_id, folder, monkeypatch, run) -> None:
    fill(folder, topic_id)
    monkeypatch.setenv("SFCRIME_DATA_DIR", str(folder))
    document = json.loads(run("status", "--json").out)
    assert (document["lag"], document["lag_reason"]) == (1, None)
    assert document["partitions"][0]["duplicate"] == 0
    assert document["partitions"][0]["lag"] == 1


def test_bytes_of_a_topic_that_was_made_anew_are_refused(broker, topic_id, tmp_path, run) -> None:
    fill(tmp_path, "another-topic-id")
    servers = ("--bootstrap-servers", broker.bootstrap_servers)
    ran = run("rejected", "--bytes", *servers)
    assert ran.code == 1
    assert "another-topic-id" in ran.err
    assert "made again" in json.loads(run("status", "--json", *servers).out)["lag_reason"]
