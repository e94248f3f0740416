"""Late and future records on a topic of ours, a job killed in the middle, and what is refused."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import msgspec
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from hostile_records import with_id
from running import Digest, Ran, Sfcrime, alive, command_line, kill_all, wait_until
from sfcrime.domain.calls import SourceIdentity, SourceRecord
from sfcrime.domain.outcomes import Accounting
from sfcrime.kafka.pace import Pace
from sfcrime.kafka.producer import ProducerPlan, publish
from sfcrime.kafka.topic import Topic
from sfcrime.settings import KafkaSettings
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader
from sfcrime.store.records import CellCount

pytestmark = [pytest.mark.end_to_end, pytest.mark.kafka]

RECORDS = 30_000
PER_BATCH = 2_500
IDENTITY = SourceIdentity("file:late-and-future", "late-and-future.json", synthetic=False)
START = datetime(2018, 10, 2)
WEEK_MS, HOUR_MS = 604_800_000, 3_600_000
UTC_AHEAD_MS = 7 * HOUR_MS  # of San Francisco, in October

# What number % 100 is -> milliseconds from the call to its publication; the others: 0.
PUBLISHED_AFTER_MS = {7: WEEK_MS + 1, 8: WEEK_MS, 9: -HOUR_MS - 1, 10: -HOUR_MS}
REPEAT = 11
"""Such a record repeats the one 6 before it."""


def _call(number: int) -> tuple[int, datetime, str, int]:
    """Id, time on the wall, type and publication (ms) of a record."""
    if number % 100 == REPEAT:
        number -= 6
    wall = START + timedelta(seconds=30 * number)
    instant_ms = int(wall.replace(tzinfo=UTC).timestamp() * 1000) + UTC_AHEAD_MS
    published_ms = instant_ms + PUBLISHED_AFTER_MS.get(number % 100, 0)
    return 100_000_000 + number, wall, f"Type {number % 5}", published_ms


def _records(start: int) -> Iterator[SourceRecord]:
    for number in range(start, RECORDS):
        call_id, wall, call_type, published_ms = _call(number)
        value = (
            with_id(b'"%d"' % call_id)
            .replace(b"Passing Call", call_type.encode())
            .replace(b"2018-10-02T09:11:00.000", wall.isoformat(timespec="milliseconds").encode())
        )
        yield SourceRecord(number, b"%d" % call_id, value, published_ms)


def _expected_cells() -> list[CellCount]:
    cells: Counter[tuple[int, str]] = Counter()
    for number in range(RECORDS):
        if number % 100 not in (7, 9, REPEAT):
            _, wall, call_type, _ = _call(number)
            hour = wall.replace(minute=0, second=0, tzinfo=UTC)
            cells[int(hour.timestamp()) * 1_000_000, call_type] += 1
    return [CellCount(us, call_type, "HAN", n) for (us, call_type), n in sorted(cells.items())]


@dataclass(frozen=True)
class Counted:
    """A job that was killed once, started again and is done."""

    sfcrime: Sfcrime
    kafka: KafkaSettings
    second_job: Ran
    killed_at: int
    """Records accounted for when it was killed."""
    command_lines: list[str]
    """Of its processes, when it was killed."""
    left_alive: list[str]
    older: Path
    """The store alone, as it was when the job was killed."""

    @property
    def stream(self) -> list[str]:
        return ["stream", *_place(self.kafka), "--until-caught-up"]


def _place(kafka: KafkaSettings) -> list[str]:
    return ["--bootstrap-servers", kafka.bootstrap_servers, "--topic", kafka.topic]


@pytest.fixture(scope="module")
def counted(broker: KafkaSettings, tmp_path_factory: pytest.TempPathFactory) -> Counted:
    kafka = msgspec.structs.replace(broker, topic="late-and-future", partitions=2)
    publish(ProducerPlan(kafka, IDENTITY, Pace(None)), _records, Event())
    sfcrime = Sfcrime(tmp_path_factory.mktemp("late") / "data")
    bounded = ["stream", *_place(kafka), "--max-records-per-batch", str(PER_BATCH)]
    with sfcrime.started(*bounded) as stream:
        stream.wait_for(lambda: sfcrime.batches() >= 2, "two batches")
        second_job = sfcrime(*bounded, "--no-restart")
        tree = stream.tree()
        lines = [command_line(each) for each in tree]
        stream.process.kill()  # the driver JVM is left to notice it
        stream.wait()
        killed_at = sfcrime.read()
        older = sfcrime.data_dir.parent / "older"
        older.mkdir()
        for file in sfcrime.data_dir.glob(f"{STORE_FILE}*"):
            shutil.copy(file, older)
        again = sfcrime(*bounded, "--until-caught-up")
        assert again.code == 0, again.out + again.err
        return Counted(sfcrime, kafka, second_job, killed_at, lines, alive(tree), older)


def test_a_second_job_on_the_same_folder_is_refused(counted: Counted) -> None:
    assert counted.second_job.code == 1
    assert "Another job works in" in counted.second_job.err
    assert "Traceback" not in counted.second_job.err


def test_the_job_was_killed_in_the_middle_and_left_no_process(counted: Counted) -> None:
    assert PER_BATCH <= counted.killed_at < RECORDS
    assert counted.left_alive == []


def test_workers_are_forked_from_the_process_that_has_imported_the_judge(
    counted: Counted,
) -> None:
    python = [line for line in counted.command_lines if "pyspark.worker" in line]
    assert len(python) > 1, "no worker beside the process they are forked from"
    assert all("sfcrime.spark.worker_daemon" in line for line in python)


def test_a_killed_job_ends_with_the_cells_of_an_undisturbed_one(counted: Counted) -> None:
    with open_reader(counted.sfcrime.data_dir / STORE_FILE) as reader:
        assert list(reader.cells()) == _expected_cells()


def test_a_millisecond_makes_a_record_late_or_a_visitor_from_the_future(counted: Counted) -> None:
    sfcrime = counted.sfcrime
    assert sfcrime.accounting() == Accounting(
        read=30_000, counted=29_100, duplicate=300, late=300, rejected=300, gaps=0
    )
    late = sfcrime("late", *_place(counted.kafka)[:2], "--limit", "0", "--json").json
    assert late["total"] == 300
    assert {each["lateness_s"] for each in late["late"]} == {604_800}
    assert len({(each["partition"], each["offset"]) for each in late["late"]}) == 300
    rejected = sfcrime("rejected", *_place(counted.kafka)[:2], "--json").json
    assert rejected["by_reason"] == {"from-the-future": 300}


def test_the_audit_of_a_killed_job_finds_no_difference(counted: Counted) -> None:
    audit = counted.sfcrime("audit", *_place(counted.kafka)[:2], "--json")
    assert audit.code == 0, audit.out
    assert audit.json["accounting"]["late"] == 300


def test_a_jvm_that_is_killed_under_the_query_is_named_and_the_stream_goes_on(
    counted: Counted, tmp_path: Path
) -> None:
    sfcrime = Sfcrime(tmp_path / "data")
    bounded = [*counted.stream, "--max-records-per-batch", str(PER_BATCH)]
    with sfcrime.started(*bounded) as stream:
        stream.wait_for(lambda: sfcrime.batches() >= 1, "a batch")
        kill_all([each for each in stream.tree() if "SparkSubmit" in command_line(each)])
        assert stream.wait() == 0, stream.log()

    named = "Spark's JVM ended under the query (exit code -9)."
    assert f"error: {named}" in stream.log()
    assert f"the stream ended with exit code 1: {named}; starting it again" in stream.log()
    assert "driver.log" in stream.log()
    assert "Traceback" not in stream.log()
    assert sfcrime.digest() == counted.sfcrime.digest()


def test_a_stream_that_is_not_to_be_started_again_ends_with_its_error(
    counted: Counted, tmp_path: Path
) -> None:
    sfcrime = Sfcrime(tmp_path / "data")
    bounded = ["stream", *_place(counted.kafka), "--max-records-per-batch", str(PER_BATCH)]
    with sfcrime.started(*bounded, "--no-restart") as stream:
        stream.wait_for(lambda: sfcrime.batches() >= 1, "a batch")
        kill_all([each for each in stream.tree() if "SparkSubmit" in command_line(each)])
        assert stream.wait() == 1, stream.log()


@pytest.mark.parametrize(
    "flags, named",
    [
        (["--window", "30"], "window_minutes was 60 and is now 30"),
        (["--lateness-hours", "24"], "lateness_s was 604800 and is now 86400"),
    ],
)
def test_a_change_of_what_is_counted_is_refused_by_name(
    counted: Counted, flags: list[str], named: str
) -> None:
    before = counted.sfcrime.digest()
    _assert_refused(counted.sfcrime(*counted.stream, *flags), named)
    assert counted.sfcrime.digest() == before


def test_an_older_store_goes_on_from_its_own_ledger_also_in_another_folder(
    counted: Counted, tmp_path: Path
) -> None:
    """The store is all that a job needs beside the topic."""
    moved = Sfcrime(Path(shutil.copytree(counted.older, tmp_path / "elsewhere")))
    assert moved.read() == counted.killed_at

    ran = moved(*counted.stream)

    assert ran.code == 0, ran.out + ran.err
    assert moved.digest() == counted.sfcrime.digest()
    assert moved("audit", *_place(counted.kafka)[:2]).code == 0


def test_without_a_store_the_topic_is_counted_anew(counted: Counted, tmp_path: Path) -> None:
    again = Sfcrime(tmp_path / "data")
    assert again(*counted.stream).code == 0
    assert again.digest() == counted.sfcrime.digest()


def test_an_older_store_is_refused_where_the_topic_lost_what_comes_next(
    counted: Counted, tmp_path: Path
) -> None:
    older = Sfcrime(Path(shutil.copytree(counted.older, tmp_path / "older")))
    with open_reader(older.data_dir / STORE_FILE) as reader:
        end = reader.partition_ledger()[0].end
    admin = AdminClient({"bootstrap.servers": counted.kafka.bootstrap_servers})
    place = TopicPartition(counted.kafka.topic, 0, end + 10)
    admin.delete_records([place])[place].result(30)
    wait_until(
        lambda: Topic(counted.kafka).first_offsets()[0] == end + 10, "the records to be gone"
    )
    before = older.digest()

    _assert_refused(older(*counted.stream), f"records {end:,} to {end + 9:,} were deleted")
    assert older.digest() == before
    assert counted.sfcrime(*counted.stream).code == 0, "what was counted may go"


def test_a_topic_that_was_made_anew_is_refused_and_no_number_changes(counted: Counted) -> None:
    before: Digest = counted.sfcrime.digest()
    admin = AdminClient({"bootstrap.servers": counted.kafka.bootstrap_servers})
    admin.delete_topics([counted.kafka.topic])[counted.kafka.topic].result(30)
    wait_until(lambda: not Topic(counted.kafka).exists(), "the topic to be gone")
    publish(ProducerPlan(counted.kafka, IDENTITY, Pace(None), limit=50), _records, Event())

    _assert_refused(counted.sfcrime(*counted.stream), "another one of the same name")
    assert counted.sfcrime.digest() == before


def _assert_refused(ran: Ran, named: str) -> None:
    assert ran.code == 1, ran.out + ran.err
    assert named in ran.err
    assert "Next step:" in ran.err
    assert "Traceback" not in ran.err
