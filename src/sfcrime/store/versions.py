"""What becomes of a store of another schema version: the writer brings up the one before; every
other is refused by name, by the writer and by readers."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select

from sfcrime.errors import StoreUnavailable
from sfcrime.store import database, schema, sqlite
from sfcrime.store.address import StoreAddress
from sfcrime.store.migration import MIGRATED_VERSION, migrate


def make_or_check(connection: Connection, address: StoreAddress) -> None:
    """Makes the tables of an empty database; brings up those of the version before; proves those
    of another.

    Raises:
        StoreUnavailable: see `check_schema_version`.
    """
    if inspect(connection).get_table_names():
        version = _version(connection, address)
        if version is not None and version == MIGRATED_VERSION[connection.dialect.name]:
            migrate(connection)
        check_schema_version(connection, address)
    else:
        schema.metadata.create_all(connection)
        database.after_making(connection)
        connection.execute(insert(schema.schema_version).values(version=schema.SCHEMA_VERSION))


def check_schema_version(
    connection: Connection, address: StoreAddress, *, or_before: bool = False
) -> None:
    """Proves that the tables are the ones this code knows.

    Args:
        connection: in a transaction.
        address: of the store, for the message.
        or_before: those of the version before are known as well.

    Raises:
        StoreUnavailable: other tables, or another version of them.
    """
    version = _version(connection, address)
    is_before = version is not None and version == MIGRATED_VERSION[connection.dialect.name]
    if version == schema.SCHEMA_VERSION or (or_before and is_before):
        return
    next_step = (
        "count the topic again: sfcrime rebuild (which keeps the old file beside the new one); or "
        "use the sfcrime that made it"
    )
    if is_before:
        next_step = (
            f"start a job, which brings it to version {schema.SCHEMA_VERSION}: sfcrime run, or "
            "sfcrime stream"
        )
    elif not isinstance(address, Path):
        next_step = (
            "name an empty database with --store-url, into which the next start counts the topic "
            "again; or use the sfcrime that made this one"
        )
    raise StoreUnavailable(
        f"The store {address} has schema version {version}.",
        rule=f"This sfcrime reads and writes schema version {schema.SCHEMA_VERSION} only.",
        next_step=next_step,
    )


def set_aside_other_version(path: StoreAddress) -> Path | None:
    """Renames a file that cannot be opened for writing because of its schema version, so that a
    new one can be made in its place. A database is left as it is: opening it says what to do.

    Nothing else may write to the store meanwhile.

    Args:
        path: of the store; may not exist.

    Returns:
        The new name; None where there was nothing to rename.

    Raises:
        StoreUnavailable: no sfcrime store, one that cannot be written, or the name is taken.
    """
    if not isinstance(path, Path) or not path.is_file():
        return None
    with sqlite.translated(path):
        engine = sqlite.open_for_writing(path)
        try:
            with engine.begin() as connection:
                if not inspect(connection).get_table_names():
                    return None
                version = _version(connection, path)
            if version in (schema.SCHEMA_VERSION, MIGRATED_VERSION[engine.dialect.name]):
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


def _version(connection: Connection, address: StoreAddress) -> int | None:
    if not inspect(connection).has_table(schema.schema_version.name):
        if isinstance(address, Path):
            raise StoreUnavailable(
                f"The file {address} is a database, but no sfcrime store.",
                next_step="name another folder with --data-dir",
            )
        raise StoreUnavailable(
            f"The database {address} holds tables, but no sfcrime store.",
            rule="A store has a database of its own.",
            next_step="make one, and name it with --store-url: createdb NAME",
        )
    return connection.scalar(select(schema.schema_version.c.version))
