"""What readers know of the run that writes: since when, whether it is alive, and what it says."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from sfcrime.errors import Refused, StoreUnavailable
from sfcrime.store.reader import open_reader
from sfcrime.store.records import RunFacts, WriterState
from sfcrime.store.writer import StoreWriter, open_writer
from store_samples import FIRST, GENERATION, statements

FACTS = RunFacts(
    settings={"kafka.port": "9092", "stream.jvm_options": ""},
    spark_ui="http://localhost:3000",
    versions={"sfcrime": "0.2.0"},
)


class Clock:
    """Milliseconds since 1970 UTC, as a test sets them."""

    def __init__(self) -> None:
        self.ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    for module in ("writer", "writer_row", "batches"):
        monkeypatch.setattr(f"sfcrime.store.{module}.now_ms", found)
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sfcrime.db"


def _state(path: Path) -> WriterState:
    with open_reader(path) as reader:
        return reader.writer_state()


def _begun(path: Path) -> StoreWriter:
    writer = open_writer(path, history_rows=100)
    if writer.generation() is None:
        writer.create_generation(GENERATION)
    return writer


def test_a_run_is_known_by_its_start_and_its_end(path: Path, clock: Clock) -> None:
    writer = _begun(path)
    state = _state(path)
    assert (state.started_ms, state.seen_ms, state.ended_ms) == (1_000_000, 1_000_000, None)
    assert (state.starts, state.facts) == (1, RunFacts())
    clock.ms += 60_000
    writer.close()
    state = _state(path)
    assert (state.started_ms, state.ended_ms) == (1_000_000, 1_060_000)


def test_a_clock_that_was_put_back_does_not_silence_a_run(path: Path, clock: Clock) -> None:
    with _begun(path) as writer:
        clock.ms -= 600_000
        writer.beat()
        assert _state(path).seen_ms == 400_000


def test_each_start_is_counted_and_begins_anew(path: Path, clock: Clock) -> None:
    with _begun(path) as writer:
        writer.describe_run(FACTS)
    clock.ms += 60_000
    with _begun(path):
        state = _state(path)
    assert (state.started_ms, state.seen_ms, state.ended_ms) == (1_060_000, 1_060_000, None)
    assert (state.starts, state.facts) == (2, RunFacts())


def test_what_a_run_says_of_itself_is_read_back(path: Path) -> None:
    with _begun(path) as writer:
        writer.describe_run(FACTS)
        assert _state(path).facts == FACTS
    assert _state(path).facts == FACTS


def test_a_beat_is_written_once_in_five_seconds(path: Path, clock: Clock) -> None:
    with _begun(path) as writer:
        clock.ms += 4_999
        with statements() as sent:
            writer.beat()
        assert (sent, _state(path).seen_ms) == ([], 1_000_000)
        clock.ms += 1
        writer.beat()
        assert _state(path).seen_ms == 1_005_000
        with statements() as sent:
            writer.beat()
        assert sent == []


def test_a_clock_that_was_set_back_silences_no_beat(path: Path, clock: Clock) -> None:
    with _begun(path) as writer:
        clock.ms -= 500_000
        writer.beat()
        assert _state(path).seen_ms == 500_000


def test_a_commit_is_a_sign_of_life_and_puts_the_beat_off(path: Path, clock: Clock) -> None:
    with _begun(path) as writer:
        clock.ms += 4_000
        writer.commit_batch(FIRST)
        assert _state(path).seen_ms == 1_004_000
        clock.ms += 4_999
        with statements() as sent:
            writer.beat()
        assert sent == []


def test_a_commit_to_a_generation_that_is_not_seen_is_a_sign_of_life(
    path: Path, clock: Clock
) -> None:
    with _begun(path) as writer:
        writer.create_generation(GENERATION, pending=True)
        clock.ms += 4_000
        writer.commit_batch(FIRST)
        assert _state(path).seen_ms == 1_004_000


def test_clearing_a_large_generation_is_a_sign_of_life(
    path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> bool:
        clock.ms += 6_000
        return clock.ms < 1_020_000

    with _begun(path) as writer:
        writer.create_generation(GENERATION, pending=True)
        writer.make_current()
        monkeypatch.setattr("sfcrime.store.generations.forget_some", slow)
        with pytest.raises(
            StoreUnavailable
        ):  # nothing was cleared, so its row is still referred to
            writer.forget_unseen()
    assert _state(path).seen_ms == 1_024_000


def test_a_run_after_which_another_began_cannot_beat_and_does_not_end_the_other(
    path: Path, clock: Clock
) -> None:
    earlier = _begun(path)
    with _begun(path) as later:
        clock.ms += 10_000
        for write in (earlier.beat, lambda: earlier.describe_run(FACTS)):
            with pytest.raises(Refused, match="Another job has opened the store"):
                write()
        earlier.close()
        assert _state(path).ended_ms is None
        later.beat()
    assert _state(path).starts == 2


def test_a_store_that_was_deleted_is_not_made_again_by_the_end(path: Path) -> None:
    with _begun(path) as writer:
        for file in path.parent.iterdir():
            file.unlink()
        with pytest.raises(StoreUnavailable, match="deleted or replaced"):
            writer.describe_run(FACTS)
    writer.close()
    assert list(path.parent.iterdir()) == []


def test_a_run_that_ended_before_stays_ended_then(path: Path, clock: Clock) -> None:
    writer = _begun(path)
    writer.close()
    clock.ms += 60_000
    writer.close()
    assert _state(path).ended_ms == 1_000_000


def test_a_beat_waits_for_a_batch_under_way(path: Path, clock: Clock) -> None:
    with _begun(path) as writer:
        clock.ms += 6_000
        beating = threading.Thread(target=writer.beat)
        with writer._transactions.one() as connection:
            beating.start()
            connection.exec_driver_sql("SELECT 1")
            beating.join(0.3)
            assert beating.is_alive()
        beating.join(20)
        assert not beating.is_alive()
    assert _state(path).seen_ms == 1_006_000


def test_the_row_can_be_read_with_any_tool(path: Path, clock: Clock) -> None:
    with _begun(path) as writer:
        writer.describe_run(FACTS)
    with closing(sqlite3.connect(path)) as store:
        found = store.execute(
            "SELECT started_ms, seen_ms, ended_ms, starts, "
            "json_extract(facts, '$.settings.\"kafka.port\"') FROM writer"
        ).fetchall()
    assert found == [(1_000_000, 1_000_000, 1_000_000, 1, "9092")]
