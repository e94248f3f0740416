"""Readers see one snapshot, cannot write, and are stopped when they take too long."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import StoreUnavailable
from sfcrime.store import sqlite
from sfcrime.store.reader import StoreReader, open_reader
from sfcrime.store.records import Grouping
from sfcrime.store.writer import open_writer
from store_samples import (
    FIRST,
    GENERATION,
    HOUR_US,
    NINE_US,
    SECOND,
    TEN_US,
    may_begin_again,
    progress_of,
    statements,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store = tmp_path / "a folder?#%20" / "sfcrime.db"
    with open_writer(store, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
        writer.commit_batch(SECOND)
    return store


@pytest.fixture
def reader(path: Path) -> Iterator[StoreReader]:
    with open_reader(path) as opened:
        yield opened


def test_no_store_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="sfcrime run"), open_reader(tmp_path / "none.db"):
        pass
    assert not (tmp_path / "none.db").exists()


def test_an_empty_store_says_so(tmp_path: Path) -> None:
    open_writer(tmp_path / "new.db", history_rows=100).close()
    with (
        pytest.raises(StoreUnavailable, match=r"holds nothing yet.*\n.*sfcrime run"),
        open_reader(tmp_path / "new.db"),
    ):
        pass


def test_cells_come_in_order_of_window_type_and_disposition(reader: StoreReader) -> None:
    assert list(reader.cells()) == [
        (NINE_US, "Passing Call", "22", 1),
        (NINE_US, "Passing Call", "HAN", 1),
        (NINE_US, "Traf Violation Cite", "CIT", 3),
        (TEN_US, "Noise Nuisance", "OTS", 2),
        (TEN_US, "Passing Call", "HAN", 3),
    ]


def test_since_is_inclusive_and_until_exclusive(reader: StoreReader) -> None:
    assert {cell.window_us for cell in reader.cells(since_us=TEN_US)} == {TEN_US}
    assert {cell.window_us for cell in reader.cells(until_us=TEN_US)} == {NINE_US}
    assert {cell.window_us for cell in reader.cells(NINE_US, TEN_US + 1)} == {NINE_US, TEN_US}
    assert list(reader.cells(since_us=TEN_US + 1)) == []


def test_calls_are_grouped_over_the_whole_span(reader: StoreReader) -> None:
    assert sorted(reader.calls_by(Grouping(windows=False))) == [
        (0, "Noise Nuisance", "OTS", 2),
        (0, "Passing Call", "22", 1),
        (0, "Passing Call", "HAN", 4),
        (0, "Traf Violation Cite", "CIT", 3),
    ]
    assert sorted(reader.calls_by(Grouping(windows=False), until_us=TEN_US)) == [
        (0, "Passing Call", "22", 1),
        (0, "Passing Call", "HAN", 1),
        (0, "Traf Violation Cite", "CIT", 3),
    ]


def test_calls_are_grouped_by_window_or_by_wider_windows(reader: StoreReader) -> None:
    assert sorted(reader.calls_by(Grouping())) == sorted(reader.cells())
    day_us = 1_538_438_400_000_000  # 2018-10-02T00:00:00, a Tuesday
    assert sorted(reader.calls_by(Grouping(width_s=86_400)))[2] == (
        day_us,
        "Passing Call",
        "HAN",
        4,
    )
    week = reader.calls_by(Grouping(width_s=604_800, origin_s=-3 * 86_400))
    assert {cell.window_us for cell in week} == {1_538_352_000_000_000}  # Monday 2018-10-01


def test_calls_are_grouped_without_their_types(reader: StoreReader) -> None:
    with statements() as sent:
        assert sorted(reader.calls_by(Grouping(windows=False, types=False))) == [
            (0, "", "22", 1),
            (0, "", "CIT", 3),
            (0, "", "HAN", 4),
            (0, "", "OTS", 2),
        ]
        assert sorted(reader.calls_by(Grouping(types=False), since_us=TEN_US)) == [
            (TEN_US, "", "HAN", 3),
            (TEN_US, "", "OTS", 2),
        ]
    assert not [each for each in sent if "FROM call_type" in each]


def test_the_largest_cells_of_the_newest_windows_come_first(reader: StoreReader) -> None:
    assert reader.largest_cells(windows=1, most=9) == (
        [(TEN_US, "Passing Call", "", 3), (TEN_US, "Noise Nuisance", "", 2)],
        0,
    )
    newest_two = reader.largest_cells(windows=2, most=9)
    assert {cell.window_us for cell in newest_two.cells} == {NINE_US, TEN_US}
    assert sum(cell.calls for cell in reader.largest_cells(windows=50, most=9).cells) == 10


@pytest.mark.parametrize(("most", "left_out"), [(5, 0), (4, 1), (3, 2), (2, 4)])
def test_no_more_cells_are_read_than_asked_for_and_the_calls_of_the_others_are_told(
    reader: StoreReader, most: int, left_out: int
) -> None:
    found = reader.largest_cells(windows=2, most=most)
    assert [cell.calls for cell in found.cells] == [3, 3, 2, 1, 1][:most]
    assert found.left_out == left_out


def test_only_the_labels_of_the_cells_that_are_shown_are_read(reader: StoreReader) -> None:
    with statements() as sent:
        reader.largest_cells(windows=1, most=1)
    (labels,) = [each for each in sent if "FROM call_type" in each]
    assert labels.endswith("WHERE call_type.id IN (?)")


def test_a_store_without_cells_has_no_largest_ones(tmp_path: Path) -> None:
    with open_writer(tmp_path / "sfcrime.db", history_rows=100) as writer:
        writer.create_generation(GENERATION)
    with open_reader(tmp_path / "sfcrime.db") as reader:
        assert reader.largest_cells(windows=2, most=9) == ([], 0)


def test_rejected_and_late_records_are_filtered_and_bounded(reader: StoreReader) -> None:
    assert list(reader.rejected()) == [
        (0, 4, "bad-call-id"),
        (0, 10, "not-json"),
        (1, 12, "not-json"),
    ]
    assert list(reader.rejected(limit=1)) == [(0, 4, "bad-call-id")]
    assert list(reader.rejected(reason="not-json", partition=1)) == [(1, 12, "not-json")]
    assert reader.rejected_kept().by_reason == {"bad-call-id": 1, "not-json": 2}
    assert list(reader.late(partition=1)) == []
    assert list(reader.late(limit=5)) == [(0, 5, NINE_US - 192 * HOUR_US, 1_538_500_000_000)]


def test_ledger_rows_come_newest_first(reader: StoreReader) -> None:
    newest, oldest = reader.ledger_rows(limit=5)
    assert (newest.batch_id, newest.accounting) == (1, Accounting(read=4, counted=3, rejected=1))
    assert oldest.batch_id == 0
    assert [row.batch_id for row in reader.ledger_rows(limit=1)] == [1]


def test_one_reader_sees_one_snapshot_while_the_writer_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "sfcrime.db"
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
        with open_reader(path) as reader:
            writer.commit_batch(SECOND)
            assert reader.totals().accounting.counted == 7
            assert sum(cell.calls for cell in reader.cells()) == 7
            assert len(list(reader.rejected())) == 2
        with open_reader(path) as reader:
            assert reader.totals().accounting.counted == 10


def test_a_copied_snapshot_holds_nothing_of_the_store(tmp_path: Path) -> None:
    path = tmp_path / "sfcrime.db"
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(GENERATION)
        writer.commit_batch(FIRST)
        with open_reader(path, copied=True) as reader:
            writer.commit_batch(SECOND)
            assert may_begin_again(path)
            assert reader.totals().accounting.counted == 7
            assert sum(cell.calls for cell in reader.cells()) == 7
        with open_reader(path) as reader:
            assert reader.totals().accounting.counted == 10
            writer.record_progress(progress_of(0))
            assert not may_begin_again(path)  # the check does find a snapshot that is held
    assert [each.name for each in tmp_path.iterdir()] == ["sfcrime.db"]


def test_a_copy_for_which_there_is_no_room_is_refused_by_name(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def small(database: str, **given: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(database, **given)
        if not database:
            connection.execute("PRAGMA max_page_count = 2")
        return connection

    monkeypatch.setattr(sqlite3, "connect", small)
    with (
        pytest.raises(StoreUnavailable, match=r"database or disk is full\.(.*\n)*.*TMPDIR"),
        open_reader(path, copied=True),
    ):
        pass


def test_a_reader_cannot_write(path: Path) -> None:
    engine = sqlite.open_for_reading(path, sqlite.ReadClock(10))
    with (
        pytest.raises(StoreUnavailable, match=r"readonly|read-only"),
        sqlite.translated(path),
        engine.begin() as connection,
    ):
        connection.execute(text("DELETE FROM cell"))


def test_a_store_that_is_cut_short_under_a_reader_is_an_error_and_not_the_end_of_the_process(
    path: Path,
) -> None:
    # Reading a mapped file that was cut short ends the process, so the tests as well.
    engine = sqlite.open_for_reading(path, sqlite.ReadClock(10))
    with engine.begin() as connection:
        assert connection.scalar(text("PRAGMA mmap_size")) in (0, None)
    with pytest.raises(StoreUnavailable), open_reader(path) as reader:
        path.write_bytes(b"")
        list(reader.cells())


def test_a_read_that_works_too_long_is_stopped_by_name(tmp_path: Path) -> None:
    path = tmp_path / "sfcrime.db"
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(GENERATION)
    connection = sqlite3.connect(path)
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) "
        "INSERT INTO cell SELECT 1, 3600 * i, i % 100, i % 7, 1 FROM n"
    )
    connection.commit()
    connection.close()
    with pytest.raises(StoreUnavailable, match="--since"), open_reader(path, limit_s=0) as reader:
        reader.calls_by(Grouping(windows=False))


def test_an_error_of_the_caller_passes_a_reader_unchanged(path: Path) -> None:
    with pytest.raises(BrokenPipeError), open_reader(path):
        raise BrokenPipeError


def test_cells_come_with_numbers_in_the_order_of_windows(reader: StoreReader) -> None:
    types, codes = reader.call_type_texts({1, 2, 3, 99}), reader.disposition_texts({1, 2, 3, 4})
    pages = list(reader.numbered_cells())
    assert [
        (window_s, types[type_id], codes[code_id], calls)
        for page in pages
        for window_s, type_id, code_id, calls in page
    ] == [
        (1_538_470_800, "Traf Violation Cite", "CIT", 3),
        (1_538_470_800, "Passing Call", "HAN", 1),
        (1_538_470_800, "Passing Call", "22", 1),
        (1_538_474_400, "Passing Call", "HAN", 3),
        (1_538_474_400, "Noise Nuisance", "OTS", 2),
    ]


def test_numbered_cells_come_page_by_page(
    reader: StoreReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfcrime.store.snapshot._FETCHED_TUPLES", 2)
    pages = list(reader.numbered_cells())
    assert [len(page) for page in pages] == [2, 2, 1]


@pytest.mark.parametrize(
    "since_s, until_s, calls",
    [
        (None, None, 10),
        (1_538_470_800, 1_538_474_400, 5),
        (1_538_470_801, None, 5),
        (None, 1_538_470_800, 0),
        (1_538_474_400, 1_538_474_401, 5),
    ],
)
def test_numbered_cells_are_bounded_by_the_start_of_their_window(
    reader: StoreReader, since_s: int | None, until_s: int | None, calls: int
) -> None:
    found = reader.numbered_cells(since_s, until_s)
    assert sum(row[3] for page in found for row in page) == calls


def test_records_set_aside_are_read_on_after_a_place(reader: StoreReader) -> None:
    assert list(reader.rejected()) == [
        (0, 4, "bad-call-id"),
        (0, 10, "not-json"),
        (1, 12, "not-json"),
    ]
    assert list(reader.rejected(after=(0, 4))) == [(0, 10, "not-json"), (1, 12, "not-json")]
    assert list(reader.rejected(1, "not-json", after=(0, 10))) == [(1, 12, "not-json")]
    assert list(reader.rejected(after=(1, 12))) == []
    assert len(list(reader.late(after=(0, 4)))) == 1
    assert list(reader.late(after=(0, 5))) == []


def test_the_number_of_the_generation_is_known(reader: StoreReader) -> None:
    assert reader.number == 1
