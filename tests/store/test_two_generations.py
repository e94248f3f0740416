"""Two generations in one store: readers see one, and one row swaps them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from sfcrime.errors import Refused, StoreUnavailable
from sfcrime.store.generations import forget_some
from sfcrime.store.labels import Labels
from sfcrime.store.reader import open_reader
from sfcrime.store.records import Generation
from sfcrime.store.versions import set_aside_other_version
from sfcrime.store.writer import StoreWriter, open_writer
from store_samples import FIRST, GENERATION, SECOND, progress_of

ANEW = replace(GENERATION, lateness_s=86_400)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sfcrime.db"


@pytest.fixture
def writer(path: Path) -> Iterator[StoreWriter]:
    """A store whose readers see two batches, while a second generation holds one."""
    with open_writer(path, history_rows=100) as opened:
        opened.create_generation(GENERATION)
        opened.commit_batch(FIRST)
        opened.commit_batch(SECOND)
        opened.create_generation(ANEW, pending=True)
        opened.commit_batch(FIRST)
        opened.record_progress(progress_of(0))
        yield opened


def _seen(path: Path) -> tuple[Generation, int, int]:
    """The generation, records read and calls in cells, as a reader sees them."""
    with open_reader(path) as reader:
        calls = sum(cell.calls for cell in reader.cells())
        return reader.generation(), reader.totals().accounting.read, calls


def _rows(path: Path, generation: int) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as store:
        tables = [
            name
            for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            if "generation_id" in [row[1] for row in store.execute(f"PRAGMA table_info({name})")]
        ]
        return {
            name: store.execute(
                f"SELECT count(*) FROM {name} WHERE generation_id = ?",  # noqa: S608
                [generation],
            ).fetchone()[0]
            for name in tables
        }


def test_readers_see_the_old_numbers_before_the_swap_and_the_new_ones_after(
    path: Path, writer: StoreWriter
) -> None:
    assert _seen(path) == (GENERATION, 15, 10)
    writer.make_current()
    assert _seen(path) == (ANEW, 11, 7)


def test_a_reader_that_was_open_at_the_swap_keeps_its_snapshot(
    path: Path, writer: StoreWriter
) -> None:
    with open_reader(path) as reader:
        assert reader.totals().accounting.read == 15
        writer.make_current()
        writer.forget_unseen()
        assert sum(cell.calls for cell in reader.cells()) == 10


def test_a_swap_changes_one_row(path: Path, writer: StoreWriter) -> None:
    with closing(sqlite3.connect(path)) as store:
        before = set(store.iterdump())
    writer.make_current()
    with closing(sqlite3.connect(path)) as store:
        after = set(store.iterdump())
    assert before - after == {'INSERT INTO "current_generation" VALUES(1,1);'}
    assert after - before == {'INSERT INTO "current_generation" VALUES(1,2);'}


def test_what_was_replaced_is_forgotten_in_every_table(path: Path, writer: StoreWriter) -> None:
    writer.make_current()
    kept = _rows(path, 2)
    writer.forget_unseen()
    assert set(_rows(path, 1).values()) == {0}
    assert _rows(path, 2) == kept
    assert kept["cell"] == 4
    assert writer.unseen_generations() == {}
    assert _seen(path) == (ANEW, 11, 7)


def test_what_was_replaced_is_forgotten_piece_by_piece(
    path: Path, writer: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfcrime.store.generations.ROWS_FORGOTTEN_AT_ONCE", 1)
    writer.make_current()
    kept = _rows(path, 2)
    writer.forget_unseen()
    assert (set(_rows(path, 1).values()), _rows(path, 2)) == ({0}, kept)


def test_what_a_killed_writer_was_forgetting_is_no_count_to_go_on_with(
    path: Path, writer: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfcrime.store.generations.ROWS_FORGOTTEN_AT_ONCE", 2)
    writer.make_current()
    with writer._transactions.one() as connection:
        assert forget_some(connection, 1)
    assert writer.unseen_generations() == {}
    writer.forget_unseen()
    assert set(_rows(path, 1).values()) == {0}


def test_what_is_being_counted_is_not_forgotten(path: Path, writer: StoreWriter) -> None:
    writer.forget_unseen()
    assert writer.generation() == ANEW
    writer.commit_batch(SECOND)
    assert _seen(path) == (GENERATION, 15, 10)


def test_a_store_that_is_opened_again_goes_on_with_what_readers_see(
    path: Path, writer: StoreWriter
) -> None:
    writer.close()
    with open_writer(path, history_rows=100) as again:
        assert again.generation() == GENERATION
        assert again.unseen_generations() == {2: ANEW}
        again.forget_unseen()
        assert again.unseen_generations() == {}
    assert _seen(path) == (GENERATION, 15, 10)


def test_a_pending_generation_is_not_seen_even_where_there_is_no_other(path: Path) -> None:
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(GENERATION, pending=True)
        writer.commit_batch(FIRST)
        with pytest.raises(StoreUnavailable, match="holds nothing yet"), open_reader(path):
            pass
        writer.make_current()
    assert _seen(path) == (GENERATION, 11, 7)


def test_labels_keep_their_numbers_when_a_generation_is_forgotten(
    path: Path, writer: StoreWriter
) -> None:
    writer.make_current()
    writer.forget_unseen()
    writer.commit_batch(SECOND)
    with open_reader(path) as reader:
        assert {cell.call_type for cell in reader.cells()} == {
            "Traf Violation Cite",
            "Passing Call",
            "Noise Nuisance",
        }


def _labels(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as store:
        return {
            text
            for (text,) in store.execute(
                "SELECT label FROM call_type UNION SELECT code FROM disposition"
            )
        }


OF_FIRST = {"Traf Violation Cite", "Passing Call", "CIT", "HAN", "22"}


@pytest.mark.parametrize("at_once", [1, 5_000])
def test_labels_that_no_cell_has_any_more_are_forgotten_with_a_generation(
    path: Path, writer: StoreWriter, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("sfcrime.store.labels.LABELS_FORGOTTEN_AT_ONCE", at_once)
    writer.make_current()
    with open_reader(path) as reader:
        writer.forget_unseen()
        assert {cell.call_type for cell in reader.cells()} >= {"Passing Call"}
    assert _labels(path) == OF_FIRST
    writer.commit_batch(SECOND)
    assert _labels(path) == OF_FIRST | {"Noise Nuisance", "OTS"}
    assert _seen(path) == (ANEW, 15, 10)


def test_labels_are_forgotten_by_the_next_call_where_one_was_killed(
    path: Path, writer: StoreWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.make_current()
    with monkeypatch.context() as patched:
        patched.setattr(Labels, "forget_unused", _killed)
        with pytest.raises(KeyboardInterrupt):
            writer.forget_unseen()
    assert _labels(path) > OF_FIRST
    writer.close()
    with open_writer(path, history_rows=100) as again:
        assert again.unseen_generations() == {}
        again.forget_unseen()
    assert _labels(path) == OF_FIRST
    assert _seen(path) == (ANEW, 11, 7)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_labels_of_a_generation_that_is_being_counted_stay(path: Path, writer: StoreWriter) -> None:
    writer.create_generation(replace(ANEW, lateness_s=None), pending=True)
    writer.commit_batch(FIRST)
    writer.commit_batch(SECOND)
    writer.forget_unseen()  # what the fixture counted second
    assert _labels(path) == OF_FIRST | {"Noise Nuisance", "OTS"}
    writer.make_current()
    assert _seen(path)[1:] == (15, 10)


def test_nothing_can_be_shown_before_there_is_a_generation(path: Path) -> None:
    with open_writer(path, history_rows=100) as writer, pytest.raises(Refused):
        writer.make_current()


def _store_of_version(path: Path, version: int, generation: Generation = GENERATION) -> None:
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(generation)
        writer.commit_batch(FIRST)
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("UPDATE schema_version SET version = ?", [version])


def test_a_store_of_another_version_names_the_command_that_mends_it(path: Path) -> None:
    _store_of_version(path, 0)
    for refused in (lambda: open_writer(path, history_rows=1), lambda: _seen(path)):
        with pytest.raises(StoreUnavailable) as error:
            refused()
        assert "schema version 0" in error.value.happened
        assert "sfcrime rebuild" in error.value.next_step


def test_a_store_of_another_version_is_kept_whole_under_another_name(path: Path) -> None:
    _store_of_version(path, 0)

    kept = set_aside_other_version(path)

    assert kept == path.with_name("sfcrime.db.version-0")
    assert [each.name for each in path.parent.iterdir()] == ["sfcrime.db.version-0"]
    with closing(sqlite3.connect(kept)) as store:
        assert store.execute("SELECT sum(calls) FROM cell").fetchone() == (7,)


def test_a_store_that_was_set_aside_is_never_overwritten(path: Path) -> None:
    path.with_name("sfcrime.db.version-0").write_text("an earlier one")
    _store_of_version(path, 0)
    with pytest.raises(StoreUnavailable, match="is there already"):
        set_aside_other_version(path)
    assert path.with_name("sfcrime.db.version-0").read_text() == "an earlier one"
    assert path.is_file()


def test_a_store_of_this_version_and_none_at_all_stay_where_they_are(path: Path) -> None:
    assert set_aside_other_version(path) is None
    assert list(path.parent.iterdir()) == []
    with open_writer(path, history_rows=100) as writer:
        writer.create_generation(GENERATION)
    assert set_aside_other_version(path) is None
    with open_reader(path) as reader:
        assert reader.generation() == GENERATION


def test_a_database_of_someone_else_is_not_set_aside(path: Path) -> None:
    with closing(sqlite3.connect(path)) as store:
        store.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(StoreUnavailable, match="no sfcrime store"):
        set_aside_other_version(path)
    assert path.is_file()
