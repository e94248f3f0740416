"""One batch is one transaction; what is committed stays, what is refused leaves nothing."""

from __future__ import annotations

import _sqlite3
import ctypes
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cell_samples import cells_of
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import AccountingBroken, Refused, StoreUnavailable
from sfcrime.store import sqlite
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.reader import open_reader
from sfcrime.store.records import (
    CellCount,
    LateRecord,
    PartitionRange,
    RejectedRecord,
)
from sfcrime.store.writer import StoreWriter, open_writer
from store_samples import (
    FIRST,
    GENERATION,
    NINE_US,
    SECOND,
    TEN_US,
    identities,
    progress_of,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "sfcrime.db"


@pytest.fixture
def writer(path: Path) -> Iterator[StoreWriter]:
    with open_writer(path, history_rows=100) as opened:
        opened.create_generation(GENERATION)
        yield opened


def everything(path: Path) -> list[str]:
    """The whole content of the database, as SQL text."""
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def test_a_new_store_has_no_generation_and_no_batch(path: Path) -> None:
    with open_writer(path, history_rows=100) as writer:
        assert writer.generation() is None
        assert writer.totals() is None
        assert writer.last_batch_id() is None
        assert writer.partition_ends() == {}


def test_a_generation_is_kept_with_everything_that_shaped_its_numbers(
    path: Path, writer: StoreWriter
) -> None:
    assert writer.generation() == GENERATION
    writer.close()
    with open_writer(path, history_rows=100) as again:
        assert again.generation() == GENERATION


def test_partition_ends_begin_at_the_start_offsets(writer: StoreWriter) -> None:
    assert writer.partition_ends() == {0: 0, 1: 10}


def test_a_committed_batch_is_in_cells_ledger_and_totals(path: Path, writer: StoreWriter) -> None:
    writer.commit_batch(FIRST)
    assert writer.partition_ends() == {0: 7, 1: 15}
    assert writer.last_batch_id() == 0
    with open_reader(path) as reader:
        assert [row.accounting for row in reader.ledger_rows(9)] == [Accounting(11, 7, 1, 1, 2, 1)]
        assert list(reader.cells()) == [
            (NINE_US, "Passing Call", "22", 1),
            (NINE_US, "Passing Call", "HAN", 1),
            (NINE_US, "Traf Violation Cite", "CIT", 3),
            (TEN_US, "Passing Call", "HAN", 2),
        ]
        assert list(reader.rejected()) == [(0, 4, "bad-call-id"), (1, 12, "not-json")]
        assert list(reader.late()) == [(0, 5, NINE_US - 8 * 24 * 3_600_000_000, 1_538_500_000_000)]


def test_a_second_batch_adds_to_cells_and_accounts(path: Path, writer: StoreWriter) -> None:
    writer.commit_batch(FIRST)
    writer.commit_batch(SECOND)
    with open_reader(path) as reader:
        totals = reader.totals()
        assert totals.accounting == Accounting(15, 10, 1, 1, 3, 1)
        assert (totals.batches, totals.last_batch_id) == (2, 1)
        assert totals.newest_call_us == TEN_US + 60_000_000  # the later of the two batches'
        assert reader.partition_ledger() == [
            PartitionRange(0, 0, 11, counted=7, late=1, rejected=2, leader_epoch=4),
            PartitionRange(1, 10, 15, counted=3, late=0, rejected=1, leader_epoch=7),
        ]
        assert [cell for cell in reader.cells() if cell.window_us == TEN_US] == [
            (TEN_US, "Noise Nuisance", "OTS", 2),
            (TEN_US, "Passing Call", "HAN", 3),
        ]


def test_a_batch_is_written_once(path: Path, writer: StoreWriter) -> None:
    writer.commit_batch(FIRST)
    before = everything(path)
    with pytest.raises(AccountingBroken, match="the ledger expects batch 1"):
        writer.commit_batch(FIRST)
    assert everything(path) == before


def test_only_the_newest_batches_keep_their_ledger_rows(path: Path) -> None:
    with open_writer(path, history_rows=2) as writer:
        writer.create_generation(GENERATION)
        for number in range(5):
            writer.commit_batch(empty_batch(number))
        assert writer.last_batch_id() == 4
    with open_reader(path) as reader:
        assert [row.batch_id for row in reader.ledger_rows(10)] == [4, 3]
        assert reader.totals().batches == 5


def test_a_writer_that_was_opened_later_is_the_only_one(path: Path, writer: StoreWriter) -> None:
    writer.commit_batch(FIRST)
    with open_writer(path, history_rows=100) as later:
        for write in (
            lambda: writer.commit_batch(SECOND),
            lambda: writer.record_progress(progress_of(0)),
            writer.make_current,
        ):
            with pytest.raises(Refused, match="Another job has opened the store"):
                write()
        later.commit_batch(SECOND)


def empty_batch(batch_id: int) -> BatchOutcome:
    return BatchOutcome(
        batch_id=batch_id,
        cells=cells_of([]),
        rejected=[],
        late=[],
        ranges=[],
        accounting=Accounting(),
        identities=identities(0, 0),
        newest_call_us=None,
    )


def test_a_batch_without_data_gets_its_ledger_row(writer: StoreWriter) -> None:
    writer.commit_batch(FIRST)
    writer.commit_batch(empty_batch(1))
    assert writer.last_batch_id() == 1
    totals = writer.totals()
    assert totals is not None
    assert totals.newest_call_us == TEN_US + 60_000_000


def test_a_partition_added_later_starts_at_0(writer: StoreWriter) -> None:
    writer.commit_batch(FIRST)
    added = replace(SECOND, ranges=[*SECOND.ranges[:1], PartitionRange(2, 40, 40, 0, 0, 0)])
    with pytest.raises(AccountingBroken, match="partition 2 starts at offset 40"):
        writer.commit_batch(added)
    from_0 = PartitionRange(2, 0, 0, counted=0, late=0, rejected=0)
    writer.commit_batch(replace(added, ranges=[*SECOND.ranges[:1], from_0]))
    assert writer.partition_ends() == {0: 11, 1: 15, 2: 0}


FIRST_ROWS = [
    CellCount(NINE_US, "Traf Violation Cite", "CIT", 3),
    CellCount(NINE_US, "Passing Call", "HAN", 4),
]

BROKEN = {
    "counted is not what was read less the others": (
        replace(FIRST, accounting=Accounting(11, 7, 2, 1, 2, 1)),
        "read 11 is not counted 7 + duplicate 2",
    ),
    "a negative count": (
        replace(FIRST, accounting=Accounting(11, 7, -1, 1, 4, 1)),
        "its partitions hold 2 rejected, the batch 4",
    ),
    "a gap that is not there": (
        replace(FIRST, accounting=Accounting(11, 7, 1, 1, 2, 0)),
        "span 12 offsets, but read 11 + gaps 0 = 11",
    ),
    "a batch left out": (replace(FIRST, batch_id=1), "the ledger expects batch 0"),
    "a range that skips offsets": (
        replace(
            FIRST,
            ranges=[PartitionRange(0, 1, 8, 4, 1, 1), PartitionRange(1, 10, 15, 3, 0, 1)],
        ),
        "partition 0 starts at offset 1, the ledger ends at 0",
    ),
    "a range that ends before it starts": (
        replace(
            FIRST,
            ranges=[
                PartitionRange(0, 0, 9, 4, 1, 1),
                PartitionRange(1, 10, 15, 3, 0, 1),
                PartitionRange(2, 0, -2, 0, 0, 0),
            ],
        ),
        "partition 2 has the range 0 to -2",
    ),
    "a partition named twice": (
        replace(
            FIRST,
            ranges=[PartitionRange(0, 0, 7, 4, 1, 1), PartitionRange(0, 0, 5, 3, 0, 1)],
        ),
        "partition 0 starts at offset 0, the ledger ends at 7",
    ),
    "partitions that count other than the batch": (
        replace(
            FIRST,
            ranges=[PartitionRange(0, 0, 7, 3, 1, 1), PartitionRange(1, 10, 15, 3, 0, 1)],
        ),
        "its partitions hold 6 counted, the batch 7",
    ),
    "cells that hold other than counted": (
        replace(FIRST, cells=cells_of(FIRST_ROWS[:1])),
        "its cells hold 3 calls, counted says 7",
    ),
    "a rejected record that is not listed": (
        replace(FIRST, rejected=FIRST.rejected[:1]),
        "partition 0 lists 0 rejected records but states 1",
    ),
    "a rejected record listed twice": (
        replace(FIRST, rejected=[RejectedRecord(1, 12, "not-json")] * 2),
        "partition 0 lists 0 rejected records but states 1",
    ),
    "a late record in another partition than stated": (
        replace(FIRST, late=[LateRecord(1, 11, NINE_US, 0)]),
        "partition 0 lists 0 late records but states 1",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_batch_that_does_not_add_up_is_refused_and_leaves_nothing(
    name: str, path: Path, writer: StoreWriter
) -> None:
    outcome, what = BROKEN[name]
    before = everything(path)
    with pytest.raises(AccountingBroken) as refused:
        writer.commit_batch(outcome)
    assert what in refused.value.happened
    assert everything(path) == before
    writer.commit_batch(FIRST)


def test_a_cell_that_takes_calls_away_is_refused_by_the_table(
    path: Path, writer: StoreWriter
) -> None:
    cells = cells_of([CellCount(NINE_US, "A", "B", 8), CellCount(NINE_US, "A", "C", -1)])
    before = everything(path)
    with pytest.raises(StoreUnavailable, match="CHECK constraint failed: calls > 0"):
        writer.commit_batch(replace(FIRST, cells=cells))
    assert everything(path) == before


def test_a_batch_whose_write_fails_half_way_leaves_nothing(path: Path, writer: StoreWriter) -> None:
    saboteur = sqlite3.connect(path)
    saboteur.execute(
        "CREATE TRIGGER stop BEFORE INSERT ON late BEGIN SELECT RAISE(ABORT, 'disk on fire'); END"
    )
    saboteur.commit()
    before = everything(path)
    with pytest.raises(StoreUnavailable, match="disk on fire"):
        writer.commit_batch(FIRST)
    assert everything(path) == before
    saboteur.execute("DROP TRIGGER stop")
    saboteur.commit()
    saboteur.close()
    writer.commit_batch(FIRST)  # and the labels of the failed try are numbered again
    with open_reader(path) as reader:
        assert sum(cell.calls for cell in reader.cells()) == 7


@pytest.mark.parametrize("past", [7, 9])
def test_a_batch_that_lost_or_invented_an_identity_is_refused(
    past: int, path: Path, writer: StoreWriter
) -> None:
    before = everything(path)
    with pytest.raises(AccountingBroken, match=f"{past - 1} identities for 7 counted"):
        writer.commit_batch(replace(FIRST, identities=identities(1, past)))
    assert everything(path) == before


def test_a_batch_is_refused_where_the_store_lost_identities(
    path: Path, writer: StoreWriter
) -> None:
    writer.commit_batch(FIRST)
    writer.close()
    with open_writer(path, history_rows=100) as again:
        with closing(sqlite3.connect(path)) as store, store:
            store.execute("DELETE FROM identity_block")
        with pytest.raises(AccountingBroken, match="holds 0 identities for 7 counted calls"):
            again.commit_batch(SECOND)


def test_labels_of_a_failed_batch_are_not_known_behind_one_without_calls(
    path: Path, writer: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:

        def fail(*_: object) -> None:
            raise StoreUnavailable("disk on fire")

        patched.setattr("sfcrime.store.batches.add_to_ledger", fail)
        with pytest.raises(StoreUnavailable):
            writer.commit_batch(FIRST)
    writer.commit_batch(empty_batch(0))
    writer.commit_batch(replace(FIRST, batch_id=1))
    with open_reader(path) as reader:
        assert sum(cell.calls for cell in reader.cells()) == 7


_KILLED_WRITER = """
import os, signal, sys
from pathlib import Path
from sfcrime.store import batches
from sfcrime.store.writer import open_writer
from store_samples import FIRST, SECOND, GENERATION

writer = open_writer(Path(sys.argv[1]), history_rows=100)
writer.create_generation(GENERATION)
writer.commit_batch(FIRST)
step = getattr(batches, sys.argv[2])

def killed_after(*args, **kwargs):
    step(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(batches, sys.argv[2], killed_after)
writer.commit_batch(SECOND)
"""


@pytest.mark.parametrize("step", ["add_cells", "add_to_partitions", "add_to_totals"])
def test_a_writer_killed_within_a_batch_leaves_the_batches_before_it(step: str, path: Path) -> None:
    tests = str(Path(__file__).resolve().parents[1])
    child = subprocess.run(
        [sys.executable, "-c", _KILLED_WRITER, str(path), step],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([tests, *sys.path])},
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    with open_writer(path, history_rows=100) as writer:
        assert writer.partition_ends() == {0: 7, 1: 15}
        assert writer.last_batch_id() == 0
        writer.commit_batch(SECOND)
    with open_reader(path) as reader:
        assert reader.totals().accounting == Accounting(15, 10, 1, 1, 3, 1)
        assert sum(cell.calls for cell in reader.cells()) == 10


def test_what_grew_beside_a_long_reader_is_given_back(path: Path) -> None:
    wal = path.with_name(f"{path.name}-wal")
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
        with open_reader(path) as reader:
            assert reader.totals().batches == 1
            with closing(sqlite3.connect(path)) as other, other:
                other.execute("CREATE TABLE filler (bytes)")
                other.execute("INSERT INTO filler VALUES (zeroblob(40000000))")
            assert wal.stat().st_size > 40_000_000
        writer.record_progress(progress_of(0))  # its commit takes all into the store
        writer.commit_batch(SECOND)  # begins the file again
        assert wal.stat().st_size <= 32 * 1024 * 1024


def test_labels_met_by_an_earlier_writer_keep_their_numbers(path: Path) -> None:
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
    with open_writer(path, history_rows=100) as writer:
        writer.commit_batch(SECOND)
    connection = sqlite3.connect(path)
    labels = connection.execute("SELECT label FROM call_type ORDER BY id").fetchall()
    connection.close()
    assert sorted(labels) == [("Noise Nuisance",), ("Passing Call",), ("Traf Violation Cite",)]
    assert labels[2] == ("Noise Nuisance",)


def test_hundreds_of_cells_are_added_exactly(path: Path, writer: StoreWriter) -> None:
    # 250 cells: two whole statements of 100, and 50 of one.
    cells = [
        CellCount(NINE_US + (number % 25) * 3_600_000_000, f"Type {number // 25}", "HAN", 2)
        for number in range(250)
    ]
    outcome = replace(
        empty_batch(0),
        cells=cells_of(cells),
        ranges=[PartitionRange(0, 0, 500, 500, 0, 0)],
        accounting=Accounting(500, 500),
        identities=identities(0, 500),
    )
    again = replace(
        outcome,
        batch_id=1,
        ranges=[PartitionRange(0, 500, 1000, 500, 0, 0)],
        identities=identities(500, 1000),
    )
    writer.commit_batch(outcome)
    writer.commit_batch(again)
    with open_reader(path) as reader:
        assert list(reader.cells()) == [
            (cell.window_us, cell.call_type, cell.disposition, 4) for cell in sorted(cells)
        ]


def test_a_batch_before_any_generation_is_refused(path: Path) -> None:
    with open_writer(path, history_rows=100) as writer:
        with pytest.raises(Refused, match="no generation"):
            writer.commit_batch(FIRST)
        with pytest.raises(Refused, match="no generation"):
            writer.record_progress(progress_of(0))


def test_a_second_generation_is_written_while_readers_see_the_first(
    path: Path, writer: StoreWriter
) -> None:
    writer.commit_batch(FIRST)
    writer.create_generation(replace(GENERATION, lateness_s=None))
    assert writer.partition_ends() == {0: 0, 1: 10}
    writer.commit_batch(replace(FIRST, late=FIRST.late))
    with open_reader(path) as reader:
        assert reader.generation() == GENERATION
        assert reader.totals().accounting.counted == 7


def test_progress_is_kept_newest_first_and_bounded(path: Path) -> None:
    with open_writer(path, history_rows=2) as writer:
        writer.create_generation(GENERATION)
        for number in range(4):
            writer.record_progress(progress_of(number))
        writer.record_progress(progress_of(3, input_rows=99))
    with open_reader(path) as reader:
        assert reader.progress() == [progress_of(3, input_rows=99), progress_of(2)]
        assert reader.progress(limit=1) == [progress_of(3, input_rows=99)]


def test_progress_from_another_thread_does_not_disturb_batches(
    path: Path, writer: StoreWriter
) -> None:
    failures: list[BaseException] = []

    def report() -> None:
        try:
            for number in range(40):
                writer.record_progress(progress_of(number))
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=report)
    thread.start()
    for number in range(40):
        writer.commit_batch(empty_batch(number))
    thread.join()
    assert failures == []
    with open_reader(path) as reader:
        assert len(reader.progress()) == 40
        assert reader.totals().batches == 40


def test_a_file_that_is_no_store_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("this is not a database " * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        open_writer(text, history_rows=100)
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    with pytest.raises(StoreUnavailable, match="no sfcrime store"):
        open_writer(other, history_rows=100)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match=r"file/sfcrime\.db cannot be used"):
        open_writer(tmp_path / "file" / "sfcrime.db", history_rows=100)


def test_the_writer_asks_for_a_sync_at_every_commit(tmp_path: Path) -> None:
    engine = sqlite.open_for_writing(tmp_path / "sfcrime.db")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()


def memory_of_the_database() -> int:
    """Bytes that SQLite holds in this process, the pages it keeps for its next use included."""
    held = ctypes.CDLL(_sqlite3.__file__).sqlite3_memory_used
    held.restype = ctypes.c_int64
    return int(held())


def batch_of(batch_id: int, offset: int, calls: int) -> BatchOutcome:
    """Counted calls, each in a window of its own."""
    windows = (CellCount(each * 3_600_000_000, "Passing Call", "HAN", 1) for each in range(calls))
    return BatchOutcome(
        batch_id=batch_id,
        cells=cells_of(list(windows)),
        rejected=[],
        late=[],
        ranges=[PartitionRange(0, offset, offset + calls, counted=calls, late=0, rejected=0)],
        accounting=Accounting(read=calls, counted=calls),
        identities=identities(offset, offset + calls),
        newest_call_us=NINE_US,
    )


def test_what_a_backlog_kept_in_memory_is_given_back_by_live_calls(writer: StoreWriter) -> None:
    before = memory_of_the_database()
    writer.commit_batch(batch_of(0, 0, 30_000))
    assert memory_of_the_database() - before > 1_000_000
    writer.commit_batch(batch_of(1, 30_000, 10))
    assert memory_of_the_database() - before < 300_000
