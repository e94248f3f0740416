"""What a store in PostgreSQL does where a server, another job or a connection fails."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from cell_samples import cells_of
from postgres_server import PostgresDatabase, needs_postgres
from running import wait_until
from sfcrime.errors import (
    Refused,
    SfcrimeError,
    StoreLost,
    StoreTaken,
    StoreUnavailable,
    UsageError,
)
from sfcrime.machine.processes import descendants
from sfcrime.postgres.server import RunningServer, start_server
from sfcrime.store import postgresql, postgresql_lock, transactions
from sfcrime.store.address import PostgresqlAddress
from sfcrime.store.reader import Readers, open_reader
from sfcrime.store.records import CellCount
from sfcrime.store.soundness import store_problems
from sfcrime.store.writer import StoreWriter, open_writer
from sfcrime.store.written_state import NO_ANSWER, open_look
from store_samples import (
    FIRST,
    GENERATION,
    NINE_US,
    SECOND,
    identities,
    many_cells,
    progress_of,
)

Database = PostgresDatabase


def opened(store: PostgresqlAddress) -> StoreWriter:
    writer = open_writer(store, history_rows=100)
    if writer.generation() is None:
        writer.create_generation(GENERATION)
    return writer


@pytest.fixture
def writer(postgresql_store: PostgresqlAddress) -> Iterator[StoreWriter]:
    with opened(postgresql_store) as made:
        yield made


def end_connections(database: Database, name: str = "sfcrime %") -> int:
    """Ends the connections of programs of this name, and waits until they are gone."""
    with database.connect() as admin:
        ended = admin.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE application_name LIKE %s AND datname = current_database()",
            [name],
        ).fetchall()
    return len(ended)


def at_commit(engine: Engine, what: Callable[[], None]) -> None:
    """Does something once, after all of a transaction was sent and before its COMMIT is."""
    done = threading.Event()

    def before_commit(_: Any) -> None:
        if not done.is_set():
            done.set()
            what()

    event.listen(engine, "commit", before_commit)


def holds(store: PostgresqlAddress) -> tuple[int, int, int]:
    """Batches, counted calls, and calls in cells."""
    assert store_problems(store) == []
    with open_reader(store) as reader:
        totals = reader.totals()
        return (
            totals.batches,
            totals.accounting.counted,
            sum(each.calls for each in reader.cells()),
        )


def test_a_batch_whose_connection_ends_before_its_commit_is_written_again(
    writer: StoreWriter, postgresql_store: PostgresqlAddress, postgres_database: Database
) -> None:
    writer.commit_batch(FIRST)
    at_commit(writer._transactions._engine, lambda: _assert_ended(postgres_database))
    writer.commit_batch(SECOND)
    assert holds(postgresql_store) == (2, 10, 10)
    assert writer.first_copies(identities(10, 12)).tolist() == [False, True]


def test_a_batch_whose_connection_ends_while_cells_are_copied_is_written_again(
    writer: StoreWriter,
    postgresql_store: PostgresqlAddress,
    postgres_database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write, lost = psycopg.Copy.write, list[bool]()

    def ended(copy: psycopg.Copy[Any], data: bytes) -> None:
        if not lost:
            lost.append(True)
            _assert_ended(postgres_database)
        write(copy, data)

    monkeypatch.setattr(psycopg.Copy, "write", ended)
    writer.commit_batch(many_cells(0, range(60), range(100)))
    assert lost
    assert holds(postgresql_store) == (1, 6_000, 6_000)


def test_a_reader_whose_connection_ends_says_so_and_leaves_nothing_open(
    writer: StoreWriter, postgresql_store: PostgresqlAddress, postgres_database: Database
) -> None:
    writer.commit_batch(FIRST)
    with pytest.raises(StoreLost), open_reader(postgresql_store) as reader:
        assert end_connections(postgres_database, "sfcrime reader") == 1
        list(reader.cells())
    gc.collect()  # a cursor that is forgotten while it is open warns, which fails a test


def _assert_ended(database: Database) -> None:
    assert end_connections(database) == 1


def test_a_batch_whose_commit_was_done_and_never_answered_is_not_written_again(
    writer: StoreWriter,
    postgresql_store: PostgresqlAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    writer.commit_batch(FIRST)
    dialect = writer._transactions._engine.dialect
    commit, lost = dialect.do_commit, list[bool]()

    def unanswered(connection: Any) -> None:
        commit(connection)
        if not lost:
            lost.append(True)
            connection.driver_connection.close()
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(dialect, "do_commit", unanswered)
    writer.commit_batch(SECOND)
    assert lost
    assert holds(postgresql_store) == (2, 10, 10)
    assert writer.first_copies(identities(10, 12)).tolist() == [False, True]
    assert writer.last_batch_id() == 1


def test_a_writer_whose_connection_ended_while_it_waited_goes_on(
    writer: StoreWriter, postgresql_store: PostgresqlAddress, postgres_database: Database
) -> None:
    for work in (
        lambda: writer.commit_batch(FIRST),
        lambda: writer.record_progress(progress_of(0)),
        lambda: writer.first_copies(identities(1, 3)),
        writer.totals,
    ):
        _assert_ended(postgres_database)
        work()
    assert holds(postgresql_store) == (1, 7, 7)


def test_a_database_that_stays_away_ends_the_job_with_an_error_that_may_pass(
    writer: StoreWriter, postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transactions, "PATIENCE_S", 0.3)
    with psycopg.connect(
        postgres_database.server.url, password=postgres_database.password, autocommit=True
    ) as admin:
        admin.execute(f"ALTER DATABASE {postgres_database.name} ALLOW_CONNECTIONS false")
        admin.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s",
            [postgres_database.name],
        )
        with pytest.raises(StoreLost, match="does not answer") as lost:
            writer.commit_batch(FIRST)
        assert lost.value.may_pass
        assert lost.value.exit_code == 4
        admin.execute(f"ALTER DATABASE {postgres_database.name} ALLOW_CONNECTIONS true")
    writer.commit_batch(FIRST)


def test_a_server_that_is_killed_and_started_again_needs_nobody(tmp_path: Path) -> None:
    needs_postgres()
    server = start_server(tmp_path)
    try:
        address = PostgresqlAddress(server.url, str(server.folder.password_file))
        with opened(address) as writer:
            look, readers = open_look(address), Readers(address)
            writer.commit_batch(FIRST)
            with readers.open() as reader:
                assert reader.totals().batches == 1
            server.kill()
            server.stop()
            with pytest.raises(StoreLost), readers.open():
                pass
            wait_until(lambda: look().marks == ("no answer",), "the look to miss the server")
            going_on = threading.Thread(target=writer.commit_batch, args=(SECOND,))
            going_on.start()
            wait_until(lambda: writer._transactions.was_lost, "the writer to miss the server")
            server = start_server(tmp_path, server.port)
            going_on.join(timeout=60)
            assert holds(address) == (2, 10, 10)
            with readers.open() as reader:
                assert reader.totals().batches == 2
            wait_until(lambda: look().marks != ("no answer",), "the look to find the server")
    finally:
        server.stop()


def test_a_ledger_that_lacks_committed_batches_ends_the_job(
    writer: StoreWriter, postgres_database: Database
) -> None:
    writer.commit_batch(FIRST)
    with postgres_database.connect() as admin:  # as a standby would have it
        admin.execute("UPDATE totals SET last_batch_id = NULL, batches = 0")
    end_connections(postgres_database)
    with pytest.raises(StoreUnavailable, match="ends with batch -1, and batch 0 was committed"):
        writer.commit_batch(SECOND)


def test_a_second_job_is_refused_at_once_and_told_who_writes(
    writer: StoreWriter, postgresql_store: PostgresqlAddress
) -> None:
    with pytest.raises(StoreTaken, match=r"Another job writes to the store .*: sfcrime ") as told:
        open_writer(postgresql_store, history_rows=100)
    assert "127.0.0.1" in told.value.holder
    assert told.value.may_pass
    writer.commit_batch(FIRST)
    writer.close()
    opened(postgresql_store).close()


def test_a_job_that_is_silent_is_ended_by_the_next_and_can_write_no_more(
    writer: StoreWriter, postgresql_store: PostgresqlAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.commit_batch(FIRST)
    monkeypatch.setattr(postgresql_lock, "SILENT_S", 0.0)
    with opened(postgresql_store) as later:
        monkeypatch.setattr(postgresql_lock, "SILENT_S", 60.0)
        with pytest.raises(StoreTaken):
            writer.commit_batch(SECOND)
        later.commit_batch(SECOND)
    with pytest.raises(Refused, match="Another job has opened the store"):
        writer.record_progress(progress_of(0))
    assert holds(postgresql_store) == (2, 10, 10)


def test_a_job_that_is_ended_in_the_middle_of_a_batch_leaves_none_of_it_to_the_next(
    writer: StoreWriter, postgresql_store: PostgresqlAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.commit_batch(FIRST)
    others = list[StoreWriter]()

    def take_over() -> None:
        monkeypatch.setattr(postgresql_lock, "SILENT_S", 0.0)
        others.append(opened(postgresql_store))
        monkeypatch.setattr(postgresql_lock, "SILENT_S", 60.0)
        others[0].commit_batch(SECOND)

    at_commit(writer._transactions._engine, take_over)
    with pytest.raises(StoreTaken):
        writer.commit_batch(SECOND)
    others[0].close()
    assert holds(postgresql_store) == (2, 10, 10)


def test_without_the_lock_the_run_id_keeps_the_older_writer_out(
    writer: StoreWriter, postgresql_store: PostgresqlAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.commit_batch(FIRST)
    monkeypatch.setattr(postgresql, "take_lock", lambda *_: None)
    with opened(postgresql_store) as later:
        with pytest.raises(Refused, match="Another job has opened the store"):
            writer.commit_batch(SECOND)
        later.commit_batch(SECOND)
    assert holds(postgresql_store) == (2, 10, 10)


def test_a_start_waits_for_the_batch_that_the_run_before_it_is_committing(
    writer: StoreWriter, postgresql_store: PostgresqlAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "take_lock", lambda *_: None)
    found = list[int | None]()

    def start_another() -> None:
        def start() -> None:
            with open_writer(postgresql_store, history_rows=100) as later:
                found.append(later.last_batch_id())

        starting.append(threading.Thread(target=start))
        starting[0].start()
        starting[0].join(timeout=0.5)
        assert starting[0].is_alive()

    starting = list[threading.Thread]()
    at_commit(writer._transactions._engine, start_another)
    writer.commit_batch(FIRST)
    starting[0].join(timeout=20)
    assert found == [0]


@pytest.mark.parametrize("name", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_may_lose_a_commit_is_refused(
    name: str, postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = PostgresqlAddress(postgres_database.url, str(postgres_database.password_file))
    monkeypatch.setattr(postgresql, "MUST_BE_ON", (name,))
    if name == "synchronous_commit":  # the tests' server has the other two off
        with postgres_database.connect() as admin:
            admin.execute(f"ALTER DATABASE {postgres_database.name} SET synchronous_commit = off")
    with pytest.raises(StoreUnavailable, match=f"has {name}=off"):
        open_writer(address, history_rows=100)


def test_a_pooler_is_refused(
    postgresql_store: PostgresqlAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", 7)
    with pytest.raises(StoreUnavailable, match="answers through a pooler"):
        open_writer(postgresql_store, history_rows=100)


def test_a_database_of_other_tables_is_left_alone(
    postgresql_store: PostgresqlAddress, postgres_database: Database
) -> None:
    with postgres_database.connect() as admin:
        admin.execute("CREATE TABLE songs (title text)")
    with pytest.raises(StoreUnavailable, match="holds tables, but no sfcrime store"):
        open_writer(postgresql_store, history_rows=100)


def test_words_are_ordered_by_code_point_in_a_database_of_any_language(
    writer: StoreWriter, postgres_database: Database
) -> None:
    with postgres_database.connect() as admin:
        found = admin.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE collation_name = 'C' AND table_schema = 'public' ORDER BY 1"
        ).fetchall()
    assert found == [("call_type", "label"), ("disposition", "code"), ("set_aside", "reason")]


def test_a_reader_cannot_write(writer: StoreWriter, postgresql_store: PostgresqlAddress) -> None:
    with (
        pytest.raises(StoreUnavailable, match="read-only transaction"),
        open_reader(postgresql_store) as reader,
    ):
        reader._connection.exec_driver_sql("DELETE FROM cell")


def test_a_password_is_read_from_a_file_of_ones_own(
    writer: StoreWriter, postgres_database: Database, tmp_path: Path
) -> None:
    copy = tmp_path / "password"
    copy.write_text(f"{postgres_database.password}\n")
    copy.chmod(0o644)
    address = PostgresqlAddress(postgres_database.url, str(copy))
    with pytest.raises(UsageError, match=r"password has mode 0644"), open_reader(address):
        pass
    copy.chmod(0o600)
    with open_reader(address):
        pass


def test_a_password_of_the_environment_is_used_and_no_message_holds_one(
    writer: StoreWriter, postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = PostgresqlAddress(postgres_database.url)
    monkeypatch.setenv("PGPASSWORD", postgres_database.password)
    with open_reader(address):
        pass
    monkeypatch.setenv("PGPASSWORD", "gehe1m-and-wrong")
    with pytest.raises(SfcrimeError) as refused, open_reader(address):
        pass
    chain: BaseException | None = refused.value
    while chain is not None:
        assert "gehe1m" not in str(chain)
        chain = chain.__cause__ or chain.__context__


def test_who_is_not_let_in_hears_what_lets_them_in(postgres_database: Database) -> None:
    url, file = postgres_database.url, str(postgres_database.password_file)
    missing = url.replace(postgres_database.name, "nowhere")
    for address, password, step in (
        (PostgresqlAddress(url), "gehe1m-and-wrong", "into the file that SFCRIME_STORE_PASSWORD"),
        (PostgresqlAddress(url), "", "a file of mode 0600 and set SFCRIME_STORE_PASSWORD_FILE"),
        (PostgresqlAddress(missing, file), "", "createdb --encoding UTF8 NAME"),
    ):
        with pytest.MonkeyPatch.context() as variables:
            variables.setenv("PGPASSFILE", "/dev/null")
            variables.setenv("PGPASSWORD", password)
            with pytest.raises(StoreLost) as refused, open_reader(address):
                pass
        assert step in refused.value.next_step


def test_labels_of_any_character_are_kept_whatever_encoding_a_user_prefers(
    postgresql_store: PostgresqlAddress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    cells = cells_of([CellCount(NINE_US, "Passing \u9ce5 \u20ac", "\xc9", 7)])
    with opened(postgresql_store) as writer:
        writer.commit_batch(replace(FIRST, cells=cells))
    with open_reader(postgresql_store) as reader:
        assert list(reader.cells()) == [CellCount(NINE_US, "Passing \u9ce5 \u20ac", "\xc9", 7)]


def test_a_look_waits_for_no_connection_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[dict[str, Any]]()

    def connect(_: str, **parameters: Any) -> None:
        asked.append(parameters)
        raise psycopg.OperationalError("no answer")

    monkeypatch.setattr(psycopg.Connection, "connect", connect)
    assert open_look(PostgresqlAddress("postgresql://me@127.0.0.1/calls"))() == NO_ANSWER
    assert [(each["connect_timeout"], each["tcp_user_timeout"]) for each in asked] == [(2, 5_000)]


@contextmanager
def frozen(server: RunningServer) -> Iterator[None]:
    """The server's processes are stopped; its kernel goes on to acknowledge what it is sent."""
    stopped = [server.pid, *descendants(server.pid)]
    try:
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def test_nobody_who_reads_waits_without_end_for_a_server_that_is_frozen(
    writer: StoreWriter,
    postgresql_store: PostgresqlAddress,
    postgres_server: RunningServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgresql, "_LOOK_S", 1.0)
    monkeypatch.setattr(postgresql, "_ON_THE_WAY_S", 1.0)
    writer.commit_batch(FIRST)
    look = open_look(postgresql_store)
    written = look()
    with pytest.raises(StoreLost, match="does not answer"):  # noqa: SIM117  # it comes with its end
        with open_reader(postgresql_store, limit_s=1) as reader:
            assert reader.totals().batches == 1
            with frozen(postgres_server):
                wait_until(lambda: look() == NO_ANSWER, "the look to miss the server", 30)
                reader.totals()
    wait_until(lambda: look() == written, "the look to find the server again", 30)


def test_a_password_that_is_being_replaced_is_waited_for_by_a_writer_that_had_it(
    postgresql_store: PostgresqlAddress, postgres_database: Database, tmp_path: Path
) -> None:
    password = Path(postgresql_store.password_file)
    copy = tmp_path / "password"
    copy.touch(mode=0o600)
    address = replace(postgresql_store, password_file=str(copy))
    with pytest.raises(UsageError, match="holds no password"):
        open_writer(address, history_rows=100)

    copy.write_bytes(password.read_bytes())
    with opened(address) as writer:
        copy.write_bytes(b"")
        end_connections(postgres_database)
        going_on = threading.Thread(target=writer.commit_batch, args=(FIRST,))
        going_on.start()
        wait_until(lambda: writer._transactions.was_lost, "the writer to miss its connection")
        copy.write_bytes(password.read_bytes())
        going_on.join(timeout=60)
    assert holds(postgresql_store)[0] == 1


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    address = PostgresqlAddress("postgresql://me@127.0.0.1:1/calls")
    with pytest.raises(StoreLost, match=r"me@127\.0\.0\.1:1/calls does not answer") as lost:
        open_writer(address, history_rows=100)
    assert "--store-url" in lost.value.next_step
