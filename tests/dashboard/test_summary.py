"""Totals, hours and reasons, of which only what changed is read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from counted_store import CountedStore, wall_s
from sfcrime.dashboard.memory.summary import Summary, SummaryReader
from sfcrime.errors import StoreUnavailable
from sfcrime.store.reader import StoreReader, open_reader

NINE, TEN = "2018-10-02T09:00", "2018-10-02T10:00"


@pytest.fixture
def store(tmp_path: Path) -> CountedStore:
    return CountedStore(tmp_path / "sfcrime.db")


def read(store: CountedStore, summaries: SummaryReader) -> Summary:
    with open_reader(store.path) as reader:
        return summaries.read(reader, reader.generation(), reader.totals())


def test_quarter_hours_become_hours_and_change_where_a_batch_changed_them(tmp_path: Path) -> None:
    summaries = SummaryReader()
    with CountedStore(tmp_path / "db", window_minutes=15) as store:
        store.count([(NINE, "Drugs", "HAN", 3), ("2018-10-02T09:45", "Drugs", "HAN", 2)])
        assert read(store, summaries).hours.calls.tolist() == [5]
        store.count([("2018-10-02T09:45", "Drugs", "CIT", 1), ("2018-10-02T08:30", "", "HAN", 4)])
        found = read(store, summaries)
    assert found.hours.first_s == wall_s("2018-10-02T08:00")
    assert found.hours.calls.tolist() == [4, 6]


def test_only_windows_that_changed_are_read(
    store: CountedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    summaries, asked = SummaryReader(), list[int | None]()
    windows = StoreReader.window_totals

    def noted(reader: StoreReader, changed_after: int | None = None) -> object:
        asked.append(changed_after)
        return windows(reader, changed_after)

    monkeypatch.setattr(StoreReader, "window_totals", noted)
    for _ in range(3):
        store.count([(NINE, "Drugs", "HAN", 3)])
        read(store, summaries)
    read(store, summaries)
    assert asked == [None, 0, 1]


def change_store(store: CountedStore, statement: str) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute(statement)
        connection.commit()


def test_windows_that_do_not_add_up_to_the_counted_calls_are_refused(store: CountedStore) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    change_store(store, "UPDATE window_total SET calls = 9")
    with pytest.raises(StoreUnavailable, match="hold 9 calls, its totals state 3"):
        read(store, SummaryReader())


def test_windows_that_no_longer_add_up_are_read_anew(store: CountedStore) -> None:
    summaries = SummaryReader()
    store.count([(NINE, "Drugs", "HAN", 3), (TEN, "Drugs", "HAN", 5)])
    read(store, summaries)
    store.count([(NINE, "Drugs", "HAN", 1)])
    # As if the window had been changed by a batch that it does not name.
    change_store(store, "UPDATE window_total SET batch_id = 0")
    assert read(store, summaries).hours.calls.tolist() == [4, 5]


def test_reasons_are_those_of_all_records_whose_rows_were_dropped_too(tmp_path: Path) -> None:
    summaries = SummaryReader()
    with CountedStore(tmp_path / "db", rejected_rows=2) as store:
        store.count([(NINE, "Drugs", "HAN", 3)], rejected=["not-json", "no-value", "not-json"])
        assert read(store, summaries).rejected_by_reason == {"not-json": 2, "no-value": 1}
        store.count([], rejected=["no-value", "too-large"])
        store.count([(NINE, "Drugs", "HAN", 1)])
        found = read(store, summaries)
    assert found.rejected_by_reason == {"not-json": 2, "no-value": 2, "too-large": 1}
