"""`sfcrime consume`: what a record looks like, and following a topic in a real broker."""

from __future__ import annotations

import json
import signal
import tracemalloc
from collections.abc import Callable, Sequence

import pytest
from confluent_kafka import Producer

from running import Sfcrime
from sfcrime.cli.consume import record_as_json, record_line
from sfcrime.kafka.consumer import TopicRecord
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.settings import KafkaSettings

AT_MS = 1_538_470_080_123


def test_a_record_is_one_json_object_with_base64_where_it_is_no_text() -> None:
    assert record_as_json(TopicRecord(1, 7, AT_MS, b"k\xff", "caf\u00e9".encode())) == {
        "partition": 1,
        "offset": 7,
        "published": "2018-10-02T08:48:00.123Z",
        "published_ms": AT_MS,
        "key": None,
        "key_base64": "a/8=",
        "value": "caf\u00e9",
    }


def test_a_record_without_key_value_or_a_time_that_a_calendar_has_is_shown_too() -> None:
    for timestamp_ms, shown in ((-1, []), (2**63 - 1, ["9223372036854775807", "ms"])):
        assert record_as_json(TopicRecord(0, 0, timestamp_ms, None, None)) == {
            "partition": 0,
            "offset": 0,
            "published": None,
            "published_ms": timestamp_ms,
            "key": None,
            "value": None,
        }
        assert record_line(TopicRecord(0, 0, timestamp_ms, None, None)).split() == [
            *("0", "0", *shown, "-", "-")
        ]


def test_no_control_character_of_a_record_reaches_the_terminal() -> None:
    hostile = "\x1b[2J\x07\r\n\u202eabc".encode()
    line = record_line(TopicRecord(0, 1, AT_MS, b"\x1b\xff", hostile))

    assert line.isprintable()
    assert line == (
        "        0           1  2018-10-02 08:48:00.123Z  \\x1b\\xff      "
        "\\x1b[2J\\x07\\r\\n\\u202eabc"
    )


def test_of_a_value_of_megabytes_no_more_is_escaped_than_is_shown() -> None:
    value = b"\0" * 99 + "\u00e9".encode() * 1_000_000
    tracemalloc.start()
    try:
        line = record_line(TopicRecord(0, 1, AT_MS, None, value))
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert line.endswith("\\x00" * 99 + "\u00e9" * 4 + "... (2,000,099 bytes)")
    assert peak_bytes < 100_000


def test_a_long_value_is_cut_and_says_how_long_it_is() -> None:
    assert record_line(TopicRecord(0, 1, AT_MS, None, b"x" * 1_500)).endswith(
        "x" * 400 + "... (1,500 bytes)"
    )


def _send(kafka: KafkaSettings, values: Sequence[bytes]) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for value in values:
        producer.produce(kafka.topic, value, partition=0)
    assert producer.flush(20) == 0


@pytest.mark.kafka
def test_a_group_goes_on_where_it_stopped_and_no_group_begins_anew(
    sfcrime: Sfcrime, topic: Callable[[], KafkaSettings]
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    _send(kafka, [b"a", b"b", b"c", b"d"])
    reading = ["consume", "--json", "--from-beginning", "--bootstrap-servers"]
    reading += [kafka.bootstrap_servers, "--topic", kafka.topic]

    def values(*flags: str) -> list[str]:
        ran = sfcrime(*reading, *flags)
        assert ran.code == 0, ran.err
        return [json.loads(line)["value"] for line in ran.out.splitlines()]

    assert values("--max-messages", "3", "--group", "readers") == ["a", "b", "c"]
    assert values("--timeout-s", "1", "--group", "readers") == ["d"]
    assert values("--max-messages", "2") == ["a", "b"]


@pytest.mark.kafka
def test_it_waits_for_the_next_record_until_it_is_interrupted(
    sfcrime: Sfcrime, topic: Callable[[], KafkaSettings]
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    _send(kafka, [b"before"])
    servers = ["--bootstrap-servers", kafka.bootstrap_servers, "--topic", kafka.topic]

    with sfcrime.started("consume", *servers) as consume:
        consume.wait_for(lambda: "Partition" in consume.log(), "it to begin")
        consume.wait_for(lambda: _sent_and_seen(kafka, consume.log), "the next record")
        consume.signal(signal.SIGINT)
        assert consume.wait(10) == 0

    assert "before" not in consume.log()
    assert consume.log().rstrip().endswith("records")


def _sent_and_seen(kafka: KafkaSettings, log: Callable[[], str]) -> bool:
    """It may not have its place yet when it says that it reads, so records are sent until one is
    seen."""
    _send(kafka, [b"after"])
    return "after" in log()
