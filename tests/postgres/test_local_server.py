"""The local PostgreSQL server's life: start, stop, ports, locks, what is left by the killed."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from postgres_server import QUICK, PostgresDatabase, connect_to, needs_postgres, quick_server
from running import (
    LOOPBACK_ADDRESSES,
    command_line,
    listening_addresses,
    opened_to_others,
    tree_of,
    wait_until,
)
from sfcrime.errors import AlreadyRunning, ChildFailed, PortTaken, PostgresUnavailable
from sfcrime.machine.own_folder import is_locked
from sfcrime.postgres import database_files
from sfcrime.postgres.account import server_account
from sfcrime.postgres.database_files import _tell, make_database, read_password, server_folder
from sfcrime.postgres.programs import find_programs
from sfcrime.postgres.server import RunningServer, running_port, start_server


@pytest.fixture(autouse=True)
def _needs() -> None:
    needs_postgres()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose server is stopped."""
    data_dir = tmp_path_factory.mktemp("made")
    with quick_server(data_dir):
        return data_dir


def answer(server: RunningServer) -> bool:
    with connect_to(server) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def count_rows(server: RunningServer) -> int:
    with connect_to(server) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def test_a_test_gets_an_empty_database_and_is_no_superuser(
    postgres_database: PostgresDatabase,
) -> None:
    with postgres_database.connect() as connection:
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
        role = connection.execute(
            "SELECT rolname, rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert tables == (0,)
    assert role == ("sfcrime", False)


def test_it_listens_on_loopback_alone_and_lets_nobody_in_without_the_password(
    postgres_server: RunningServer,
) -> None:
    addresses = listening_addresses(tree_of(postgres_server.pid))
    assert addresses and addresses <= LOOPBACK_ADDRESSES
    assert not list(Path("/tmp").glob(f".s.PGSQL.{postgres_server.port}*"))

    asked = postgres_server.url.replace("//sfcrime@", "//{}@")
    for role, password in (("sfcrime", "wrong"), ("sfcrime", ""), ("postgres", ""), ("x", "x")):
        with pytest.raises(psycopg.OperationalError, match=r"password"):
            psycopg.connect(asked.format(role), password=password, passfile="/dev/null")


def test_its_processes_are_not_roots_and_tell_nobody_the_password(
    postgres_server: RunningServer,
) -> None:
    processes = tree_of(postgres_server.pid)
    assert len(processes) > 3
    uids = {Path(f"/proc/{each.pid}").stat().st_uid for each in processes}
    wanted = postgres_server.folder.database.stat().st_uid
    assert uids == {wanted} and wanted != 0
    assert wanted == os.getuid() or os.getuid() == 0

    password = read_password(postgres_server.folder)
    assert len(password) == 32
    for each in processes:
        environment = Path(f"/proc/{each.pid}/environ").read_bytes().decode()
        assert password not in command_line(each) + environment
    assert password not in postgres_server.folder.log.read_text()


def test_nobody_else_can_open_its_files(postgres_server: RunningServer) -> None:
    assert opened_to_others(postgres_server.folder.path) == []


def test_what_was_committed_outlives_a_kill_and_an_orderly_end(tmp_path: Path) -> None:
    steps: list[str] = []
    server = start_server(tmp_path, on_step=steps.append)
    with connect_to(server) as connection:
        durable = [
            connection.execute(f"SHOW {name}").fetchone()
            for name in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums")
        ]
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000)")
        server.kill()
    assert durable == [("on",)] * 4
    assert not server.is_running()
    assert not is_locked(server.folder.alive)
    with pytest.raises(ChildFailed, match="PostgreSQL ended"):
        server.require_running()
    server.stop()
    password, port = read_password(server.folder), server.port

    with start_server(tmp_path, port, steps.append) as again:
        assert (again.port, read_password(again.folder)) == (port, password)
        assert count_rows(again) == 1000
        connection = connect_to(again)  # a client that stays is no reason to wait
        began = time.monotonic()
    assert time.monotonic() - began < 10
    with connection, pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    assert running_port(tmp_path) is None
    assert [each.split()[0] for each in steps] == ["making", "starting", "starting"]


def test_a_folder_has_one_server_and_the_second_start_says_where_it_is(
    postgres_server: RunningServer,
) -> None:
    data_dir = postgres_server.folder.path.parent
    assert running_port(data_dir) == postgres_server.port

    with pytest.raises(AlreadyRunning, match="Another PostgreSQL server works in") as refused:
        start_server(data_dir)

    assert f"--store-url {postgres_server.url}," in refused.value.next_step
    assert postgres_server.is_running()


def test_a_taken_port_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}") as refused:
            start_server(tmp_path, port)
    assert "--port 0 picks a free one" in refused.value.next_step
    assert not server_folder(tmp_path).database.exists()


def test_another_port_is_chosen_where_one_is_lost_before_it_is_used(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ports = [taken.getsockname()[1], free.getsockname()[1]]
        free.close()
        monkeypatch.setattr("sfcrime.postgres.server_process.free_port", lambda: ports.pop(0))
        with start_server(made, settings=QUICK) as server:
            assert server.port != taken.getsockname()[1]
    assert ports == []


def test_a_server_without_an_owner_is_ended_by_the_next_start(made: Path) -> None:
    first = start_server(made, settings=QUICK)
    first._held.close()  # as if its process were gone, on a system that leaves children alone

    with start_server(made, settings=QUICK) as second:
        wait_until(lambda: not first.is_running(), "the end of the first server", 20)
        assert second.pid != first.pid
        assert running_port(made) == second.port


def test_what_a_start_left_half_made_is_made_again_and_a_lost_password_too(
    made: Path,
) -> None:
    folder = server_folder(made)
    before = read_password(folder)
    folder.database.rename(folder.path / "data.part")  # its rename had not come
    with start_server(made, settings=QUICK) as server:
        assert answer(server)
        assert not (folder.path / "data.part").exists()

    folder.password_file.unlink()
    with start_server(made, settings=QUICK) as server:
        assert read_password(folder) != before
        assert answer(server)
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.url, password=before)


def test_a_lost_password_is_made_again_by_the_start_after_one_that_failed(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = server_folder(made)
    folder.password_file.unlink()

    def fail(*_: object, **__: object) -> None:
        raise PostgresUnavailable("There is no room.")

    with monkeypatch.context() as full:
        full.setattr(database_files, "_tell", fail)
        with pytest.raises(PostgresUnavailable, match="no room"):
            start_server(made, settings=QUICK)
    with start_server(made, settings=QUICK) as server:
        assert answer(server)


def test_what_the_server_complains_of_does_not_hold_the_password(made: Path) -> None:
    folder, programs = server_folder(made), find_programs()
    with pytest.raises(PostgresUnavailable, match='role "nobody" does not exist') as failed:
        _tell(folder.place(), programs, "ALTER ROLE nobody PASSWORD 'gehe1m';\n", synced=False)
    assert "gehe1m" not in str(failed.value)


def test_a_password_file_of_two_lines_is_refused_and_not_shown(tmp_path: Path) -> None:
    folder = server_folder(tmp_path)
    folder.path.mkdir()
    folder.password_file.write_text("gehe1m\nand more\n")
    with pytest.raises(PostgresUnavailable, match="holds control characters") as refused:
        make_database(folder, find_programs())
    assert "gehe1m" not in str(refused.value)
    assert not folder.database.exists()


def test_files_of_a_user_that_the_machine_does_not_know_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("sfcrime.postgres.account.pwd.getpwuid", {}.__getitem__)
    monkeypatch.setattr(
        Path, "stat", lambda *_, **__: SimpleNamespace(st_uid=4711, st_mode=0o40700)
    )
    with pytest.raises(PostgresUnavailable, match="belong to the user 4711, whom this machine"):
        server_account(tmp_path)


def test_a_number_of_a_process_that_a_dead_server_noted_does_not_stop_a_start(
    made: Path,
) -> None:
    noted = server_folder(made).database / "postmaster.pid"
    sleeper = os.getpid()  # alive, and no server
    noted.write_text(f"{sleeper}\n/proc/self/cwd\n1\n1\n\n127.0.0.1\n 1 1\nready   \n")
    assert running_port(made) is None

    with start_server(made, settings=QUICK) as server:
        assert answer(server)


def test_a_server_that_does_not_start_says_its_last_words(made: Path) -> None:
    with pytest.raises(PostgresUnavailable, match="no_such_setting") as failed:
        start_server(made, settings={**QUICK, "no_such_setting": "1"})
    assert "ended with exit code 1 while it started" in str(failed.value)

    with start_server(made, settings=QUICK):  # its folder is free again
        pass
