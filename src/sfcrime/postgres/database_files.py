"""The folder of the local server: what is in it, and how the database files are made."""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from sfcrime.errors import PostgresUnavailable
from sfcrime.machine.whole_files import write_whole
from sfcrime.postgres.account import Place, server_account
from sfcrime.postgres.programs import Programs

ROLE = "sfcrime"
"""The role that owns the database of the same name. It is no superuser, and may make further
databases. The superuser has no password, so nobody can log in as it."""

_WHO_MAY_CONNECT = "host all all 127.0.0.1/32 scram-sha-256\n"
"""All that pg_hba.conf says: over loopback, with a password."""
_PASSWORD_BYTES = 24


@dataclass(frozen=True, slots=True)
class ServerFolder:
    """Where everything that the local server keeps is."""

    path: Path

    @property
    def database(self) -> Path:
        """PostgreSQL's own files; they belong to the account that it runs as."""
        return self.path / "data"

    @property
    def password_file(self) -> Path:
        return self.path / "password"

    @property
    def log(self) -> Path:
        return self.path / "server.log"

    @property
    def alive(self) -> Path:
        """Locked while any process of the server lives."""
        return self.path / "alive"

    @property
    def major(self) -> int | None:
        """The release that made the files; None before the first start."""
        try:
            return int((self.database / "PG_VERSION").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def place(self) -> Place:
        """Where the server works, and as whom."""
        return Place(self.database, server_account(self.database))


def server_folder(data_dir: Path) -> ServerFolder:
    """That of a data folder, there or not."""
    return ServerFolder(data_dir.absolute() / "postgres")


def make_database(folder: ServerFolder, programs: Programs, *, synced: bool = True) -> None:
    """Makes the database files, if they are not there, and the password.

    They are made under another name, so that half of them is never taken for all. A password file
    that was deleted is made again, with another password.

    Args:
        folder, programs: where, and by which.
        synced: the files are on the disk at the end.

    Raises:
        PostgresUnavailable: PostgreSQL's tool failed; with its words.
    """
    known = folder.password_file.exists()
    password = read_password(folder) if known else secrets.token_urlsafe(_PASSWORD_BYTES)
    quoted = _quoted(password, folder)
    if folder.database.exists():
        if not known:  # the file is there once the server knows it: it is not looked at again
            _tell(folder.place(), programs, f"ALTER ROLE {ROLE} PASSWORD {quoted};\n")
            _write_password(folder, password)
        return
    if not known:
        _write_password(folder, password)
    made = Place(folder.path / "data.part", server_account(folder.database))
    shutil.rmtree(made.folder, ignore_errors=True)
    made.make()
    files = ["-D", made.name, "--encoding=UTF8", "--no-locale", "--data-checksums"]
    who = ["--username=postgres", "--auth=trust"]  # of this tool; who may connect is written below
    sync = [] if synced else ["--no-sync"]
    _require_done(made.run([programs["initdb"], *files, *who, *sync]), made)
    _tell(
        made,
        programs,
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD {quoted};\n"
        f"CREATE DATABASE {ROLE} OWNER {ROLE};\n",
        synced=synced,
    )
    with (made.folder / "pg_hba.conf").open("r+", encoding="ascii") as file:  # it stays theirs
        file.truncate()
        file.write(_WHO_MAY_CONNECT)
        file.flush()
        os.fsync(file.fileno())
    made.folder.rename(folder.database)


def read_password(folder: ServerFolder) -> str:
    return folder.password_file.read_text(encoding="utf-8").strip()


def _write_password(folder: ServerFolder, password: str) -> None:
    write_whole(folder.password_file, password.encode("ascii") + b"\n")


def _quoted(password: str, folder: ServerFolder) -> str:
    """As SQL has it, on one line: of the rest of several the server would complain by word."""
    if not password.isprintable():
        raise PostgresUnavailable(
            f"The password file {folder.password_file} holds control characters.",
            rule="A password is one line of text.",
            next_step="delete the file: the next start makes another password",
        )
    return "'" + password.replace("'", "''") + "'"


def _tell(place: Place, programs: Programs, statements: str, *, synced: bool = True) -> None:
    """Has statements run, one a line, by a server of this one process that nobody can reach."""
    # What fails is told, and not the statement, which holds the password.
    sync = ["-c", "log_min_error_statement=panic", *([] if synced else ["-F"])]
    alone = [programs["postgres"], "--single", "-D", place.name, *sync, "template1"]
    told = place.run(alone, typed=statements)
    _require_done(told, place, failed="ERROR:" in told.stderr or "FATAL:" in told.stderr)


def _require_done(tool: CompletedProcess[str], place: Place, *, failed: bool = False) -> None:
    if tool.returncode == 0 and not failed:
        return
    raise PostgresUnavailable(
        f"The database files could not be made in {place.folder.parent}:\n"
        f"{(tool.stderr or tool.stdout)[-1500:].strip()}",
        next_step="check that the folder can be written and the disk has room",
    )
