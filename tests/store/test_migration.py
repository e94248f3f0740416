"""A store of schema version 4 is brought up in one transaction, or stays as it was.

`version_4.sql` is the dump of a store that was made by version 4: the samples' two batches.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from sfcrime.errors import FingerprintChanged, StoreUnavailable
from sfcrime.pipeline.rebuilding import of_stored_topic
from sfcrime.settings import Settings
from sfcrime.store.reader import open_reader
from sfcrime.store.versions import set_aside_other_version
from sfcrime.store.writer import open_writer
from sfcrime.streaming.generation_choice import require_stored_fits
from store_samples import FIRST, GENERATION, SECOND

DUMP = (Path(__file__).parent / "version_4.sql").read_text(encoding="utf-8")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store that version 4 made and closed."""
    path = tmp_path / "sfcrime.db"
    with closing(sqlite3.connect(path)) as store:
        store.executescript(DUMP)
    return path


def _everything(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as store:
        return list(store.iterdump())


def _asked(path: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as store:
        return store.execute(query).fetchall()


def _tables(path: Path) -> dict[str, str]:
    """The statement that makes each table and index, in one line without blanks."""
    found = _asked(path, "SELECT name, sql FROM sqlite_master WHERE sql NOT NULL")
    return {str(name): "".join(str(sql).split()) for name, sql in found}


def test_a_store_of_version_4_gets_the_tables_of_a_store_made_anew(
    path: Path, tmp_path: Path
) -> None:
    open_writer(path, history_rows=10).close()
    open_writer(tmp_path / "anew.db", history_rows=10).close()
    assert _asked(path, "SELECT version FROM schema_version") == [(5,)]
    assert _tables(path) == _tables(tmp_path / "anew.db")


def test_a_store_of_version_4_keeps_its_numbers_and_goes_on(path: Path) -> None:
    with open_writer(path, history_rows=10) as writer:
        assert writer.generation() == GENERATION
        assert writer.last_batch_id() == 1
    with open_reader(path) as reader:
        assert sum(cell.calls for cell in reader.cells()) == 10
        assert [(*each[:6], each.leader_epoch) for each in reader.partition_ledger()] == [
            (0, 0, 11, 7, 1, 2, -1),
            (1, 10, 15, 3, 0, 1, -1),
        ]
        assert list(reader.rejected()) == [*FIRST.rejected[1:], *SECOND.rejected, FIRST.rejected[0]]
        assert list(reader.late()) == FIRST.late
        assert reader.set_aside_sums() == [
            (0, "bad-call-id", 1, 0, 0),
            (0, "late", 1, 0, 0),
            (0, "not-json", 1, 0, 0),
            (1, "not-json", 1, 0, 0),
        ]


def test_readers_refuse_a_store_of_version_4_and_say_who_brings_it_up(path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="schema version 4") as refused, open_reader(path):
        pass
    assert "sfcrime run" in refused.value.next_step
    assert "rebuild" not in refused.value.next_step


def test_a_run_and_a_rebuild_read_what_version_4_counted(path: Path, tmp_path: Path) -> None:
    settings = Settings().in_folder(tmp_path)
    require_stored_fits(settings)
    with pytest.raises(FingerprintChanged, match="topic"):
        require_stored_fits(settings.of_topic("other"))
    assert of_stored_topic(settings.of_topic("other")) == settings
    assert _asked(path, "SELECT version FROM schema_version") == [(4,)]


def test_a_rebuild_does_not_put_a_store_of_version_4_aside(path: Path) -> None:
    assert set_aside_other_version(path) is None
    assert path.is_file()


def test_a_damaged_store_of_version_4_is_refused_and_stays_one(path: Path) -> None:
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("DELETE FROM rejected WHERE partition = 1")
    before = _everything(path)
    with pytest.raises(StoreUnavailable, match="states 1 kept rejected records of partition 1"):
        open_writer(path, history_rows=10)
    assert _everything(path) == before


def test_an_older_store_is_refused_by_name(path: Path) -> None:
    with closing(sqlite3.connect(path)) as store, store:
        store.execute("UPDATE schema_version SET version = 3")
    with pytest.raises(StoreUnavailable, match="schema version 3") as refused:
        open_writer(path, history_rows=10)
    assert "sfcrime rebuild" in refused.value.next_step


_KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import Engine, event
from sfcrime.store.writer import open_writer

left = int(sys.argv[2])

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def count(connection, cursor, statement, *_):
    global left
    left -= statement.startswith(("ALTER", "CREATE", "INSERT", "UPDATE"))
    if left == 0:
        die()

event.listen(Engine, "after_cursor_execute" if left else "commit", count if left else die)
open_writer(Path(sys.argv[1]), history_rows=10)
"""


@pytest.mark.parametrize(
    "after", [pytest.param(1, id="its first statement"), 2, 3, pytest.param(0, id="all of them")]
)
def test_a_migration_that_is_killed_leaves_the_store_as_it_was(after: int, path: Path) -> None:
    before = _everything(path)
    child = subprocess.run(
        [sys.executable, "-c", _KILLED, str(path), str(after)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert child.returncode == -signal.SIGKILL
    assert _everything(path) == before
    open_writer(path, history_rows=10).close()
    assert _asked(path, "SELECT version FROM schema_version") == [(5,)]
