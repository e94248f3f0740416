"""What becomes of a store of another schema version: the writer brings up the one before; every
other is refused by name, by the writer and by readers."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select

from sfcrime.errors import StoreUnavailable
from sfcrime.store import schema, sqlite
from sfcrime.store.migration import MIGRATED_VERSION, migrate


def make_or_check(connection: Connection, path: Path) -> None:
    """Makes the tables of an empty database; brings up those of the version before; proves those
    of another.

    Raises:
        StoreUnavailable: see `check_schema_version`.
    """
    if inspect(connection).get_table_names():
        if _version(connection, path) == MIGRATED_VERSION:
            migrate(connection)
        check_schema_version(connection, path)
    else:
        schema.metadata.create_all(connection)
        connection.execute(insert(schema.schema_version).values(version=schema.SCHEMA_VERSION))


def check_schema_version(connection: Connection, path: Path, *, or_before: bool = False) -> None:
    """Proves that the tables are the ones this code knows.

    Args:
        connection: in a transaction.
        path: the store, for the message.
        or_before: those of the version before are known as well.

    Raises:
        StoreUnavailable: other tables, or another version of them.
    """
    version = _version(connection, path)
    if version == schema.SCHEMA_VERSION or (or_before and version == MIGRATED_VERSION):
        return
    next_step = (
        "count the topic again: sfcrime rebuild (which keeps the old file beside the new one); or "
        "use the sfcrime that made it"
    )
    if version == MIGRATED_VERSION:
        next_step = (
            f"start a job, which brings it to version {schema.SCHEMA_VERSION}: sfcrime run, or "
            "sfcrime stream"
        )
    raise StoreUnavailable(
        f"The store {path} has schema version {version}.",
        rule=f"This sfcrime reads and writes schema version {schema.SCHEMA_VERSION} only.",
        next_step=next_step,
    )


def set_aside_other_version(path: Path) -> Path | None:
    """Renames a store that cannot be opened for writing because of its schema version, so that a
    new one can be made in its place.

    Nothing else may write to the store meanwhile.

    Args:
        path: the store's file; may not exist.

    Returns:
        The new name; None where there was nothing to rename.

    Raises:
        StoreUnavailable: no sfcrime store, one that cannot be written, or the name is taken.
    """
    if not path.is_file():
        return None
    with sqlite.translated(path):
        engine = sqlite.open_for_writing(path)
        try:
            with engine.begin() as connection:
                if not inspect(connection).get_table_names():
                    return None
                version = _version(connection, path)
            if version in (schema.SCHEMA_VERSION, MIGRATED_VERSION):
                return None
            sqlite.put_into_one_file(engine)
        finally:
            engine.dispose()
    kept = path.with_name(f"{path.name}.version-{version}")
    if kept.exists():
        raise StoreUnavailable(
            f"The store {path} has schema version {version}, and {kept} is there already.",
            rule="A store of another version is kept beside the new one, and none is overwritten.",
            next_step=f"move {kept.name} elsewhere or delete it",
        )
    path.rename(kept)
    return kept


def _version(connection: Connection, path: Path) -> int | None:
    if not inspect(connection).has_table(schema.schema_version.name):
        raise StoreUnavailable(
            f"The file {path} is a database, but no sfcrime store.",
            next_step="name another folder with --data-dir",
        )
    return connection.scalar(select(schema.schema_version.c.version))
