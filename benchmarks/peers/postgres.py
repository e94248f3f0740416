"""A PostgreSQL server of its own for a measurement: an empty database, a free port.

It is a child of this process, so whoever measures processes sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sfcrime.errors import PostgresUnavailable
from sfcrime.machine.ports import LOOPBACK
from sfcrime.postgres.database_files import ROLE, read_password
from sfcrime.postgres.programs import find_programs
from sfcrime.postgres.server import start_server

_OPTIONS = {"max_wal_size": "4GB", "max_connections": "20"}
"""Durability as PostgreSQL ships it. A backlog is no reason for a checkpoint every few seconds."""


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
            "PGDATABASE": ROLE,
            "PGUSER": ROLE,
            "PGPASSWORD": self.password,
        }

    @property
    def conninfo(self) -> str:
        """The same for psycopg."""
        return (
            f"host={LOOPBACK} port={self.port} dbname={ROLE} user={ROLE} password={self.password}"
        )


def postgres_is_there() -> bool:
    """Whether `make peers` brought the server."""
    try:
        find_programs()
    except PostgresUnavailable:
        return False
    return True


@contextmanager
def open_postgres() -> Iterator[Server]:
    """An empty server for the time of the block; nothing of it stays.

    Raises:
        PostgresUnavailable: it could not be made or did not start; with its own words.
    """
    with (
        TemporaryDirectory(prefix="sfcrime-postgres-") as folder,
        start_server(Path(folder), settings=_OPTIONS) as server,
    ):
        yield Server(server.pid, server.port, read_password(server.folder))
