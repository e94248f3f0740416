"""A PostgreSQL server for tests: one a session, a database of its own for each test that asks.

It forgets nothing but at a power cut: `fsync` is off, so that a commit costs no disk. A test of
kills of its own server starts one with `start_server`, durable as users have it.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from required import lacking
from sfcrime.errors import PostgresUnavailable
from sfcrime.postgres.database_files import read_password
from sfcrime.postgres.server import RunningServer, require_programs, start_server, url_of

QUICK = {"fsync": "off", "full_page_writes": "off", "autovacuum_naptime": "600s"}
"""Nothing here has to outlive a power cut. `synchronous_commit` stays on: a store refuses else."""


@dataclass(frozen=True)
class PostgresDatabase:
    """An empty database of a running server, owned by the role that the URL names."""

    name: str
    url: str
    """As `--store-url` takes it, without a password."""
    password: str
    password_file: Path
    server: RunningServer

    def connect(self, **options: Any) -> psycopg.Connection[Any]:
        """A connection of the test's own, to look behind the store."""
        return psycopg.connect(self.url, password=self.password, autocommit=True, **options)


def connect_to(server: RunningServer) -> psycopg.Connection[Any]:
    """A connection to the database that each server has."""
    return psycopg.connect(server.url, password=read_password(server.folder), autocommit=True)


def needs_postgres() -> None:
    """The programs can be run; otherwise the test is skipped, or failed where they are required."""
    try:
        require_programs(Path("none"))
    except PostgresUnavailable as error:
        lacking("postgres", str(error))


@contextmanager
def quick_server(data_dir: Path) -> Iterator[RunningServer]:
    """A server for many tests."""
    needs_postgres()
    with start_server(data_dir, settings=QUICK) as server:
        yield server


@contextmanager
def database_on(server: RunningServer) -> Iterator[PostgresDatabase]:
    """A database that no other test uses; it is gone after the block, whoever is connected."""
    folder, name = server.folder, f"t{uuid.uuid4().hex[:12]}"
    with connect_to(server) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield PostgresDatabase(
                name,
                url_of(server.port, name),
                read_password(folder),
                folder.password_file,
                server,
            )
        finally:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
