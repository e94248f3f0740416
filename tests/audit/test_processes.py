"""Counting in processes: the same as in one, and none of them outlives who started it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Producer

from audit_samples import PUBLISHED_MS, call
from audit_surroundings import children_of, largest_file
from running import wait_until
from sfcrime.audit import processes
from sfcrime.audit.counting_rules import CountingRules
from sfcrime.audit.processes import (
    EXIT_NO_ROOM,
    ShareError,
    ShareFiles,
    count_in_processes,
    plan_of,
)
from sfcrime.audit.recount import Recount
from sfcrime.audit.repeats import ContestedCall, count_identities
from sfcrime.audit.share_process import main
from sfcrime.audit.shares import CountPlan, OffsetRange
from sfcrime.audit.spill import open_spill
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import (
    AccountingBroken,
    ChildFailed,
    KafkaUnavailable,
    SfcrimeError,
    TopicMissing,
    Unreachable,
    UsageError,
)
from sfcrime.kafka.broker_record import identity_of
from sfcrime.kafka.topic import Topic
from sfcrime.kafka.topic_settings import ensure_topic
from sfcrime.settings import KafkaSettings

RULES = CountingRules(604_800, 60)
RANGES = {0: OffsetRange(0, 60_000), 1: OffsetRange(0, 60_000)}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, here and in processes."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def silent() -> Iterator[KafkaSettings]:
    """A broker that takes connections and says nothing: whoever reads it waits for 15 s."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield KafkaSettings(bootstrap_servers=f"127.0.0.1:{server.getsockname()[1]}")


@pytest.mark.kafka
def test_processes_count_what_one_counts(
    place: Path, topic: Callable[[], KafkaSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "OFFSETS_WORTH_A_PROCESS", 100)
    kafka = topic()
    ensure_topic(Topic(kafka), 2)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for number in range(600):  # each call twice, the second time in the other half
        value = call(str(number % 300), "Passing Call", "2018-10-02T09:00:00", "HAN")
        producer.produce(kafka.topic, value, None, number % 2, timestamp=PUBLISHED_MS)
    producer.produce(kafka.topic, b"no call", None, 1, timestamp=PUBLISHED_MS)
    assert producer.flush(30) == 0
    ranges = {0: OffsetRange(0, 300), 1: OffsetRange(0, 301)}
    passed: list[int] = []
    before = children_of(os.getpid())

    with open_spill() as spill:
        plan = CountPlan(ranges, RULES, "", spill)
        results = count_in_processes(kafka, processes=3)(plan, passed.append)
        count = Recount(plan, results)
        contested: list[ContestedCall] = []
        for pile in range(plan.piles):
            count_identities(count, pile, contested)

        assert [[(each.partition, each.read) for each in one.slices] for one in results] == [
            [(0, 200)],
            [(0, 100), (1, 100)],
            [(1, 201)],
        ]
        assert count.accounting == Accounting(read=601, counted=300, duplicate=300, rejected=1)
        assert contested == []
        assert [each.offset for each in count.rejected()] == [300]
    assert passed[-1] == 601
    assert children_of(os.getpid()) == before


def _count(kafka: KafkaSettings, passed: Callable[[int], None]) -> None:
    with open_spill() as spill:
        count_in_processes(kafka, processes=2)(CountPlan(RANGES, RULES, "", spill), passed)


def test_a_ctrl_c_ends_the_processes_and_removes_their_files(
    place: Path, silent: KafkaSettings
) -> None:
    seen: list[set[int]] = []
    before = children_of(os.getpid())

    def interrupt(_: int) -> None:
        seen.append(children_of(os.getpid()) - before)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _count(silent, interrupt)

    assert len(seen[0]) == 2
    assert not any(Path(f"/proc/{pid}").exists() for pid in seen[0])
    assert list(place.iterdir()) == []


def test_a_process_that_is_killed_ends_the_audit_and_the_others(
    place: Path, silent: KafkaSettings
) -> None:
    seen: list[set[int]] = []
    before = children_of(os.getpid())

    def kill(_: int) -> None:
        if not seen:
            seen.append(children_of(os.getpid()) - before)
            os.kill(min(seen[0]), signal.SIGKILL)

    with pytest.raises(ChildFailed, match="A process of the audit ended with -9"):
        _count(silent, kill)

    assert not any(Path(f"/proc/{pid}").exists() for pid in seen[0])
    assert list(place.iterdir()) == []


_AUDIT = """
import sys
from sfcrime.audit.counting_rules import CountingRules
from sfcrime.audit.processes import count_in_processes
from sfcrime.audit.shares import CountPlan, OffsetRange
from sfcrime.audit.spill import open_spill
from sfcrime.settings import KafkaSettings

with open_spill() as spill:
    plan = CountPlan({0: OffsetRange(0, 200_000)}, CountingRules(None, 60), "", spill)
    count_in_processes(KafkaSettings(bootstrap_servers=sys.argv[1]), 2)(plan, lambda _: None)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_processes_end_with_a_parent_that_is_killed_and_the_next_audit_removes_their_files(
    place: Path, silent: KafkaSettings
) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _AUDIT, silent.bootstrap_servers])
    try:
        wait_until(lambda: len(children_of(parent.pid)) == 2, "two processes")
        pids = children_of(parent.pid)
    finally:
        parent.kill()
        parent.wait()

    wait_until(lambda: not any(map(identity_of, pids)), "their end")
    assert len(list(place.iterdir())) == 1
    with open_spill() as spill:
        assert list(place.iterdir()) == [spill.folder]


def test_a_process_deals_its_rows_to_the_piles_of_the_whole_plan(place: Path) -> None:
    with open_spill() as spill:
        whole = CountPlan({0: OffsetRange(0, 600_000)}, RULES, "file:9f2c", spill)
        part = CountPlan({0: OffsetRange(0, 300_000)}, RULES, "file:9f2c", spill, whole.due)
        share = part.shares(2)[1]
        for plan in (whole, part):
            ordered, given = plan_of(processes._order(KafkaSettings(), plan, share), spill.folder)

            assert (whole.piles, part.piles, ordered.piles) == (4, 4, 4)
            assert (given, ordered.ranges) == (share, {0: OffsetRange(150_000, 300_000)})
            assert (ordered.rules, ordered.source_name) == (RULES, "file:9f2c")


def test_an_error_of_a_process_is_raised_here(place: Path) -> None:
    kafka = KafkaSettings(bootstrap_servers="127.0.0.1:1", config_file=str(place / "no-such-file"))

    with pytest.raises(UsageError, match="no-such-file"):
        _count(kafka, lambda _: None)

    assert list(place.iterdir()) == []


@pytest.mark.kafka
def test_a_disk_that_is_full_in_a_process_is_named_here(
    place: Path, topic: Callable[[], KafkaSettings]
) -> None:
    kafka = topic()
    ensure_topic(Topic(kafka), 1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap_servers})
    for _ in range(1_000):
        producer.produce(kafka.topic, b"no call", None, 0)
    assert producer.flush(30) == 0

    with largest_file(5_000), pytest.raises(Unreachable, match="is full"), open_spill() as spill:
        plan = CountPlan({0: OffsetRange(0, 1_000)}, RULES, "", spill)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(processes, "OFFSETS_WORTH_A_PROCESS", 500)
            count_in_processes(kafka, processes=2)(plan, lambda _: None)


@pytest.mark.parametrize(
    "error, kind",
    [
        (UsageError("a", rule="b", next_step="c"), UsageError),
        (TopicMissing("calls", "localhost:9092"), KafkaUnavailable),
        (Unreachable("a"), Unreachable),
        (AccountingBroken("a", rule="b"), AccountingBroken),
        (SfcrimeError("a"), ChildFailed),
    ],
)
def test_an_error_says_the_same_on_the_other_side(
    error: SfcrimeError, kind: type[SfcrimeError]
) -> None:
    told = msgspec.json.decode(msgspec.json.encode(ShareError.of(error)), type=ShareError).again()

    assert type(told) is kind
    assert str(told) == str(error)
    assert told.exit_code == error.exit_code


def test_a_process_without_room_for_its_error_says_so_by_its_exit_code(place: Path) -> None:
    kafka = KafkaSettings(bootstrap_servers="127.0.0.1:1", config_file=str(place / "no-such-file"))
    with open_spill() as spill:
        plan = CountPlan(RANGES, RULES, "", spill)
        files = ShareFiles(spill.folder, 0)
        order = processes._order(kafka, plan, plan.shares(2)[0])
        files.order.write_bytes(msgspec.json.encode(order))
        files.error.mkdir()  # cannot be written, as little as on a full disk

        assert main(files.order) == EXIT_NO_ROOM
        assert "is full" in str(processes._failure(files, EXIT_NO_ROOM))
