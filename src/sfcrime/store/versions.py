"""A store of another schema version is refused by name, by the writer and by readers."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, select

from sfcrime.errors import StoreUnavailable
from sfcrime.store import schema


def check_schema_version(connection: Connection, path: Path) -> None:
    """Proves that the tables are the ones this code knows.

    Raises:
        StoreUnavailable: other tables, or another version of them.
    """
    if not inspect(connection).has_table(schema.schema_version.name):
        raise StoreUnavailable(
            f"The file {path} is a database, but no sfcrime store.",
            next_step="name another folder with --data-dir",
        )
    version = connection.scalar(select(schema.schema_version.c.version))
    if version != schema.SCHEMA_VERSION:
        raise StoreUnavailable(
            f"The store {path} has schema version {version}.",
            rule=f"This sfcrime reads and writes schema version {schema.SCHEMA_VERSION} only.",
            next_step="use the sfcrime that made it, or count again into a new --data-dir",
        )
