"""The total of each window is kept with its cells, and says which batch changed it last."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from cell_samples import cells_of
from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import StoreUnavailable
from sfcrime.store import generations
from sfcrime.store.outcome import BatchOutcome
from sfcrime.store.reader import open_reader
from sfcrime.store.records import CellCount, PartitionRange
from sfcrime.store.writer import StoreWriter, open_writer
from store_samples import FIRST, GENERATION, NINE_US, SECOND, identities

NINE_S = 1_538_470_800
TEN_S = 1_538_474_400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sfcrime.db"


@pytest.fixture
def writer(path: Path) -> Iterator[StoreWriter]:
    with open_writer(path, history_rows=100) as opened:
        opened.create_generation(GENERATION)
        opened.commit_batch(FIRST)
        yield opened


def _totals(path: Path, changed_after: int | None = None) -> list[tuple[int, int, int]]:
    with open_reader(path) as reader:
        return [tuple(each) for each in reader.window_totals(changed_after)]


def test_a_window_has_the_calls_of_all_its_cells(path: Path, writer: StoreWriter) -> None:
    assert _totals(path) == [(NINE_S, 5, 0), (TEN_S, 2, 0)]
    writer.commit_batch(SECOND)
    assert _totals(path) == [(NINE_S, 5, 0), (TEN_S, 5, 1)]


def test_only_windows_that_later_batches_changed_are_given(path: Path, writer: StoreWriter) -> None:
    writer.commit_batch(SECOND)
    assert _totals(path, changed_after=-1) == [(NINE_S, 5, 0), (TEN_S, 5, 1)]
    assert _totals(path, changed_after=0) == [(TEN_S, 5, 1)]
    assert _totals(path, changed_after=1) == []


def test_what_changed_is_found_by_an_index(path: Path, writer: StoreWriter) -> None:
    with closing(sqlite3.connect(path)) as store:
        plan = store.execute(
            "EXPLAIN QUERY PLAN SELECT window_s, calls, batch_id FROM window_total "
            "WHERE generation_id = 1 AND batch_id > 0"
        ).fetchall()
    assert "USING INDEX window_total_by_batch" in plan[0][3]


def test_a_batch_that_is_rolled_back_leaves_the_windows_as_they_were(
    path: Path, writer: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreUnavailable("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("sfcrime.store.batches.add_to_totals", full)
        with pytest.raises(StoreUnavailable):
            writer.commit_batch(SECOND)
    assert _totals(path) == [(NINE_S, 5, 0), (TEN_S, 2, 0)]


def test_many_windows_of_one_batch_are_added_exactly(path: Path, writer: StoreWriter) -> None:
    """In no order, several cells each, some twice."""
    cells = [
        CellCount(NINE_US + (number * 7 % 300) * 3_600_000_000, f"Type {number % 4}", "HAN", 2)
        for number in range(1200)
    ]
    writer.commit_batch(_batch_of(cells, 2400))
    found = _totals(path)
    assert found[0] == (NINE_S, 5 + 8, 1)
    assert found[1] == (TEN_S, 2 + 8, 1)
    assert found[2:] == [(NINE_S + hour * 3600, 8, 1) for hour in range(2, 300)]


def _batch_of(cells: list[CellCount], calls: int) -> BatchOutcome:
    return replace(
        SECOND,
        cells=cells_of(cells),
        rejected=[],
        ranges=[PartitionRange(0, 7, 7 + calls, counted=calls)],
        accounting=Accounting(calls, calls),
        identities=identities(100, 100 + calls),
    )


def test_generations_have_windows_of_their_own(path: Path, writer: StoreWriter) -> None:
    writer.create_generation(replace(GENERATION, lateness_s=None), pending=True)
    writer.commit_batch(FIRST)
    writer.commit_batch(SECOND)
    assert _totals(path) == [(NINE_S, 5, 0), (TEN_S, 2, 0)]
    writer.make_current()
    assert _totals(path) == [(NINE_S, 5, 0), (TEN_S, 5, 1)]


def test_the_windows_of_a_forgotten_generation_go_bit_by_bit(
    path: Path, writer: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generations, "ROWS_FORGOTTEN_AT_ONCE", 1)
    writer.create_generation(replace(GENERATION, lateness_s=None))
    writer.make_current()
    left: list[int] = []
    forget_some = generations.forget_some

    def looked_at(*arguments: object) -> bool:
        more = forget_some(*arguments)  # type: ignore[arg-type]
        left.append(arguments[0].exec_driver_sql(  # type: ignore[attr-defined]
            "SELECT count(*) FROM window_total WHERE generation_id = 1"
        ).scalar_one())  # fmt: skip
        return more

    monkeypatch.setattr(generations, "forget_some", looked_at)
    writer.forget_unseen()
    assert sorted(set(left), reverse=True) == [2, 1, 0]


@pytest.mark.parametrize(
    "damage, held",
    [
        ("DELETE FROM window_total WHERE window_s = 1538474400", 5),
        ("UPDATE window_total SET calls = 3 WHERE window_s = 1538474400", 8),
    ],
)
def test_windows_that_do_not_come_to_what_was_counted_are_refused(
    path: Path, writer: StoreWriter, damage: str, held: int
) -> None:
    writer.close()
    with closing(sqlite3.connect(path)) as store, store:
        store.execute(damage)
    with pytest.raises(StoreUnavailable) as refused:
        open_writer(path, history_rows=100)
    assert f"it states 7 counted calls in windows, and holds {held}" in refused.value.happened
