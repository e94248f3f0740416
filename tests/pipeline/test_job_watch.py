"""Whether a job gets on or hangs, by its ledger, the topic and its signs of life."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from counted_store import CountedStore
from sfcrime.errors import UsageError
from sfcrime.pipeline import job_watch
from sfcrime.pipeline.job_watch import JobWatch
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.writer import BEAT_MS, open_writer
from sfcrime.store.written_state import NO_ANSWER

CELL = ("2018-10-02T09:00", "Passing Call", "HAN", 10)
"""Ten calls, so ten offsets."""


class Watched:
    """A job on a clock that only moves when told to; it may hang for 60 s."""

    def __init__(self, folder: Path, start_s: float = 0.0) -> None:
        self.now_s = 0.0
        self.store = CountedStore(folder / STORE_FILE)
        self.watch = JobWatch(folder / STORE_FILE, 60, lambda: self.now_s, start_s=start_s)
        self.ends = {0: 0}
        self.kafka_answers = True

    def passes(self, seconds: float) -> str:
        """Looks each second, and says whether it hangs at the end."""
        for _ in range(int(seconds)):
            self.now_s += 1
            self.watch.look(self.ends, kafka_answers=self.kafka_answers)
        return self.watch.hangs()

    def passes_with_beats(self, seconds: float) -> str:
        """The same of a job that says every 5 s that it is alive."""
        said = ""
        for _ in range(int(seconds / 5)):
            self.store.writer._seen_ms -= BEAT_MS  # as if they had passed for its own clock
            self.store.writer.beat()
            said = self.passes(5)
        return said


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(tmp_path)
    with watched.store:
        watched.passes(1)
        watched.watch.begins()
        yield watched


NOTHING_DONE = "committed nothing for 60 s, and records wait"


def test_a_job_that_leaves_records_waiting_hangs_however_alive_it_is(job: Watched) -> None:
    job.ends = {0: 10}
    assert job.passes_with_beats(60) == ""
    assert job.passes_with_beats(5) == NOTHING_DONE
    assert not job.watch.gets_on


def test_a_start_that_waits_for_executors_gets_their_time_until_its_first_batch(
    tmp_path: Path,
) -> None:
    job = Watched(tmp_path, start_s=60)
    with job.store:
        job.passes(1)
        job.watch.begins()
        job.ends = {0: 20}
        assert job.passes(120) == ""
        assert job.passes(1) == "committed nothing for 120 s, and records wait"
        job.store.count([CELL])
        assert job.passes(1) == ""
        assert job.passes_with_beats(65) == NOTHING_DONE


def test_each_commit_gives_it_its_time_again(job: Watched) -> None:
    job.ends = {0: 30}
    job.passes_with_beats(55)
    job.store.count([CELL])
    assert job.passes_with_beats(55) == ""
    assert job.watch.gets_on
    assert job.passes_with_beats(10) == NOTHING_DONE


def test_a_job_that_has_caught_up_may_commit_nothing_for_long(job: Watched) -> None:
    job.ends = {0: 10}
    job.store.count([CELL])
    assert job.passes_with_beats(900) == ""
    assert job.watch.gets_on


def test_a_job_that_was_stopped_hangs_even_where_nothing_waits(job: Watched) -> None:
    job.passes_with_beats(10)
    assert job.passes(56) == "", "its last sign of life was seen four seconds ago"
    assert job.passes(1) == "gave no sign of life for 60 s"


def test_a_job_without_a_broker_does_not_hang(job: Watched) -> None:
    job.ends = {0: 10}
    job.kafka_answers = False
    assert job.passes(3600) == ""
    job.kafka_answers = True
    assert job.passes_with_beats(60) == ""
    assert job.passes_with_beats(5) == NOTHING_DONE


def test_a_job_that_waits_for_its_database_does_not_hang_for_as_long_as_it_may(
    job: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.ends = {0: 10}
    assert job.passes_with_beats(55) == ""
    with monkeypatch.context() as away:
        away.setattr(job.watch, "_written_state", lambda: NO_ANSWER)
        assert job.passes(120) == ""
    assert job.passes_with_beats(60) == ""
    assert job.passes_with_beats(5) == NOTHING_DONE

    job.watch.begins()
    monkeypatch.setattr(job.watch, "_written_state", lambda: NO_ANSWER)
    assert job.passes(120 + 60) == ""
    assert job.passes(2) == NOTHING_DONE, "it should have ended by itself"


def _no_password(_: Path) -> StoreReader:
    raise UsageError("The password file holds no password.")


def test_a_job_that_commits_what_cannot_be_read_does_not_hang(
    job: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.ends = {0: 1_000}
    with monkeypatch.context() as changed:
        changed.setattr(job_watch, "open_reader", _no_password)
        for _ in range(10):
            job.store.count([CELL])
            assert job.passes(30) == ""
    assert job.passes_with_beats(60) == ""
    assert job.passes_with_beats(5) == NOTHING_DONE


def test_the_time_that_a_look_takes_is_not_the_jobs(
    job: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def slow(store: Path) -> Iterator[StoreReader]:
        job.now_s += 65
        with open_reader(store) as reader:
            yield reader

    job.ends = {0: 10}
    assert job.passes_with_beats(30) == ""
    with monkeypatch.context() as frozen:
        frozen.setattr(job_watch, "open_reader", slow)
        assert job.passes_with_beats(5) == ""
    assert job.passes(25) == ""
    assert job.passes_with_beats(5) == NOTHING_DONE


def test_a_job_that_was_killed_for_it_gets_twice_the_time_until_it_commits(job: Watched) -> None:
    job.ends = {0: 20}
    assert job.passes_with_beats(65) == NOTHING_DONE
    job.watch.was_killed()
    job.watch.begins()
    assert job.passes_with_beats(115) == ""
    assert job.passes_with_beats(10) == "committed nothing for 120 s, and records wait"

    job.watch.was_killed()
    job.watch.begins()
    job.store.count([CELL])
    assert job.passes_with_beats(70) == NOTHING_DONE


def test_what_was_committed_before_its_start_does_not_speak_for_it(job: Watched) -> None:
    job.ends = {0: 20}
    job.store.count([CELL])
    job.passes(1)
    assert job.watch.gets_on
    job.watch.begins()
    job.passes(1)
    assert not job.watch.gets_on


def test_before_there_is_a_store_or_a_topic_there_is_nothing_to_do(tmp_path: Path) -> None:
    watch = JobWatch(tmp_path / STORE_FILE, 60, lambda: 0.0)
    watch.look({}, kafka_answers=True)
    assert watch.gets_on
    assert watch.hangs() == ""


def test_a_job_that_waits_for_the_first_record_of_an_emptied_topic_does_not_hang(
    tmp_path: Path,
) -> None:
    now_s = 0.0
    watch = JobWatch(tmp_path / STORE_FILE, 60, lambda: now_s)
    with open_writer(tmp_path / STORE_FILE, history_rows=1) as writer:
        for _ in range(14):
            now_s += 5
            writer._seen_ms -= BEAT_MS  # as if they had passed for its own clock
            writer.beat()
            watch.look({0: 1_000}, kafka_answers=True)
        assert watch.hangs() == ""
        now_s += 61
        watch.look({0: 1_000}, kafka_answers=True)
    assert watch.hangs() == "gave no sign of life for 60 s"
