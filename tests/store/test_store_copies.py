"""A copy of a store in use is one moment of it, in one file, and is proved whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from errno import ENOSPC
from pathlib import Path
from typing import Any

import pytest

from counted_store import CountedStore
from sfcrime.errors import StoreEmpty, StoreUnavailable
from sfcrime.store import sqlite
from sfcrime.store.copying import copy_store
from sfcrime.store.reader import open_reader
from sfcrime.store.soundness import store_problems
from sfcrime.store.writer import open_writer

NINE = "2018-10-02T09:00"


def test_a_copy_holds_one_batch_or_another_whatever_is_committed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_PAGES_A_STEP", 4)
    steps: list[tuple[int, int]] = []
    with CountedStore(tmp_path / "sfcrime.db") as store:
        store.count([(NINE, "Passing Call", "HAN", 5)])

        def commit_another(left: int, due: int) -> None:
            steps.append((left, due))
            assert len(steps) < 100, "it begins again with each commit"
            store.count([(NINE, f"Type {len(steps)}", "HAN", 1)])

        copy_store(store.path, tmp_path / "copy.db", commit_another)

    assert len(steps) > 5
    assert [left for left, _ in steps] == sorted({left for left, _ in steps}, reverse=True)
    assert sorted(each.name for each in tmp_path.glob("copy*")) == ["copy.db"]
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600
    with open_reader(tmp_path / "copy.db") as reader:
        assert [cell.calls for cell in reader.cells()] == [5]
        assert reader.totals().batches == 1
    with open_writer(tmp_path / "copy.db", history_rows=10) as writer:
        assert writer.partition_ends() == {0: 5}


def test_a_store_that_does_not_add_up_is_not_copied(tmp_path: Path) -> None:
    with CountedStore(tmp_path / "sfcrime.db") as store:
        store.count([(NINE, "Passing Call", "HAN", 5)])
    with closing(sqlite3.connect(tmp_path / "sfcrime.db")) as connection, connection:
        connection.execute("UPDATE cell SET calls = 4")

    with pytest.raises(StoreUnavailable, match="states 5 counted calls in cells, and holds 4"):
        copy_store(tmp_path / "sfcrime.db", tmp_path / "copy.db", lambda *_: None)


def test_without_a_store_there_is_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(StoreEmpty):
        copy_store(tmp_path / "sfcrime.db", tmp_path / "copy.db", lambda *_: None)

    assert not (tmp_path / "copy.db").exists()


def test_a_full_disk_is_the_copy_s_and_not_the_store_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with CountedStore(tmp_path / "sfcrime.db") as store:
        store.count([(NINE, "Passing Call", "HAN", 5)])
    connect = sqlite3.connect

    def connect_to_small_disk(path: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(path, **options)
        if path == tmp_path / "copy.db":
            connection.execute("PRAGMA max_page_count = 3")
        return connection

    monkeypatch.setattr(sqlite.sqlite3, "connect", connect_to_small_disk)
    with pytest.raises(OSError, match="No space left on device") as failed:
        copy_store(tmp_path / "sfcrime.db", tmp_path / "copy.db", lambda *_: None)

    assert failed.value.errno == ENOSPC
    assert store_problems(tmp_path / "sfcrime.db") == []
