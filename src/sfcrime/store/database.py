"""What the room asks of whichever database a store is in; `sqlite` and `postgresql` answer.

PostgreSQL's driver is imported only for a store that is there.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import Connection, Engine

from sfcrime.errors import StoreDamaged
from sfcrime.store import sqlite
from sfcrime.store.address import StoreAddress


def open_for_writing(address: StoreAddress) -> Engine:
    """An engine of the one who may write; see `sqlite` and `postgresql`."""
    if isinstance(address, Path):
        return sqlite.open_for_writing(address)
    from sfcrime.store import postgresql

    return postgresql.open_for_writing(address)


def require_safe(address: StoreAddress) -> None:
    """Refuses a server that could lose what was committed, as whoever writes to it does.

    Raises:
        StoreUnavailable: it could, or it does not answer.
    """
    if not isinstance(address, Path):
        from sfcrime.store import postgresql

        with translated(address):
            postgresql.open_for_looking(address, safe=True).close()


def open_for_reading(
    address: StoreAddress, clock: sqlite.ReadClock, *, copied: bool = False, again: bool = False
) -> Engine:
    """An engine that cannot write, and of which each transaction is one snapshot.

    Args:
        address: of the store.
        clock: bounds each statement.
        copied: for who reads for minutes; PostgreSQL keeps a snapshot without a copy.
        again: for who reads often: a connection to PostgreSQL stays until the engine is disposed.
    """
    if isinstance(address, Path):
        return sqlite.open_for_reading(address, clock, copied=copied)
    from sfcrime.store import postgresql

    return postgresql.open_for_reading(address, clock.limit_s, again=again)


def translated(
    address: StoreAddress, clock: sqlite.ReadClock | None = None
) -> AbstractContextManager[None]:
    """Turns every error of the database into one of the tree; with the clock of a reader, a
    statement that was stopped is named as what it is."""
    if isinstance(address, Path):
        return sqlite.translated(address, clock)
    from sfcrime.store import postgresql_errors

    return postgresql_errors.translated(address, clock.limit_s if clock else None)


def damaged(address: StoreAddress, what: str) -> StoreDamaged:
    """The error of a store that is no state of its ledger; `what` is wrong with it."""
    if isinstance(address, Path):
        return sqlite.damaged(address, what)
    from sfcrime.store import postgresql_errors

    return postgresql_errors.damaged(address, what)


def is_postgresql(connection: Connection) -> bool:
    """Whether a connection is one to PostgreSQL."""
    return connection.dialect.name == "postgresql"


def after_making(connection: Connection) -> None:
    """Gives tables that were made in this transaction what `schema` does not say."""
    if is_postgresql(connection):
        from sfcrime.store import postgresql

        postgresql.after_making(connection)


def release_pages(connection: Connection) -> None:
    """Gives back memory that only a backlog has a use for; PostgreSQL's is its own matter."""
    if not is_postgresql(connection):
        sqlite.release_pages(connection)


def wrong_pages(connection: Connection, most: int) -> list[str]:
    """What the database finds wrong with its pages and indexes. PostgreSQL looks at a page when it
    reads it, and refuses what it finds then."""
    return [] if is_postgresql(connection) else sqlite.wrong_pages(connection, most)


def lost_references(connection: Connection) -> list[str]:
    """The rows that refer to others that are not there; PostgreSQL keeps none."""
    return [] if is_postgresql(connection) else sqlite.lost_references(connection)
