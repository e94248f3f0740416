"""The store's file: made, of which version, whether it is sound, and whether it was written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select, text

from sfcrime.errors import StoreUnavailable
from sfcrime.store import schema, sqlite

_MOST_PROBLEMS = 10
_CHECK_LIMIT_S = 120.0


def make_or_check(connection: Connection, path: Path) -> None:
    """Makes the tables of an empty database; proves those of another.

    Raises:
        StoreUnavailable: see `check_schema_version`.
    """
    if inspect(connection).get_table_names():
        check_schema_version(connection, path)
    else:
        schema.metadata.create_all(connection)
        connection.execute(insert(schema.schema_version).values(version=schema.SCHEMA_VERSION))


def check_schema_version(connection: Connection, path: Path) -> None:
    """Proves that the tables are the ones this code knows.

    Raises:
        StoreUnavailable: other tables, or another version of them.
    """
    version = _version(connection, path)
    if version != schema.SCHEMA_VERSION:
        raise StoreUnavailable(
            f"The store {path} has schema version {version}.",
            rule=f"This sfcrime reads and writes schema version {schema.SCHEMA_VERSION} only.",
            next_step="count the topic anew: sfcrime rebuild (which keeps the old file beside the "
            "new one); or use the sfcrime that made it",
        )


def set_aside_other_version(path: Path) -> Path | None:
    """Renames a store of another schema version, so that a new one can be made in its place.

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
            if version == schema.SCHEMA_VERSION:
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


def file_problems(path: Path) -> list[str]:
    """What the database finds wrong with its pages, indexes and references; at most 10.

    Raises:
        StoreUnavailable: the file cannot be read at all.
    """
    clock = sqlite.ReadClock(_CHECK_LIMIT_S)
    engine = sqlite.open_for_reading(path, clock)
    with sqlite.translated(path, clock), engine.begin() as connection:
        clock.restart()
        pages = connection.execute(text(f"PRAGMA quick_check({_MOST_PROBLEMS})")).scalars().all()
        references = connection.execute(text("PRAGMA foreign_key_check")).all()
    found = [str(line) for line in pages if line != "ok"]
    found += [f"a row of {row[0]} refers to a {row[2]} that is not there" for row in references]
    return found[:_MOST_PROBLEMS]


@dataclass(frozen=True, slots=True)
class WrittenState:
    """How the files of a store look; equal as long as nothing was written to them."""

    files: tuple[tuple[int, int, int], ...]
    """Inode, size, and time of the last write in nanoseconds, of each file that is there."""

    @property
    def newest_ns(self) -> int:
        """When the last write was, nanoseconds since 1970; 0 where there is no store."""
        return max((written for _, _, written in self.files), default=0)


def written_state(path: Path) -> WrittenState:
    """Looked up without opening the store. The clock of a file system ticks every few
    milliseconds, so two writes of one tick may look the same."""
    found = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            status = file.stat()
        except OSError:
            continue
        found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return WrittenState(tuple(found))


def file_identity(path: Path) -> tuple[int, int] | None:
    """Which file stands under this name; None where there is none to be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
