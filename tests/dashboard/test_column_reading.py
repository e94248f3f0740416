"""Columns read from a store and renewed batch by batch, compared with all of its cells."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from counted_store import Cell, CountedStore, wall_s
from sfcrime.dashboard.memory.changes import Change
from sfcrime.dashboard.memory.column_reading import ColumnReader, Renewed, Stopped
from sfcrime.dashboard.memory.columns import CellColumns
from sfcrime.errors import StoreUnavailable
from sfcrime.store.reader import open_reader

NINE, TEN = "2018-10-02T09:00", "2018-10-02T10:00"


@pytest.fixture
def store(tmp_path: Path) -> CountedStore:
    return CountedStore(tmp_path / "sfcrime.db")


def cells_in(columns: CellColumns) -> dict[tuple[int, str, str], int]:
    found = {}
    for chunk in columns.chunks.values():
        cells = chunk.cells()
        rows = (cells.windows, cells.labels, cells.dispositions, cells.calls)
        for window, label, code, calls in zip(*(each.tolist() for each in rows), strict=True):
            found[window, columns.types.labels[label], columns.dispositions[code]] = calls
    return found


def read(store: CountedStore, reader: ColumnReader) -> CellColumns:
    with open_reader(store.path) as opened:
        return reader.read(opened)


def renewed(store: CountedStore, reader: ColumnReader, old: CellColumns) -> Renewed | None:
    with open_reader(store.path) as opened:
        changed = list(opened.window_totals(changed_after=old.totals.last_batch_id))
        return reader.renew(opened, opened.totals(), old, changed)


def test_all_cells_of_a_store_are_read(store: CountedStore) -> None:
    store.count([(NINE, "Drugs", "HAN", 3), (NINE, "Drugs", "", 1), (TEN, "22500e", "CIT", 2)])
    store.count([(NINE, "Drugs", "HAN", 4), ("2016-02-29T23:00", "Drugs", "HAN", 1)])
    columns = read(store, ColumnReader())
    assert cells_in(columns) == {
        (wall_s(NINE), "Drugs", "HAN"): 7,
        (wall_s(NINE), "Drugs", ""): 1,
        (wall_s(TEN), "22500e", "CIT"): 2,
        (wall_s("2016-02-29T23:00"), "Drugs", "HAN"): 1,
    }
    assert columns.totals.last_batch_id == 1
    assert columns.calls == columns.totals.accounting.counted == 11


def test_a_store_without_calls_has_no_columns(store: CountedStore) -> None:
    columns = read(store, ColumnReader())
    assert columns.calls == 0
    assert columns.by_hour(0, 7200).tolist() == [0, 0]
    assert columns.by_label(0, 7200).tolist() == []
    assert columns.by_label_and_disposition(0, 7200).calls.tolist() == []


def test_a_batch_renews_what_it_changed(store: CountedStore) -> None:
    store.count([(NINE, "Drugs", "HAN", 3), (TEN, "22500e", "CIT", 2)])
    reader = ColumnReader()
    old = read(store, reader)
    store.count([(NINE, "Drugs", "HAN", 4), (NINE, "Never seen", "OTS", 1)])
    found = renewed(store, reader, old)
    assert found is not None
    assert cells_in(found.columns) == {
        (wall_s(NINE), "Drugs", "HAN"): 7,
        (wall_s(NINE), "Never seen", "OTS"): 1,
        (wall_s(TEN), "22500e", "CIT"): 2,
    }
    assert found.columns.totals.last_batch_id == 1
    assert [replace(each, committed_ms=0) for each in found.changes.newest] == [
        Change(1, 0, wall_s(NINE), "Drugs", "Drugs", "HAN", 4, 7),
        Change(1, 0, wall_s(NINE), "Never seen", "Never seen", "OTS", 1, 1),
    ]


def test_the_columns_that_were_renewed_stay_as_they_were(store: CountedStore) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    reader = ColumnReader()
    old = read(store, reader)
    store.count([(NINE, "Drugs", "HAN", 4), (NINE, "Never seen", "OTS", 1)])
    renewed(store, reader, old)
    assert cells_in(old) == {(wall_s(NINE), "Drugs", "HAN"): 3}
    assert old.by_label(0, 2**33).tolist() == [3]


def test_changes_of_several_batches_name_the_batch_and_its_commit(store: CountedStore) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    reader = ColumnReader()
    old = read(store, reader)
    store.count([(NINE, "Drugs", "HAN", 1)])
    store.count([(TEN, "Drugs", "HAN", 5)])
    with open_reader(store.path) as opened:
        committed = {each.batch_id: each.committed_ms for each in opened.ledger_rows(3)}
    found = renewed(store, reader, old)
    assert found is not None
    assert found.changes.newest == (
        Change(2, committed[2], wall_s(TEN), "Drugs", "Drugs", "HAN", 5, 5),
        Change(1, committed[1], wall_s(NINE), "Drugs", "Drugs", "HAN", 1, 4),
    )


@pytest.mark.parametrize("window_minutes", [60, 15, 1])
def test_any_batches_lead_to_the_cells_of_the_store(tmp_path: Path, window_minutes: int) -> None:
    chance = random.Random(window_minutes)
    reader, columns = ColumnReader(), None
    expected: Counter[tuple[int, str, str]] = Counter()
    with CountedStore(tmp_path / "db", window_minutes=window_minutes) as store:
        for _ in range(12):
            batch: list[Cell] = []
            for _ in range(chance.choice((1, 40, 200))):
                day, hour = chance.randrange(1, 29), chance.randrange(24)
                minute = chance.randrange(60 // window_minutes) * window_minutes
                window = f"2018-{chance.choice((1, 2, 9)):02}-{day:02}T{hour:02}:{minute:02}"
                label = chance.choice(("Drugs", "22500e", "917", "new " + window))
                batch.append((window, label, chance.choice(("HAN", "CIT")), chance.randrange(1, 9)))
            for window, label, code, calls in batch:
                expected[wall_s(window), label, code] += calls
            store.count(batch)
            if columns is None:
                columns = read(store, reader)
            elif chance.random() < 0.7:
                found = renewed(store, reader, columns)
                assert found is not None
                columns = found.columns
                assert cells_in(columns) == dict(expected)
    assert columns is not None


def test_only_changed_windows_and_those_close_between_are_read(store: CountedStore) -> None:
    hours = [f"2018-10-{day:02}T{hour:02}:00" for day in range(1, 29) for hour in range(24)]
    store.count([(hour, "Drugs", "HAN", 1) for hour in hours])
    reader = ColumnReader()
    old = read(store, reader)
    store.count([(hours[each], "Drugs", "HAN", 1) for each in (0, 13, 27, 500)])
    asked = []
    with open_reader(store.path) as opened:
        changed = list(opened.window_totals(changed_after=0))
        cells = opened.numbered_cells

        def noted(since_s: int, until_s: int) -> object:
            asked.append(((since_s - wall_s(hours[0])) // 3600, (until_s - since_s) // 3600))
            return cells(since_s, until_s)

        opened.numbered_cells = noted  # type: ignore[method-assign, assignment]
        assert reader.renew(opened, opened.totals(), old, changed) is not None
    assert asked == [(0, 14), (27, 1), (500, 1)]


def damage(store: CountedStore) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("UPDATE cell SET calls = calls + 1")
        connection.commit()


def test_cells_that_do_not_add_up_to_the_counted_calls_are_refused(store: CountedStore) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    damage(store)
    with pytest.raises(StoreUnavailable, match="hold 4 calls, its totals state 3"):
        read(store, ColumnReader())


def test_a_renewal_that_does_not_add_up_asks_for_everything(store: CountedStore) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    reader = ColumnReader()
    old = read(store, reader)
    store.count([(NINE, "Drugs", "HAN", 3)])
    damage(store)
    assert renewed(store, reader, old) is None


def test_a_read_that_nobody_waits_for_ends(store: CountedStore) -> None:
    store.count([(NINE, "Drugs", "HAN", 3)])
    with pytest.raises(Stopped):
        read(store, ColumnReader(lambda: True))
