"""The watch over a store: what it publishes, when, and what it survives."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from threading import Condition, current_thread

import pytest

from counted_store import Cell, CountedStore, wall_s
from running import wait_until
from sfcrime.dashboard.memory.seen import Seen, Watch
from sfcrime.errors import StoreUnavailable
from sfcrime.store.reader import Readers, StoreReader
from sfcrime.store.records import RunFacts
from sfcrime.store.written_state import written_state
from store_samples import progress_of

NINE, TEN = "2018-10-02T09:00", "2018-10-02T10:00"


class Noted:
    """What a watch published."""

    def __init__(self) -> None:
        self.all: list[Seen | None] = []
        self.threads: set[str] = set()
        self._changed = Condition()

    def __call__(self, seen: Seen | None) -> None:
        with self._changed:
            self.all.append(seen)
            self.threads.add(current_thread().name)
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[Seen | None], bool]) -> Seen | None:
        with self._changed:
            assert self._changed.wait_for(
                lambda: bool(self.all) and condition(self.all[-1]), timeout=20
            ), "nothing like it was published within 20 s"
            return self.all[-1]


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sfcrime.db"


@pytest.fixture
def store(path: Path) -> Iterator[CountedStore]:
    with CountedStore(path) as opened:
        yield opened


@pytest.fixture
def watch(path: Path, noted: Noted) -> Iterator[Watch]:
    """Not started: tests look themselves."""
    opened = Watch(path, noted)
    yield opened
    opened.stop()


def seen_by(watch: Watch) -> Seen:
    """What there is to be seen now."""
    watch.look()
    assert watch.seen is not None
    return watch.seen


def test_without_a_store_nothing_is_seen_and_that_is_said_once(watch: Watch, noted: Noted) -> None:
    watch.look()
    watch.look()
    assert watch.seen is None
    assert watch.problem is None
    assert noted.all == [None]


def test_a_store_is_seen_as_a_whole(watch: Watch, store: CountedStore) -> None:
    store.count([(NINE, "Drugs", "HAN", 3), (TEN, "22500e", "CIT", 2)], rejected=["not-json"])
    store.writer.record_progress(progress_of(0))
    seen = seen_by(watch)
    assert (seen.revision, seen.generation_id) == (1, 1)
    assert seen.generation.topic == "org.sf.police.calls"
    assert seen.totals.accounting.counted == 5
    assert [(each.partition, each.end) for each in seen.partitions] == [(0, 6)]
    assert seen.rejected_by_reason == {"not-json": 1}
    assert seen.writer.starts == 1
    assert seen.progress == (progress_of(0),)
    assert seen.hours.first_s == wall_s(NINE)
    assert seen.hours.calls.tolist() == [3, 2]
    assert seen.columns is not None
    assert seen.columns.by_label(0, 2**33).tolist() == [3, 2]
    assert seen.changes.newest == ()


def test_a_generation_without_a_batch_is_seen(watch: Watch, store: CountedStore) -> None:
    seen = seen_by(watch)
    assert seen.totals.last_batch_id is None
    assert seen.hours.newest_s is None
    assert seen.columns is not None
    store.count([(NINE, "Drugs", "HAN", 3)])
    assert seen_by(watch).hours.calls.tolist() == [3]
    assert watch.restarts == 0


def test_a_batch_renews_everything_at_once(watch: Watch, store: CountedStore, noted: Noted) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    before = seen_by(watch)
    store.count([(NINE, "Drugs", "HAN", 1), (TEN, "Poss", "HAN", 4)], rejected=["no-value"])
    seen = seen_by(watch)
    assert len(noted.all) == seen.revision == 2
    assert seen.totals.last_batch_id == 1
    assert seen.hours.calls.tolist() == [4, 4]
    assert seen.rejected_by_reason == {"no-value": 1}
    assert seen.columns is not None
    assert seen.columns.totals == seen.totals
    assert seen.columns.by_label(0, 2**33).tolist() == [4, 4]
    assert [(each.label, each.added, each.calls) for each in seen.changes.newest] == [
        ("Poss", 4, 4),
        ("Drugs", 1, 4),
    ]
    assert before.hours.calls.tolist() == [3]


class Looks:
    """How often a store was opened, with the clock of the watch in a test's hand."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened = 0
        self._written_ns = 0
        self._path = path
        opens = Readers.open

        def noted(readers: Readers) -> AbstractContextManager[StoreReader]:
            self.opened += 1
            return opens(readers)

        monkeypatch.setattr(Readers, "open", noted)
        monkeypatch.setattr("sfcrime.dashboard.memory.seen.time.time_ns", lambda: self.now_ns)
        self.now_ns = 0

    def at_age_ms(self, age_ms: int, watch: Watch) -> int:
        """Looks when the last write is so old; how often the store was opened for it."""
        before = self.opened
        self.now_ns = written_state(self._path).newest_ns + age_ms * 1_000_000
        watch.look()
        return self.opened - before


def test_a_store_is_opened_until_what_was_written_last_can_surely_be_seen(
    watch: Watch, store: CountedStore, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    looks = Looks(store.path, monkeypatch)
    ages_ms = [10, 20, 31, 80, 94, 200, 290, 900, 3000, 4000, 9500, 20_000, 10**8]
    assert [looks.at_age_ms(each, watch) for each in ages_ms] == [
        1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 0
    ]  # fmt: skip
    assert len(noted.all) == 1
    store.writer.record_progress(progress_of(0))
    assert looks.at_age_ms(0, watch) == 1


def test_what_is_written_without_a_batch_is_seen(watch: Watch, store: CountedStore) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    before = seen_by(watch)
    store.writer.record_progress(progress_of(0))
    seen = seen_by(watch)
    assert seen.progress == (progress_of(0),)
    assert seen.hours is before.hours
    assert seen.columns is before.columns
    facts = RunFacts(spark_ui="http://127.0.0.1:4040")
    store.writer.describe_run(facts)
    assert seen_by(watch).writer.facts == facts


def test_reports_are_kept_oldest_first_and_a_later_one_replaces_its_batch(
    watch: Watch, store: CountedStore
) -> None:
    for batch in range(4):
        store.count([(NINE, "Drugs", "HAN", 1)])
        store.writer.record_progress(progress_of(batch))
        seen_by(watch)
    store.writer.record_progress(progress_of(3, input_rows=9))
    seen = seen_by(watch)
    assert [each.batch_id for each in seen.progress] == [0, 1, 2, 3]
    assert seen.progress[-1].input_rows == 9


def test_of_many_batches_the_newest_thousand_reports_are_kept(
    watch: Watch, store: CountedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfcrime.dashboard.memory.summary.PROGRESS_KEPT", 3)
    for batch in range(5):
        store.count([(NINE, "Drugs", "HAN", 1)])
        store.writer.record_progress(progress_of(batch))
    assert [each.batch_id for each in seen_by(watch).progress] == [2, 3, 4]
    store.count([(NINE, "Drugs", "HAN", 1)])
    store.writer.record_progress(progress_of(5))
    assert [each.batch_id for each in seen_by(watch).progress] == [3, 4, 5]


def test_another_generation_is_read_anew_while_the_old_one_is_shown(
    watch: Watch, store: CountedStore
) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    assert seen_by(watch).generation_id == 1
    store.begin_again()
    store.count([(TEN, "Poss", "HAN", 7)])
    assert seen_by(watch).generation_id == 1
    store.writer.make_current()
    seen = seen_by(watch)
    assert seen.generation_id == 2
    assert seen.hours.calls.tolist() == [7]
    assert seen.columns is not None
    assert seen.columns.types.labels == ("Poss",)
    assert seen.changes.newest == ()
    assert watch.restarts == 1


def test_another_store_of_the_same_name_is_read_anew(
    watch: Watch, store: CountedStore, path: Path, tmp_path: Path
) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    seen_by(watch)
    with CountedStore(tmp_path / "other.db", created_ms=2) as other:
        other.count([(TEN, "Poss", "HAN", 9)])
    store.writer.close()
    (tmp_path / "other.db").rename(path)
    seen = seen_by(watch)
    assert seen.generation.created_ms == 2
    assert seen.hours.calls.tolist() == [9]
    assert watch.restarts == 1


def test_a_ledger_that_went_back_is_read_anew(
    watch: Watch, store: CountedStore, path: Path, tmp_path: Path
) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    store.writer.close()
    shutil.copy(path, tmp_path / "copy.db")
    with CountedStoreAgain(path) as again:
        again.count([(NINE, "Drugs", "HAN", 4)])
    assert seen_by(watch).totals.last_batch_id == 1
    with (tmp_path / "copy.db").open("rb") as copy, path.open("r+b") as restored:
        restored.truncate()
        shutil.copyfileobj(copy, restored)
    seen = seen_by(watch)
    assert seen.totals.last_batch_id == 0
    assert seen.hours.calls.tolist() == [3]
    assert watch.restarts == 1


class CountedStoreAgain(CountedStore):
    """Goes on with the store that is there."""

    def __init__(self, path: Path) -> None:
        from sfcrime.store.writer import open_writer

        self.path = path
        self.writer = open_writer(path, history_rows=2000)
        self._next_call = self.writer.partition_ends()[0] + 1


def test_a_store_that_is_deleted_is_seen_no_more(
    watch: Watch, store: CountedStore, path: Path, noted: Noted
) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    seen_by(watch)
    store.writer.close()
    path.unlink()
    watch.look()
    assert watch.seen is None
    assert noted.all[-1] is None


def test_a_store_that_cannot_be_read_is_said_and_what_was_seen_stays(
    watch: Watch, store: CountedStore, path: Path
) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    before = seen_by(watch)
    store.writer.close()
    path.write_bytes(b"no database" * 1000)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            watch.look()
    assert watch.seen is before


def many(cells: int) -> list[Cell]:
    """As many cells, some of them in each of 200 hours."""
    return [
        (f"2018-10-{1 + each % 200 // 24:02}T{each % 200 % 24:02}:00", f"note {each}", "HAN", 1)
        for each in range(cells)
    ]


def test_a_large_store_is_read_beside_its_totals(
    watch: Watch, store: CountedStore, noted: Noted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfcrime.dashboard.memory.kept_columns.CALLS_AT_ONCE", 100)
    store.count(many(1000))
    watch.start()
    seen = noted.wait_for(lambda seen: seen is not None and seen.columns is not None)
    assert seen is not None and seen.columns is not None
    assert seen.columns.by_label(0, 2**33).sum() == 1000
    first = noted.all[0]
    assert first is not None
    assert first.columns is None
    assert first.hours.total == 1000


def test_a_large_batch_is_taken_over_beside_the_totals(
    watch: Watch, store: CountedStore, noted: Noted
) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    watch.start()
    noted.wait_for(lambda seen: seen is not None and seen.columns is not None)
    store.count(many(1000))
    seen = noted.wait_for(
        lambda seen: (
            seen is not None and seen.columns is not None and seen.columns.totals.last_batch_id == 1
        )
    )
    assert seen is not None
    assert len(seen.changes.newest) == 500
    assert seen.changes.left_out == 500


def test_the_thread_publishes_each_batch_and_is_never_ended_by_an_error(
    watch: Watch, path: Path, noted: Noted, caplog: pytest.LogCaptureFixture
) -> None:
    path.write_bytes(b"no database" * 1000)
    with caplog.at_level(logging.WARNING):
        watch.start()
        wait_until(lambda: watch.problem is not None, "the store was found damaged")
        assert watch.seen is None
        path.unlink()
        with CountedStore(path) as store:
            for batch in range(3):
                store.count([(NINE, "Drugs", "HAN", 1)])
                seen = noted.wait_for(
                    lambda seen, batch=batch: (
                        seen is not None and seen.totals.last_batch_id == batch
                    )
                )
                assert seen is not None
                assert seen.hours.total == batch + 1
    assert watch.problem is None
    assert noted.threads == {"watch"}
    assert len([each for each in caplog.records if "cannot be read" in each.message]) == 1


def test_the_watch_ends_at_once(watch: Watch, store: CountedStore, noted: Noted) -> None:
    store.count([(NINE, "Drugs", "HAN", 1)])
    watch.start()
    noted.wait_for(lambda seen: seen is not None)
    began_s = time.monotonic()
    watch.stop()
    assert time.monotonic() - began_s < 2
    store.count([(NINE, "Drugs", "HAN", 1)])
    assert watch.seen is not None
    assert watch.seen.totals.last_batch_id == 0
