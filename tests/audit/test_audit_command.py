"""`sfcrime audit` as a user runs it, against a real broker: what it prints and its exit code."""

# ruff: noqa: S608  the statements are put together from constants of this file
from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from audit_samples import BATCHES, GENERATION, PUBLISHED_MS, SOURCE_NAME, numbered
from audit_surroundings import children_of
from running import wait_until
from sfcrime.cli.main import main
from sfcrime.domain.calls import SourceIdentity
from sfcrime.kafka.broker_record import identity_of
from sfcrime.kafka.consumer import TopicRecord, read_range
from sfcrime.kafka.headers import source_header
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.settings import KafkaSettings
from sfcrime.store import STORE_FILE
from sfcrime.store.writer import open_writer
from store_samples import may_begin_again

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
    """A topic that holds `RECORDS` at their very offsets, retention and a gap included.

    They have our producer's headers, which tell nothing where the store says it is someone else's.
    """
    kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, topic=TOPIC)
    ensure_topic(Topic(kafka), 2)
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
    source = source_header(SourceIdentity(SOURCE_NAME, "calls.json", False), 2)
    for record in numbered():
        number = record.partition
        headers: list[tuple[str, str | bytes | None]] = []
        if record.sequence is not None:
            headers = [("sfcrime-source", source), ("sfcrime-sequence", b"%d" % record.sequence)]
        if (record.partition, record.offset) == (0, 8):
            # The marker of its commit takes offset 9: a gap.
            transactional.begin_transaction()
            transactional.produce(
                TOPIC, record.value, None, number, timestamp=PUBLISHED_MS, headers=headers
            )
            transactional.commit_transaction(30)
            _wait_for_end(kafka, 10)
        else:
            plain.produce(
                TOPIC, record.value, None, number, timestamp=PUBLISHED_MS, headers=headers
            )
            assert plain.flush(30) == 0
    return Topic(kafka).state().topic_id


def _wait_for_end(kafka: KafkaSettings, end: int) -> None:
    """Until the marker is written, which Kafka does after it has answered."""
    deadline = time.monotonic() + 30
    while Topic(kafka).end_offsets()[0] != end:
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
        "generation": 1,
        "batch": 2,
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
        "sequences": None,
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


def test_an_audit_holds_no_snapshot_while_it_reads_the_topic(
    audit: Audit, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = []

    def watched(*given: Any, **named: Any) -> Iterator[list[TopicRecord]]:
        with closing(sqlite3.connect(data_dir / STORE_FILE)) as connection, connection:
            connection.execute("CREATE TABLE IF NOT EXISTS written_meanwhile (number)")
        free.append(may_begin_again(data_dir / STORE_FILE))
        return read_range(*given, **named)

    monkeypatch.setattr("sfcrime.audit.processes.read_range", watched)

    assert audit().code == 0
    assert free == [True]


OURS = f"UPDATE generation SET source_name = '{SOURCE_NAME}'"


def test_on_a_topic_of_our_producer_the_sequences_are_proved_too(
    audit: Audit, data_dir: Path
) -> None:
    _damage(data_dir, OURS)

    ran = audit()

    assert ran.code == 0
    assert (
        "recounted: read 15, counted 8, duplicate 3, late 1, rejected 3, gaps 1\n"
        "sequences: 14 records of the source; 1 to 9 are there once each\n"
    ) in ran.out
    spans = {"records": 14, "start": 1, "end": 10, "again": 0}
    assert json.loads(audit("--json").out)["sequences"] == spans


def test_damage_of_our_topic_leaves_with_3_and_is_named(
    broker: KafkaSettings, audit: Audit, data_dir: Path
) -> None:
    """Sequence 2 lies in both partitions, and 3 in none."""
    source = source_header(SourceIdentity(SOURCE_NAME, "calls.json", False), 2)
    doubled = _topic_of_ours(broker, "doubled.calls", source, {0: [0, 2, 4], 1: [1, 2, 6]})
    _damage(data_dir, OURS)
    _damage(data_dir, f"UPDATE generation SET topic = 'doubled.calls', topic_id = '{doubled}'")
    _damage(data_dir, "UPDATE partition_ledger SET start_offset = 0, end_offset = 3")

    ran = audit()

    assert ran.code == 3
    assert "2 of kind sequence" in ran.out
    assert "sequences: 6 records of the source; 0 to 4 should be there once each\n" in ran.out
    assert (
        "sequence: sequence 2\n"
        "  found partition 0 offset 1 and partition 1 offset 1, due one record; "
        "records at partition:offset 0:1, 1:1\n"
        "\n"
        "sequence: sequence 3\n"
        "  found no record, due one record"
    ) in ran.out
    found = json.loads(audit("--json").out)
    assert found["difference_counts"]["sequence"] == 2
    assert [each for each in found["differences"] if each["kind"] == "sequence"] == [
        {
            "kind": "sequence",
            "what": "sequence 2",
            "recounted": "partition 0 offset 1 and partition 1 offset 1",
            "stored": "one record",
            "records": [{"partition": 0, "offset": 1}, {"partition": 1, "offset": 1}],
        },
        {
            "kind": "sequence",
            "what": "sequence 3",
            "recounted": "no record",
            "stored": "one record",
            "records": [],
        },
    ]


def _topic_of_ours(
    broker: KafkaSettings, name: str, source: bytes, sequences: dict[int, list[int]]
) -> str:
    """A topic with records of a source; its id."""
    kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, topic=name)
    ensure_topic(Topic(kafka), len(sequences))
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers})
    for partition, numbers in sequences.items():
        for number in numbers:
            headers = [("sfcrime-source", source), ("sfcrime-sequence", b"%d" % number)]
            producer.produce(name, b"{}", None, partition, headers=headers)
    assert producer.flush(30) == 0
    return Topic(kafka).state().topic_id


def _work(data_dir: Path) -> tuple[str, str]:
    """The flag that names a folder of the user's, which holds a file already."""
    shared = data_dir / "shared"
    shared.mkdir()
    (shared / "notes.txt").write_text("the user's", encoding="ascii")
    return "--work-dir", str(shared)


def test_shards_of_two_machines_say_what_one_audit_says(audit: Audit, data_dir: Path) -> None:
    work = _work(data_dir)
    place = data_dir / "shared" / "sfcrime-audit"
    whole = audit("--json")

    first = audit("--shard", "1/2", *work)
    refused = audit("--combine", *work)
    second = audit("--shard", "2/2", *work, "--data-dir", str(data_dir / "no-store-here"))
    combined = audit("--combine", "--json", *work)

    assert (first.code, first.err) == (0, "")
    assert first.out == (
        "Shard 1 of 2 is there: 8 records at 8 offsets of audited.calls (0:0-8), in "
        f"{place}/shard-1-of-2.\n"
        "Left: --shard 2/2.\n"
    )
    assert refused.code == 1
    assert "shard 2 of 2 is left out" in refused.err
    assert (second.code, second.err) == (0, "")
    assert second.out == (
        "Shard 2 of 2 is there: 7 records at 8 offsets of audited.calls (0:8-11, 1:10-15), in "
        f"{place}/shard-2-of-2.\n"
        f"All shards are there. Next: sfcrime audit --combine --work-dir {data_dir}/shared\n"
    )
    assert combined.code == 0
    assert json.loads(combined.out) == json.loads(whole.out)
    assert [each.name for each in (data_dir / "shared").iterdir()] == ["notes.txt"]


def test_a_whole_shard_is_not_read_again_and_a_cut_one_is(audit: Audit, data_dir: Path) -> None:
    work = _work(data_dir)
    shard = data_dir / "shared" / "sfcrime-audit" / "shard-1-of-1"
    assert audit("--shard", "1/1", *work).code == 0

    again = audit("--shard", "1/1", "--json", *work)
    os.truncate(shard / "rows-0-0", 33)
    refused = audit("--combine", *work)
    mended = audit("--shard", "1/1", "--json", *work)
    _damage(data_dir, "DELETE FROM late")
    different = audit("--combine", *work)

    found = json.loads(again.out)
    assert found.pop("planned_at") == json.loads(mended.out)["planned_at"]
    assert found == {
        "shard": 1,
        "shards": 1,
        "topic": "audited.calls",
        "offsets": {"0": {"start": 0, "end": 11}, "1": {"start": 10, "end": 15}},
        "read": 15,
        "bytes": 424,
        "was_there": True,
        "missing": [],
    }
    assert refused.code == 1
    assert "shard-1-of-1 is cut off: rows-0-0 has 33 bytes, and had 352 when" in refused.err
    assert json.loads(mended.out)["was_there"] is False
    assert different.code == 3
    assert "1 of kind late" in different.out


def test_a_shard_without_a_plan_names_the_first(
    audit: Audit, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfcrime.audit.plan_file._WAIT_S", 0.0)

    ran = audit("--shard", "2/3", *_work(data_dir))

    assert ran.code == 4
    assert "There is no plan of an audit in" in ran.err
    assert f"--shard 1/3 --work-dir {data_dir}/shared" in ran.err


def test_a_topic_made_again_leaves_with_1(audit: Audit, data_dir: Path) -> None:
    _damage(data_dir, "UPDATE generation SET topic_id = 'the-one-before'")

    ran = audit()

    assert ran.code == 1
    assert ran.out == ""
    assert "its id was 'the-one-before' when it was counted" in ran.err


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


@pytest.fixture(scope="module")
def long_topic_id(broker: KafkaSettings) -> str:
    """A topic that takes seconds to read; its id."""
    kafka = KafkaSettings(bootstrap_servers=broker.bootstrap_servers, topic="long.calls")
    ensure_topic(Topic(kafka), 2)
    producer = Producer(
        {"bootstrap.servers": broker.bootstrap_servers, "queue.buffering.max.messages": 300_000}
    )
    for number in range(200_000):
        producer.produce("long.calls", b"{}", None, number % 2)
    assert producer.flush(60) == 0
    return Topic(kafka).state().topic_id


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_processes_and_leaves_no_file(
    number: signal.Signals, broker: KafkaSettings, long_topic_id: str, data_dir: Path
) -> None:
    _damage(data_dir, f"UPDATE generation SET topic = 'long.calls', topic_id = '{long_topic_id}'")
    _damage(data_dir, "UPDATE partition_ledger SET start_offset = 0, end_offset = 100000")
    place = data_dir / "temporary"
    place.mkdir()
    servers = ("--bootstrap-servers", broker.bootstrap_servers)
    audit = subprocess.Popen(
        [sys.executable, "-m", "sfcrime", "audit", "--data-dir", str(data_dir), *servers],
        env=os.environ | {"TMPDIR": str(place)},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        wait_until(lambda: len(children_of(audit.pid)) == 2, "two processes")
        pids = children_of(audit.pid)
        audit.send_signal(number)
        _, told = audit.communicate(timeout=30)
    finally:
        audit.kill()
        audit.wait()

    assert audit.returncode == 130
    assert b"Traceback" not in told
    wait_until(lambda: not any(map(identity_of, pids)), "their end")
    assert list(place.iterdir()) == []
