"""A store in another database: the same to the last row, whole or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, Table

from postgres_server import PostgresDatabase
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import BackupFailed, StoreDamaged, StoreEmpty, StoreLost, StoreTaken, UsageError
from sfcrime.store import row_copy, upserts
from sfcrime.store.address import PostgresqlAddress
from sfcrime.store.reader import open_reader
from sfcrime.store.records import PartitionRange, RunFacts
from sfcrime.store.row_copy import copy_rows
from sfcrime.store.soundness import store_problems
from sfcrime.store.writer import open_writer
from store_samples import FIRST, GENERATION, SECOND, identities, progress_of

OnRows = Callable[[str, int, int], None]

ROWS_AFTER_BOTH = {
    "batch": 2,
    "batch_range": 4,
    "call_type": 3,
    "cell": 5,
    "current_generation": 1,
    "disposition": 4,
    "generation": 2,
    "identity_block": 2,
    "late": 1,
    "partition_ledger": 4,
    "progress": 1,
    "rejected": 3,
    "set_aside": 4,
    "totals": 2,
    "window_total": 2,
    "writer": 1,
}
"""Of the store that `counted` makes: two batches, and a rebuild that was begun."""


def nothing(step: str, done: int, due: int) -> None:
    """Who is told nothing."""


@pytest.fixture
def counted(tmp_path: Path) -> Path:
    """A store with two batches, a report, and a generation that readers do not see yet."""
    path = tmp_path / "counted" / "sfcrime.db"
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.describe_run(RunFacts(settings={"kafka.port": "9092"}))
        writer.commit_batch(FIRST)
        writer.commit_batch(SECOND)
        writer.record_progress(progress_of(1))
        writer.create_generation(replace(GENERATION, window_minutes=30), pending=True)
    return path


def content(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, read without any code of the project."""
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=repr)  # noqa: S608
            for (name,) in names
        }


def tables_of(database: PostgresDatabase) -> int:
    with database.connect() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_store_that_went_to_postgresql_and_back_is_the_same_to_the_last_row(
    counted: Path, postgresql_store: PostgresqlAddress, tmp_path: Path
) -> None:
    back = tmp_path / "back" / "sfcrime.db"
    back.parent.mkdir()
    steps: list[tuple[str, int, int]] = []

    there = copy_rows(counted, postgresql_store, lambda *told: steps.append(told))
    again = copy_rows(postgresql_store, back, nothing)

    assert content(back) == content(counted)
    assert there.rows == again.rows == ROWS_AFTER_BOTH
    assert there.generation == GENERATION
    assert again.partitions == there.partitions
    assert there.totals.accounting == Accounting(15, 10, 1, 1, 3, 1)
    assert there.partitions == [
        PartitionRange(0, 0, 11, counted=7, late=1, rejected=2, leader_epoch=4),
        PartitionRange(1, 10, 15, counted=3, late=0, rejected=1, leader_epoch=7),
    ]
    assert store_problems(postgresql_store) == store_problems(back) == []
    assert steps[0] == ("checking the store", 0, 0)
    assert [each for each in steps if each[1] == each[2]][1:] == [
        ("copying", 41, 41),
        ("comparing", 41, 41),
    ]


def test_a_job_goes_on_on_the_copy_exactly_where_the_ledger_ends(
    postgresql_store: PostgresqlAddress, tmp_path: Path
) -> None:
    first, back = tmp_path / "first.db", tmp_path / "back.db"
    with open_writer(first, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
    copy_rows(first, postgresql_store, nothing)

    for store in (first, postgresql_store):
        with open_writer(store, history_rows=100) as writer:
            assert writer.partition_ends() == {0: 7, 1: 15}
            assert writer.first_copies(identities(6, 10)).tolist() == [False, False, True, True]
            writer.commit_batch(SECOND)
    copy_rows(postgresql_store, back, nothing)

    ours, theirs = content(back), content(first)
    changing = {"writer", "batch", "totals"}  # they hold when it was done
    assert {name: ours[name] for name in ours.keys() - changing} == {
        name: theirs[name] for name in theirs.keys() - changing
    }
    with open_reader(back) as reader:
        assert reader.totals().accounting == Accounting(15, 10, 1, 1, 3, 1)


def test_what_is_counted_meanwhile_is_not_in_the_copy_and_not_delayed(
    postgresql_store: PostgresqlAddress, tmp_path: Path
) -> None:
    store = tmp_path / "live.db"
    with open_writer(store, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)

        def count_more(step: str, done: int, due: int) -> None:
            if step == "copying" and writer.last_batch_id() == 0:
                writer.commit_batch(SECOND)

        copied = copy_rows(store, postgresql_store, count_more)
        assert writer.last_batch_id() == 1

    assert copied.totals.batches == 1
    with open_reader(postgresql_store) as reader:
        assert reader.totals().accounting == FIRST.accounting


@pytest.mark.parametrize("step", ["copying", "comparing"])
def test_a_copy_that_is_ended_leaves_nothing_and_can_be_made_again(
    counted: Path,
    postgresql_store: PostgresqlAddress,
    postgres_database: PostgresDatabase,
    tmp_path: Path,
    step: str,
) -> None:
    def end(told: str, done: int, due: int) -> None:
        if told == step and done > due // 2:
            raise KeyboardInterrupt

    file = tmp_path / "copy.db"
    for target in (postgresql_store, file):
        with pytest.raises(KeyboardInterrupt):
            copy_rows(counted, target, end)
        with pytest.raises(StoreEmpty), open_reader(target):
            pass
    assert tables_of(postgres_database) == 0

    for target in (postgresql_store, file):
        assert copy_rows(counted, target, nothing).rows == ROWS_AFTER_BOTH


def test_a_target_that_holds_something_is_refused_and_stays_as_it_is(
    counted: Path,
    postgresql_store: PostgresqlAddress,
    postgres_database: PostgresDatabase,
    tmp_path: Path,
) -> None:
    with postgres_database.connect() as connection:
        connection.execute("CREATE TABLE theirs AS SELECT 1 AS number")
    other = tmp_path / "other.db"
    with open_writer(other, history_rows=10) as writer:
        writer.create_generation(GENERATION)
    before = content(other)

    for target in (postgresql_store, other, counted):
        with pytest.raises(UsageError, match="holds something already"):
            copy_rows(counted, target, nothing)

    assert content(other) == before
    assert tables_of(postgres_database) == 1


def test_a_database_that_a_job_has_opened_is_refused(
    counted: Path, postgresql_store: PostgresqlAddress
) -> None:
    with (
        open_writer(postgresql_store, history_rows=10),
        pytest.raises(StoreTaken, match="Another job writes to the store"),
    ):
        copy_rows(counted, postgresql_store, nothing)


def test_what_cannot_be_read_at_the_end_is_asked_for_before_anything_is_written(
    counted: Path,
    postgresql_store: PostgresqlAddress,
    postgres_database: PostgresDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(*_: object) -> None:
        raise StoreLost("The source is gone.")

    known = row_copy.rows
    for name in ("generation", "totals", "partitions"):
        found = {each: getattr(known, each) for each in dir(known)} | {name: lost}
        monkeypatch.setattr(row_copy, "rows", SimpleNamespace(**found))
        with pytest.raises(StoreLost, match="The source is gone"):
            copy_rows(counted, postgresql_store, nothing)
        assert tables_of(postgres_database) == 0


@pytest.mark.parametrize("to_postgresql", [True, False])
def test_a_row_that_is_not_the_one_that_was_read_is_found_and_nothing_is_kept(
    counted: Path,
    postgresql_store: PostgresqlAddress,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    to_postgresql: bool,
) -> None:
    target = postgresql_store if to_postgresql else tmp_path / "copy.db"
    add_rows = upserts.add_rows

    def one_more_call(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
        if table.name == "window_total":
            rows = [(*row[:2], row[2] + 1, row[3]) for row in rows]
        add_rows(connection, table, rows)

    def one_row_less(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
        add_rows(connection, table, rows[1:] if table.name == "batch_range" else rows)

    for wrong, what in (
        (one_more_call, "window_total holds 2 rows that are not the 2"),
        (one_row_less, "batch_range holds 3 rows that are not the 4"),
    ):
        monkeypatch.setattr(upserts, "add_rows", wrong)
        with pytest.raises(BackupFailed, match=what):
            copy_rows(counted, target, nothing)
        with pytest.raises(StoreEmpty), open_reader(target):
            pass


@pytest.mark.parametrize(
    ("damage", "what", "checked_before"),
    [
        ("DELETE FROM generation WHERE id = 2", "a row of .* refers to a generation", True),
        ("DELETE FROM late", "it states 1 kept late", True),
        ("DELETE FROM late", "it states 1 kept late", False),  # since it was checked
    ],
)
def test_a_store_that_is_damaged_is_named_and_not_copied(
    counted: Path,
    postgresql_store: PostgresqlAddress,
    postgres_database: PostgresDatabase,
    monkeypatch: pytest.MonkeyPatch,
    damage: str,
    what: str,
    checked_before: bool,
) -> None:
    with closing(sqlite3.connect(counted)) as connection, connection:
        connection.execute(damage)
    if not checked_before:
        monkeypatch.setattr(row_copy, "store_problems", lambda _: [])

    with pytest.raises(StoreDamaged, match=rf"counted/sfcrime\.db is damaged: {what}"):
        copy_rows(counted, postgresql_store, nothing)

    assert tables_of(postgres_database) == 0


def test_rows_are_copied_in_pages_of_any_size(
    counted: Path,
    postgresql_store: PostgresqlAddress,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(row_copy, "_ROWS_AT_A_TIME", 2)
    monkeypatch.setattr(row_copy, "_BLOCKS_AT_A_TIME", 1)

    assert copy_rows(counted, postgresql_store, nothing).rows == ROWS_AFTER_BOTH
    copy_rows(postgresql_store, tmp_path / "back.db", nothing)
    assert content(tmp_path / "back.db") == content(counted)


def test_where_nothing_was_counted_there_is_nothing_to_copy(
    postgresql_store: PostgresqlAddress, tmp_path: Path
) -> None:
    for source, target in (
        (tmp_path / "none.db", postgresql_store),
        (postgresql_store, tmp_path / "copy.db"),
    ):
        with pytest.raises(StoreEmpty):
            copy_rows(source, target, nothing)
    assert not (tmp_path / "copy.db").exists()
