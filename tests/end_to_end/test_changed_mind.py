"""Counting again: other settings, a kill in the middle, more partitions, a topic made again.

The tests run in order on one data folder, as a user's changes of mind do.
"""

from __future__ import annotations

import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event

import msgspec
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]

from hostile_records import with_id
from running import Digest, Sfcrime, Started, alive, wait_until
from sfcrime.domain.calls import SourceIdentity, SourceRecord
from sfcrime.domain.outcomes import Accounting
from sfcrime.kafka.pace import Pace
from sfcrime.kafka.producer import ProducerPlan, publish
from sfcrime.kafka.topic import Topic
from sfcrime.settings import KafkaSettings
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader
from sfcrime.store.records import CellCount
from sfcrime.store.writer import open_writer
from store_samples import GENERATION

pytestmark = [pytest.mark.end_to_end, pytest.mark.kafka]

RECORDS = 9_000
IDENTITY = SourceIdentity("file:changed-mind", "changed-mind.json", synthetic=False)
START = datetime(2018, 10, 2)
UTC_AHEAD_MS = 7 * 3_600_000  # of San Francisco, in October


def _record(number: int) -> SourceRecord:
    """A call a minute; its id is its number."""
    wall = START + timedelta(minutes=number)
    published_ms = int(wall.replace(tzinfo=UTC).timestamp() * 1000) + UTC_AHEAD_MS
    value = (
        with_id(b'"%d"' % number)
        .replace(b"Passing Call", b"Type %d" % (number % 3))
        .replace(b"2018-10-02T09:11:00.000", wall.isoformat(timespec="milliseconds").encode())
    )
    return SourceRecord(number, b"%d" % number, value, published_ms)


def _records(start: int) -> Iterator[SourceRecord]:
    return (_record(number) for number in range(start, RECORDS))


def _expected_cells(records: int, window_minutes: int) -> list[CellCount]:
    start_us = 1_538_438_400_000_000  # 2018-10-02T00:00:00 on the wall
    cells: Counter[tuple[int, str]] = Counter()
    for number in range(records):
        window = number // window_minutes * window_minutes
        cells[start_us + window * 60_000_000, f"Type {number % 3}"] += 1
    return [CellCount(us, call_type, "HAN", n) for (us, call_type), n in sorted(cells.items())]


def _send(kafka: KafkaSettings, partition: int, numbers: range) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for record in map(_record, numbers):
        producer.produce(
            kafka.topic, record.value, partition=partition, timestamp=record.published_at_ms
        )
    assert producer.flush(30) == 0


def _delete_records(kafka: KafkaSettings, before: int) -> None:
    """Of partition 0."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.delete_records([TopicPartition(kafka.topic, 0, before)])
    wait_until(lambda: Topic(kafka).first_offsets()[0] == before, "the records to be gone")


@dataclass(frozen=True)
class Place:
    """A topic and what was counted of it."""

    sfcrime: Sfcrime
    kafka: KafkaSettings

    def command(self, name: str, *flags: str) -> list[str]:
        servers, topic = self.kafka.bootstrap_servers, self.kafka.topic
        return [name, "--bootstrap-servers", servers, "--topic", topic, *flags]

    def cells(self) -> list[CellCount]:
        with open_reader(self.sfcrime.data_dir / STORE_FILE) as reader:
            return list(reader.cells())

    def audit(self) -> None:
        servers = self.kafka.bootstrap_servers
        ran = self.sfcrime("audit", "--bootstrap-servers", servers)
        assert ran.code == 0, ran.out + ran.err

    def generations(self) -> int:
        """How many generations have rows."""
        with closing(sqlite3.connect(self.sfcrime.data_dir / STORE_FILE)) as store:
            (generations,) = store.execute(
                "SELECT count(*) FROM (SELECT generation_id FROM cell UNION SELECT id "
                "FROM generation UNION SELECT generation_id FROM partition_ledger "
                "UNION SELECT generation_id FROM identity_block)"
            ).fetchone()
        return int(generations)

    def add_partition(self, count: int) -> None:
        admin = AdminClient({"bootstrap.servers": self.kafka.bootstrap_servers})
        admin.create_partitions([NewPartitions(self.kafka.topic, count)])[self.kafka.topic].result(
            30
        )
        wait_until(lambda: len(Topic(self.kafka).end_offsets()) == count, "the partition")


@pytest.fixture(scope="module")
def place(broker: KafkaSettings, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A topic, and the store of another version that is to count it."""
    kafka = msgspec.structs.replace(broker, topic="changed-mind", partitions=2)
    publish(ProducerPlan(kafka, IDENTITY, Pace(None)), _records, Event())
    data_dir = tmp_path_factory.mktemp("changed") / "data"
    with open_writer(data_dir / STORE_FILE, history_rows=10) as writer:
        writer.create_generation(GENERATION)
    with closing(sqlite3.connect(data_dir / STORE_FILE)) as store, store:
        store.execute("UPDATE schema_version SET version = 1")
    old_checkpoint = data_dir / "checkpoint" / "0b5f2f6e"
    old_checkpoint.mkdir(parents=True)
    (old_checkpoint / "sfcrime.json").write_text("{}", encoding="utf-8")
    return Place(Sfcrime(data_dir), kafka)


@pytest.fixture(scope="module")
def job(place: Place) -> Iterator[Started]:
    """A job that goes on with windows of half an hour, from when a third partition was added."""
    place.add_partition(3)
    _send(place.kafka, 2, range(9_000, 9_500))
    with place.sfcrime.started(*place.command("stream", "--window", "30")) as stream:
        yield stream


def test_a_store_of_another_version_is_refused_and_kept_aside_by_a_rebuild(place: Place) -> None:
    sfcrime = place.sfcrime
    for refused in (sfcrime("report"), sfcrime(*place.command("stream"))):
        assert refused.code == 4
        assert "has schema version 1" in refused.err
        assert "sfcrime rebuild" in refused.err
    assert (sfcrime.data_dir / "checkpoint").exists(), "the version that made it may need it yet"

    ran = sfcrime(*place.command("rebuild"))

    assert ran.code == 0, ran.err
    assert place.cells() == _expected_cells(RECORDS, 60)
    assert "the store of another schema version is kept as" in ran.err
    assert (sfcrime.data_dir / "sfcrime.db.version-1").is_file()
    assert not (sfcrime.data_dir / "checkpoint").exists(), "nothing reads it any more"


@pytest.mark.parametrize(
    "number, code, said",
    [
        (signal.SIGKILL, -9, "What changes: window 60 min -> 30 min"),
        (signal.SIGINT, 130, "Stopped: readers see what they saw. Run it again to go on."),
    ],
)
def test_a_rebuild_that_is_killed_or_stopped_changes_no_number(
    place: Place, number: signal.Signals, code: int, said: str
) -> None:
    sfcrime = place.sfcrime
    old: Digest = sfcrime.digest()
    with sfcrime.started(
        *place.command("rebuild", "--window", "30"), "--max-records-per-batch", "200"
    ) as rebuild:

        def has_counted() -> bool:
            assert sfcrime.digest() == old
            return "/s, " in rebuild.log()

        rebuild.wait_for(has_counted, "a batch")
        tree = rebuild.tree()
        rebuild.signal(number)
        assert rebuild.wait() == code, rebuild.log()
        assert said in rebuild.log()
        assert "Traceback" not in rebuild.log()
        wait_until(lambda: not alive(tree), "its JVM to end")
    assert sfcrime.digest() == old
    assert place.generations() == 2


def test_the_next_rebuild_goes_on_and_swaps(place: Place) -> None:
    sfcrime = place.sfcrime
    old: Digest = sfcrime.digest()
    with sfcrime.started(*place.command("rebuild", "--window", "30")) as rebuild:
        seen = set()

        def has_ended() -> bool:
            seen.add(sfcrime.digest())
            return not rebuild.is_running()

        wait_until(has_ended, "the rebuild")
        assert rebuild.wait() == 0, rebuild.log()
    new = sfcrime.digest()
    assert seen <= {old, new}
    assert "\n0 of 9,000" not in rebuild.log()  # it went on
    assert new.accounting == old.accounting == Accounting(read=9_000, counted=9_000)
    assert place.cells() == _expected_cells(RECORDS, 30)
    assert place.generations() == 1
    place.audit()


def test_a_job_goes_on_with_the_new_numbers_only_as_they_were_made(place: Place) -> None:
    before = place.sfcrime.digest()
    ran = place.sfcrime(*place.command("stream", "--until-caught-up"))
    assert ran.code == 1
    assert "window_minutes was 30 and is now 60" in ran.err
    assert "sfcrime rebuild --window 60" in ran.err
    assert place.sfcrime.digest() == before


def test_a_rebuild_waits_for_the_job_that_runs(place: Place, job: Started) -> None:
    job.wait_for(lambda: place.sfcrime.read() == 9_500, "the third partition")
    ran = place.sfcrime(*place.command("rebuild", "--window", "15"))
    assert ran.code == 1
    assert "Another job works in" in ran.err
    assert "Traceback" not in ran.err


def test_partitions_added_before_and_while_a_job_runs_are_counted_on(
    place: Place, job: Started
) -> None:
    place.add_partition(4)
    _send(place.kafka, 3, range(9_500, 9_900))
    job.wait_for(lambda: place.sfcrime.read() == 9_900, "the fourth partition")
    assert place.cells() == _expected_cells(9_900, 30)
    place.audit()


def test_a_job_outlives_retention_of_what_it_has_counted_and_the_audit_says_what_is_gone(
    place: Place, job: Started
) -> None:
    _delete_records(place.kafka, 1_000)
    _send(place.kafka, 0, range(9_900, 10_000))
    job.wait_for(lambda: place.sfcrime.read() == 10_000, "records behind what was deleted")
    assert place.cells() == _expected_cells(10_000, 30)

    audit = place.sfcrime("audit", "--bootstrap-servers", place.kafka.bootstrap_servers)

    assert (audit.code, audit.out) == (1, "")
    assert "no longer holds 1,000 of the 10,000 offsets" in audit.err
    assert "partition 0: offsets 0 to 999" in audit.err
    assert "sfcrime rebuild --accept-loss" in audit.err


def test_a_topic_made_anew_under_a_job_ends_it_and_no_record_of_it_is_counted(
    place: Place, job: Started
) -> None:
    kafka, before = place.kafka, place.sfcrime.digest()
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.delete_topics([kafka.topic])[kafka.topic].result(30)
    wait_until(lambda: not Topic(kafka).exists(), "the topic to be gone")
    publish(ProducerPlan(kafka, IDENTITY, Pace(None)), _records, Event())
    assert job.wait() == 1, job.log()
    assert "another one of the same name" in job.log()
    assert "sfcrime rebuild --accept-loss" in job.log()
    assert "Traceback" not in job.log()
    assert place.sfcrime.digest() == before


def test_what_a_rebuild_would_lose_is_said_and_given_up_only_on_request(place: Place) -> None:
    sfcrime = place.sfcrime
    before = sfcrime.digest()
    refused = sfcrime(*place.command("rebuild"))
    assert refused.code == 1
    assert "no longer holds 10,000 offsets that were counted" in refused.err
    assert "sfcrime rebuild --accept-loss" in refused.err
    assert sfcrime.digest() == before

    ran = sfcrime(*place.command("rebuild", "--accept-loss", "--json"))
    assert ran.code == 0, ran.err
    assert ran.json["accounting"]["counted"] == 9_000
    assert ran.json["accounting_before"]["counted"] == 10_000
    assert sum(each["end"] - each["start"] for each in ran.json["lost"]) == 10_000
    assert place.cells() == _expected_cells(RECORDS, 60)
    place.audit()
