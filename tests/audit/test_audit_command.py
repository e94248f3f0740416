"""`sfcrime audit` as a user runs it, against a real broker: what it prints and its exit code."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from audit_samples import BATCHES, GENERATION, PUBLISHED_MS, RECORDS
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from sfcrime.cli.main import main
from sfcrime.kafka.offsets import end_offsets
from sfcrime.kafka.topics import ensure_topic
from sfcrime.settings import KafkaSettings
from sfcrime.store import STORE_FILE
from sfcrime.store.writer import open_writer

pytestmark = pytest.mark.kafka

TOPIC = "audited.calls"


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Audit = Callable[..., Ran]
"""Runs `sfcrime audit` on the filled data folder with more arguments."""


@pytest.fixture(scope="module")
def topic_id(broker: KafkaSettings) -> str:
    """A topic that holds `RECORDS` at their very offsets, retention and a gap included."""
    kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, topic=TOPIC)
    topic = ensure_topic(kafka, 2)
    servers: dict[str, str | int | float | bool] = {"bootstrap.servers": broker.bootstrap_servers}
    plain = Producer(servers)
    transactional = Producer(servers | {"transactional.id": "audited"})
    transactional.init_transactions(30)

    for _ in range(10):  # offsets 0 to 9 of partition 1 were gone before counting began
        plain.produce(TOPIC, partition=1, value=b"gone")
    assert plain.flush(30) == 0
    admin = AdminClient(servers)  # while it is referred to, it answers
    for future in admin.delete_records([TopicPartition(TOPIC, 1, 10)]).values():
        future.result(30)
    for record in RECORDS:
        number = record.partition
        if (record.partition, record.offset) == (0, 8):
            # The marker of its commit takes offset 9: a gap.
            transactional.begin_transaction()
            transactional.produce(
                TOPIC, value=record.value, partition=number, timestamp=PUBLISHED_MS
            )
            transactional.commit_transaction(30)
            _wait_for_end(kafka, 10)
        else:
            plain.produce(TOPIC, value=record.value, partition=number, timestamp=PUBLISHED_MS)
            assert plain.flush(30) == 0
    return topic.topic_id


def _wait_for_end(kafka: KafkaSettings, end: int) -> None:
    """Until the marker is written, which Kafka does after it has answered."""
    deadline = time.monotonic() + 30
    while end_offsets(kafka)[0] != end:
        assert time.monotonic() < deadline, "the marker of the transaction was never written"


@pytest.fixture
def data_dir(tmp_path: Path, topic_id: str) -> Path:
    with open_writer(tmp_path / STORE_FILE, history_rows=100) as writer:
        writer.create_generation(replace(GENERATION, topic=TOPIC, topic_id=topic_id))
        for batch in BATCHES:
            writer.commit_batch(batch)
    return tmp_path


@pytest.fixture
def audit(broker: KafkaSettings, data_dir: Path, capsys: pytest.CaptureFixture[str]) -> Audit:
    def run(*arguments: str) -> Ran:
        servers = ["--bootstrap-servers", broker.bootstrap_servers]
        with pytest.raises(SystemExit) as left:
            main(["audit", "--data-dir", str(data_dir), *servers, *arguments])
        printed = capsys.readouterr()
        assert isinstance(left.value.code, int)
        return Ran(left.value.code, printed.out, printed.err)

    return run


def _damage(data_dir: Path, statement: str) -> None:
    with closing(sqlite3.connect(data_dir / STORE_FILE)) as connection, connection:
        assert connection.execute(statement).rowcount > 0


def test_an_equal_count_leaves_with_0_and_says_how_much_was_proved(audit: Audit) -> None:
    ran = audit()

    assert ran.code == 0
    assert ran.err == ""
    assert ran.out == (
        "Equal: 5 cells, 15 records of audited.calls up to offsets 0:11, 1:15.\n"
        "\n"
        "recounted: read 15, counted 8, duplicate 3, late 1, rejected 3, gaps 1\n"
        "\n"
        "Conflicts: 1. Copies of one call lie in several partitions and differ in type or "
        "disposition; either may be the counted one.\n"
        "  call 7: 2018-10-02T11:00:00 | Noise Nuisance | ABA or "
        "2018-10-02T11:00:00 | Noise Nuisance | REP; records at partition:offset 0:10, 1:14\n"
    )


def test_the_json_of_an_equal_count_is_complete(audit: Audit, topic_id: str) -> None:
    ran = audit("--json")

    accounting = {
        "read": 15,
        "counted": 8,
        "duplicate": 3,
        "late": 1,
        "rejected": 3,
        "gaps": 1,
    }
    assert ran.code == 0
    assert json.loads(ran.out) == {
        "equal": True,
        "cells": 5,
        "differing": 0,
        "accounting": accounting,
        "stored_accounting": accounting,
        "difference_counts": {},
        "differences": [],
        "conflict_count": 1,
        "conflicts": [
            {
                "call_id": 7,
                "cells": [
                    {"partition": 0, "cell": "2018-10-02T11:00:00 | Noise Nuisance | ABA"},
                    {"partition": 1, "cell": "2018-10-02T11:00:00 | Noise Nuisance | REP"},
                ],
                "records": [{"partition": 0, "offset": 10}, {"partition": 1, "offset": 14}],
            }
        ],
        "topic": "audited.calls",
        "offsets": {"0": {"start": 0, "end": 11}, "1": {"start": 10, "end": 15}},
        "lateness_s": 604_800,
        "window_minutes": 60,
    }


def test_a_different_count_leaves_with_3_and_names_the_records(
    audit: Audit, data_dir: Path
) -> None:
    _damage(data_dir, "UPDATE cell SET calls = calls + 1 WHERE calls = 2")
    _damage(data_dir, "DELETE FROM late")

    ran = audit()

    assert ran.code == 3
    assert ran.out.startswith(
        "Different: 1 cells differ (the recount found 5), audited.calls up to offsets 0:11, 1:15. "
        "Differences: 1 of kind cell, 1 of kind late.\n"
    )
    assert (
        "cell: 2018-10-02T10:00:00 | Passing Call | GOA\n"
        "  recounted 2, stored 3; records at partition:offset 0:6, 1:12\n"
    ) in ran.out
    assert (
        "late: partition 0 offset 5\n"
        "  recounted called 2018-09-24T09:00:00, published 1538508600000 ms, stored nothing; "
        "records at partition:offset 0:5\n"
    ) in ran.out


def test_the_json_of_a_different_count_names_the_records(audit: Audit, data_dir: Path) -> None:
    _damage(data_dir, "UPDATE rejected SET reason = 'not-utf8' WHERE record_offset = 3")

    ran = audit("--json")

    found = json.loads(ran.out)
    assert ran.code == 3
    assert (found["equal"], found["differing"]) == (False, 0)
    assert found["difference_counts"] == {"rejected": 1}
    assert found["differences"] == [
        {
            "kind": "rejected",
            "what": "partition 0 offset 3",
            "recounted": "not-json",
            "stored": "not-utf8",
            "records": [{"partition": 0, "offset": 3}],
        }
    ]


def test_a_topic_made_again_leaves_with_1(audit: Audit, data_dir: Path) -> None:
    _damage(data_dir, "UPDATE generation SET topic_id = 'the-one-before'")

    ran = audit()

    assert ran.code == 1
    assert ran.out == ""
    assert "the numbers were counted from the-one-before" in ran.err


def test_a_topic_that_lost_counted_records_leaves_with_1(audit: Audit, data_dir: Path) -> None:
    _damage(data_dir, "UPDATE partition_ledger SET start_offset = 8 WHERE partition = 1")

    ran = audit()

    assert ran.code == 1
    assert "audited.calls no longer holds 2 of the 18 offsets that were counted" in ran.err
    assert "partition 1: offsets 8 to 9." in ran.err


def test_a_topic_that_is_not_there_leaves_with_4(audit: Audit, data_dir: Path) -> None:
    _damage(data_dir, "UPDATE generation SET topic = 'no.such.topic'")

    assert audit().code == 4


def test_a_folder_without_a_store_leaves_with_4(audit: Audit, tmp_path: Path) -> None:
    ran = audit("--data-dir", str(tmp_path / "nothing"))

    assert ran.code == 4
    assert "There is no store at" in ran.err
