"""A topic that someone else's producer filled, with everything a record can be."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from hostile_records import HOSTILE_RECORDS, with_id
from running import Sfcrime, wait_until
from sfcrime.audit.judge import ValidCall, judge_value
from sfcrime.domain.calls import SourceIdentity
from sfcrime.kafka.headers import source_header
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.settings import KafkaSettings
from today_amid_the_past import assert_all_is_counted

pytestmark = [pytest.mark.end_to_end, pytest.mark.kafka]

PARTITIONS = 3
IDENTITY = SourceIdentity("file:abc", "calls.json", False)
DAY_MS = 86_400_000
CALL_MS = 1_538_496_660_000
"""The instant of every `_call`."""


def _new_topic(kafka: KafkaSettings) -> None:
    """As its owner would make it: nothing of ours but room for large records, and for any time."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    config = {
        "max.message.bytes": "4000000",
        "retention.ms": "-1",
        "message.timestamp.after.max.ms": str(2**63 - 1),
    }
    topic = NewTopic(kafka.topic, PARTITIONS, config=config)
    admin.create_topics([topic])[kafka.topic].result(30)


def _send(kafka: KafkaSettings, records: Sequence[tuple[int, bytes | None]]) -> None:
    """(partition, value) without keys, stamped with the present."""
    producer = Producer(
        {"bootstrap.servers": kafka.bootstrap_servers, "message.max.bytes": 4_000_000}
    )
    for partition, value in records:
        producer.produce(kafka.topic, value, partition=partition)
    assert producer.flush(30) == 0


def _send_in_transactions(
    kafka: KafkaSettings, committed: list[bytes], aborted: list[bytes]
) -> None:
    """To partition 0; returns once both markers are written, so they lie before what follows."""
    before = Topic(kafka).end_offsets()[0]
    producer = Producer(
        {"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": kafka.topic}
    )
    producer.init_transactions(30)
    for values, end in (
        (committed, producer.commit_transaction),
        (aborted, producer.abort_transaction),
    ):
        producer.begin_transaction()
        for value in values:
            producer.produce(kafka.topic, value, partition=0)
        producer.flush(30)
        end(30)
    expected = before + len(committed) + 1 + len(aborted) + 1
    wait_until(lambda: Topic(kafka).end_offsets()[0] == expected, "the markers of the transactions")


def _call(number: int) -> bytes:
    return with_id(b'"%d"' % (700_000_000 + number))


def test_every_record_of_a_foreign_topic_is_counted_or_set_aside_and_none_stops_the_query(
    sfcrime: Sfcrime, topic: Callable[[], KafkaSettings]
) -> None:
    kafka = topic()
    _new_topic(kafka)
    table = random.Random(4711).sample(HOSTILE_RECORDS, len(HOSTILE_RECORDS))
    _send(kafka, [(number % PARTITIONS, record.value) for number, record in enumerate(table)])
    servers = ["--bootstrap-servers", kafka.bootstrap_servers]

    with sfcrime.started("stream", *servers, "--topic", kafka.topic) as stream:
        stream.wait_for(lambda: sfcrime.read() == len(table), "the table to be read")
        _send_in_transactions(kafka, [_call(1), _call(2)], [_call(3), b"", b"aborted"])
        _send(kafka, [(0, _call(4)), (1, _call(5)), (2, _call(1))])
        stream.wait_for(lambda: sfcrime.read() == len(table) + 5, "the calls behind it")
        stream.process.terminate()
        assert stream.wait() == 0, stream.log()

    reasons = Counter(record.reason for record in table)
    valid = reasons.pop(None)
    judged = [judge_value(record.value) for record in table]
    identities = {(call.call_id, call.call_us) for call in judged if isinstance(call, ValidCall)}
    accounting = {
        "read": len(table) + 5,
        "counted": len(identities) + 4,
        "duplicate": valid - len(identities) + 1,
        "late": 0,
        "rejected": sum(reasons.values()),
        "gaps": 5,  # two markers and three aborted records
    }
    status = sfcrime("status", *servers, "--json").json
    assert status["accounting"] == accounting
    assert status["settings"]["lateness_rule"] == "off"
    assert status["settings"]["lateness_s"] is None
    assert (status["source_name"], status["synthetic"], status["lag"]) == (None, False, 0)
    assert sfcrime("rejected", *servers, "--json").json["by_reason"] == reasons

    audit = sfcrime("audit", *servers, "--json")
    assert audit.code == 0, audit.out
    assert audit.json["accounting"] == accounting
    assert audit.json["lateness_s"] is None


def test_what_spark_cannot_read_is_counted_without_it(
    sfcrime: Sfcrime, topic: Callable[[], KafkaSettings]
) -> None:
    """A timestamp that Spark's source cannot give, and 300 MB of zeros in 9 KB: each in a batch of
    its own, between batches that Spark reads."""
    kafka = topic()
    _new_topic(kafka)
    producer = Producer(
        {
            "bootstrap.servers": kafka.bootstrap_servers,
            "message.max.bytes": 400_000_000,
            "compression.type": "zstd",
        }
    )
    for number in range(50):
        stamped_ms = {15: -9_223_372_036_854_776, 16: 2**63 - 1}.get(number, CALL_MS)
        value = b"\0" * 300_000_000 if number == 35 else _call(number)
        producer.produce(kafka.topic, value, partition=0, timestamp=stamped_ms)
        assert producer.flush(30) == 0
    servers = ["--bootstrap-servers", kafka.bootstrap_servers, "--topic", kafka.topic]

    ran = sfcrime(
        *("stream", "--until-caught-up", "--max-records-per-batch", "10", "--json", *servers),
        *("--lateness-hours", "720"),
    )

    assert ran.code == 0, ran.err
    batches = [json.loads(line) for line in ran.out.splitlines()]
    without_spark = [each for each in batches if "withoutSpark" in each["phases_ms"]]
    assert [each["input_rows"] for each in without_spark] == [10, 10]
    audit = sfcrime("audit", *servers[:2], "--json")
    assert audit.code == 0, audit.out
    assert audit.json["accounting"] == {
        **{"read": 50, "counted": 47, "duplicate": 0, "late": 1, "rejected": 2, "gaps": 0}
    }
    assert sfcrime("rejected", *servers[:2], "--json").json["by_reason"] == {
        "too-large": 1,
        "from-the-future": 1,
    }
    assert sfcrime("late", *servers[:2]).code == 0


def test_transactions_in_a_topic_of_ours_are_gaps_to_every_count(
    sfcrime: Sfcrime, topic: Callable[[], KafkaSettings]
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    servers = ["--bootstrap-servers", kafka.bootstrap_servers]
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for sequence in (0, 1):
        ours = [
            ("sfcrime-source", source_header(IDENTITY, 1)),
            ("sfcrime-sequence", str(sequence).encode()),
        ]
        producer.produce(kafka.topic, _call(sequence), None, 0, timestamp=CALL_MS, headers=ours)
        assert producer.flush(30) == 0
        _send_in_transactions(kafka, [_call(10 + sequence)], [_call(3), b"aborted"])
        ran = sfcrime("stream", "--until-caught-up", *servers, "--topic", kafka.topic)
        assert ran.code == 0, ran.err

    # Others stamp their records with the present: they are late.
    accounting = {"read": 4, "counted": 2, "duplicate": 0, "late": 2, "rejected": 0, "gaps": 8}
    assert sfcrime("status", *servers, "--json").json["accounting"] == accounting
    rebuilt = sfcrime("rebuild", *servers, "--topic", kafka.topic, "--json")
    assert rebuilt.json["accounting"] == accounting
    audit = sfcrime("audit", *servers, "--json")
    assert (audit.code, audit.json["accounting"]) == (0, accounting)
    assert audit.json["sequences"] is not None


def test_a_record_of_today_behind_every_hour_of_the_past_is_in_nobodys_way(
    sfcrime: Sfcrime, topic: Callable[[], KafkaSettings]
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    assert_all_is_counted(sfcrime, kafka, hours=30)


def test_a_mixed_topic_is_counted_from_where_it_begins_with_and_without_a_lateness(
    sfcrime: Sfcrime, topic: Callable[[], KafkaSettings], tmp_path: Path
) -> None:
    """Ours in one partition, someone else's in the next, in any order, with keys and without; the
    last has lost its beginning before we came."""
    kafka = topic()
    ensure_topic(Topic(kafka), PARTITIONS)  # as records of 2018 are to stay
    ours = [("sfcrime-source", source_header(IDENTITY, PARTITIONS)), ("sfcrime-sequence", b"0")]
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    producer.produce(kafka.topic, _call(1), b"1", 0, timestamp=CALL_MS, headers=ours)
    producer.produce(kafka.topic, _call(2), None, 0, timestamp=CALL_MS + 31 * DAY_MS)
    producer.produce(kafka.topic, _call(3), None, 1)  # an old call with today's timestamp
    producer.produce(kafka.topic, _call(2), b"other", 1, timestamp=CALL_MS)
    for number in (4, 5, 6, 7):
        producer.produce(kafka.topic, _call(number), None, 2, timestamp=CALL_MS)
    assert producer.flush(30) == 0
    lost = TopicPartition(kafka.topic, 2, 3)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.delete_records([lost])[lost].result(30)
    servers = ["--bootstrap-servers", kafka.bootstrap_servers]

    def counted(folder: Sfcrime, *flags: str) -> dict[str, object]:
        ran = folder("stream", "--until-caught-up", *servers, "--topic", kafka.topic, *flags)
        assert ran.code == 0, ran.err
        audit = folder("audit", *servers, "--json")
        assert audit.code == 0, audit.out
        status = folder("status", *servers, "--json").json
        assert audit.json["accounting"] == status["accounting"]
        assert audit.json["offsets"]["2"] == {"start": 3, "end": 4}
        rule = (status["settings"]["lateness_rule"], status["settings"]["lateness_s"])
        return {**status["accounting"], "rule": rule}

    nothing = {"read": 5, "rejected": 0, "gaps": 0}
    assert counted(sfcrime) == nothing | {
        **{"counted": 4, "duplicate": 1, "late": 0, "rule": ("off", None)}
    }
    assert counted(Sfcrime(tmp_path / "with-a-rule"), "--lateness-hours", "720") == nothing | {
        **{"counted": 3, "duplicate": 0, "late": 2, "rule": ("on", 720 * 3600)}
    }
