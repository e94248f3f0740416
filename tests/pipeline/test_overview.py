"""One look at a running pipeline."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import UsageError
from sfcrime.pipeline.activity import (
    PartState,
    ProducerActivity,
    StreamActivity,
    SupervisionActivity,
    write_activity,
)
from sfcrime.pipeline.job_watch import JobWatch
from sfcrime.pipeline.liveness import Liveness, LivenessWatch
from sfcrime.pipeline.overview import Overview, OverviewWatch
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import StoreReader
from sfcrime.store.records import LargestCells
from sfcrime.store.writer import open_writer
from sfcrime.store.written_state import NO_ANSWER
from store_samples import FIRST, GENERATION, SECOND, progress_of


@pytest.fixture
def overview(tmp_path: Path) -> Overview:
    """Two batches that end at offset 11 of partition 0 and 15 of partition 1."""
    write_activity(tmp_path, ProducerActivity(sent=15, step="publishing"))
    _count_into(tmp_path / STORE_FILE)
    return OverviewWatch(tmp_path, windows=3, top=5).look()


def _count_into(store: Path) -> None:
    with open_writer(store, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        for outcome in (FIRST, SECOND):
            writer.commit_batch(outcome)
            writer.record_progress(progress_of(outcome.batch_id))


def test_before_anything_is_counted_there_is_nothing_to_show(tmp_path: Path) -> None:
    nothing = OverviewWatch(tmp_path, windows=3, top=5).look()
    assert nothing == Overview(ProducerActivity(), StreamActivity(), None)
    assert nothing.accounting == Accounting()
    assert nothing.lag({0: 7, 1: 2}) == 9


def test_a_run_without_a_topic_or_a_count_is_not_caught_up(tmp_path: Path) -> None:
    nothing = OverviewWatch(tmp_path, windows=3, top=5).look()
    assert not nothing.is_caught_up({})
    assert not nothing.is_caught_up({0: 1})


def test_store_and_parts_are_shown_together(overview: Overview) -> None:
    assert overview.producer.sent == 15
    assert overview.accounting == Accounting(
        read=15, counted=10, duplicate=1, late=1, rejected=3, gaps=1
    )
    assert overview.counted is not None
    assert overview.counted.last_batch == progress_of(1)
    # "Noise Nuisance" and "Passing Call" of the newest hour, "Passing Call" and the citations
    # of the one before.
    assert {each.call_type: each.calls for each in overview.counted.movements} == {
        "Passing Call": 5,
        "Traf Violation Cite": 3,
        "Noise Nuisance": 2,
    }


def test_a_supervisor_is_believed_for_15_seconds(tmp_path: Path) -> None:
    down = PartState("broker", "down", 1_538_500_061_789, 1, "was killed by signal 9")
    now_ms = time.time_ns() // 1_000_000

    write_activity(tmp_path, SupervisionActivity(now_ms - 60_000, now_ms, (down,)))
    seen = OverviewWatch(tmp_path, windows=3, top=5).look()
    write_activity(tmp_path, SupervisionActivity(now_ms - 60_000, now_ms - 16_000, (down,)))
    forgotten = OverviewWatch(tmp_path, windows=3, top=5).look()

    assert (seen.down("broker"), seen.down("stream"), seen.restarted) == (down, None, [down])
    assert seen.liveness({}, now_ms, LivenessWatch()) == Liveness(
        1_538_500_061_789, "The broker is down: it was killed by signal 9."
    )
    assert (forgotten.down("broker"), forgotten.restarted) == (None, [])
    assert forgotten.liveness({}, now_ms, LivenessWatch()) is None


def test_numbers_are_live_by_the_store_of_the_same_look(overview: Overview) -> None:
    assert overview.writer is not None
    assert overview.writer.starts == 1
    ended_ms = overview.writer.ended_ms
    assert ended_ms is not None

    assert overview.liveness({0: 11, 1: 15}, ended_ms, LivenessWatch()) == Liveness(
        ended_ms, "No job writes to the store: the last one has ended."
    )
    running = replace(overview, writer=replace(overview.writer, ended_ms=None, seen_ms=ended_ms))
    now_s = 0.0
    watch = LivenessWatch(lambda: now_s)
    assert running.liveness({0: 11, 1: 15}, ended_ms, watch).state == "live"
    # The ends of the topic are its lag: six records have waited for over a minute.
    assert running.liveness({0: 12, 1: 20}, ended_ms, watch).state == "live"
    now_s = 120.0
    waiting = replace(running.writer, seen_ms=ended_ms + 120_000)
    late = replace(running, writer=waiting).liveness({0: 12, 1: 20}, ended_ms + 120_000, watch)
    assert late.reason == "Records wait in the topic, and no batch was committed for a minute."


def test_what_was_read_last_stays_while_the_store_cannot_be_read(tmp_path: Path) -> None:
    _count_into(tmp_path / STORE_FILE)
    watch = OverviewWatch(tmp_path, windows=3, top=5)
    before = watch.look().counted
    assert before is not None
    (tmp_path / STORE_FILE).write_bytes(b"no database" * 1000)

    assert watch.look().counted == before


@pytest.mark.parametrize(
    "ends, lag, caught_up",
    [
        ({0: 11, 1: 15}, 0, True),
        ({0: 12, 1: 15}, 1, False),
        ({0: 11, 1: 20}, 5, False),
        ({0: 11, 1: 15, 2: 0}, 0, True),
        ({0: 11, 1: 15, 2: 4}, 4, False),
        ({}, 0, False),
    ],
)
def test_lag_is_what_the_topic_holds_beyond_the_ledger(
    overview: Overview, ends: dict[int, int], lag: int, caught_up: bool
) -> None:
    assert overview.lag(ends) == lag
    assert overview.is_caught_up(ends) is caught_up


def _written_a_minute_ago(data_dir: Path) -> None:
    """As if nothing had been counted since."""
    for file in data_dir.glob(f"{STORE_FILE}*"):
        os.utime(file, (time.time() - 60, time.time() - 60))


def test_a_watched_store_is_not_read_again_where_nothing_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_writer(tmp_path / STORE_FILE, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
        _written_a_minute_ago(tmp_path)
        watch = OverviewWatch(tmp_path, windows=3, top=5)
        before = watch.look()
        monkeypatch.setattr("sfcrime.pipeline.overview.open_reader", _refuse)
        write_activity(tmp_path, ProducerActivity(sent=15, step="publishing"))

        after = watch.look()

    assert after.counted is before.counted
    assert after.accounting.read == FIRST.accounting.read
    assert after.producer.sent == 15


def test_a_database_that_does_not_answer_is_not_asked_again_for_its_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _count_into(tmp_path / STORE_FILE)
    watch = OverviewWatch(tmp_path, windows=3, top=5)
    before = watch.look().counted
    monkeypatch.setattr(watch, "_written_state", lambda: NO_ANSWER)
    monkeypatch.setattr("sfcrime.pipeline.overview.open_reader", _refuse)

    assert watch.look().counted is before


def test_what_was_read_last_stays_while_the_password_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _count_into(tmp_path / STORE_FILE)
    watch, job = OverviewWatch(tmp_path, windows=3, top=5), JobWatch(tmp_path / STORE_FILE, 60)
    before = watch.look().counted
    job.look({}, kafka_answers=True)
    for module in ("overview", "job_watch"):
        monkeypatch.setattr(f"sfcrime.pipeline.{module}.open_reader", _no_password)
    with open_writer(tmp_path / STORE_FILE, history_rows=100) as writer:
        writer.record_progress(progress_of(2))

        assert watch.look().counted is before
        job.look({0: 11, 1: 15}, kafka_answers=True)
        assert job.gets_on


def _no_password(_: Path) -> None:
    raise UsageError("The password file holds no password.")


def _refuse(_: Path) -> None:
    raise AssertionError("the store was read")


def test_a_watch_shows_every_batch_as_soon_as_it_is_committed(tmp_path: Path) -> None:
    watch = OverviewWatch(tmp_path, windows=3, top=5)
    assert watch.look().accounting.read == 0

    with open_writer(tmp_path / STORE_FILE, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        _written_a_minute_ago(tmp_path)
        assert watch.look().accounting.read == 0
        writer.commit_batch(FIRST)
        first = watch.look()
        writer.commit_batch(SECOND)
        second = watch.look()

    assert (first.accounting.read, second.accounting.read) == (11, 15)


def test_movements_are_not_read_again_of_a_job_that_only_says_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfcrime.pipeline.overview._SHARE_OF_TIME", 1.0)
    watch = OverviewWatch(tmp_path, windows=3, top=5)
    with open_writer(tmp_path / STORE_FILE, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
        before = watch.look()
        with monkeypatch.context() as refused:
            refused.setattr(StoreReader, "largest_cells", _refuse_cells)
            writer.record_progress(progress_of(FIRST.batch_id))
            after = watch.look()
        writer.commit_batch(SECOND)
        later = watch.look()
    assert before.counted and after.counted and later.counted
    assert after.counted.last_batch == progress_of(FIRST.batch_id)
    assert after.counted.movements == before.counted.movements != later.counted.movements


def _refuse_cells(*_: object) -> None:
    raise AssertionError("cells were read")


def test_movements_that_take_long_to_read_take_a_tenth_of_the_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1_000.0
    largest_cells = StoreReader.largest_cells

    def slow(reader: StoreReader, windows: int, most: int) -> LargestCells:
        nonlocal now_s
        now_s += 2.0
        return largest_cells(reader, windows, most)

    def seen() -> tuple[int, int]:
        counted = watch.look().counted
        assert counted is not None
        return counted.totals.accounting.counted, sum(each.calls for each in counted.movements)

    monkeypatch.setattr("sfcrime.pipeline.overview.time.monotonic", lambda: now_s)
    monkeypatch.setattr(StoreReader, "largest_cells", slow)
    watch = OverviewWatch(tmp_path, windows=3, top=5)
    with open_writer(tmp_path / STORE_FILE, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
        assert seen() == (7, 7)
        writer.commit_batch(SECOND)
        _written_a_minute_ago(tmp_path)
        now_s += 17.9
        assert seen() == (10, 7)
        now_s += 0.2  # nothing was written since
        assert seen() == (10, 10)
