"""The one place that knows SQLite, with `upserts`: opening, pragmas, the time limit, its errors.

Another database needs modules with these functions; the rest of the room is plain SQLAlchemy.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from errno import ENOSPC
from itertools import count
from pathlib import Path
from shlex import quote

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from sfcrime.errors import ReadTooLong, StoreDamaged, StoreUnavailable

BUSY_TIMEOUT_S = 30.0
"""How long a connection waits for another one's lock; a batch holds it well under a second."""

_WRITER_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",  # one fsync a batch: a committed batch survives a power cut
    "foreign_keys = ON",
    "secure_delete = FAST",  # ON, as some systems build it, writes every page freed once more
    "cache_size = -65536",  # 64 MiB, and nothing mapped: that would be memory of the job too
    "wal_autocheckpoint = 4000",  # 16 MiB, so that not every large batch pays for a checkpoint
    "journal_size_limit = 33554432",  # 32 MiB: what grew beside a long reader is given back
)
_INSTRUCTIONS_BETWEEN_LOOKS = 50_000  # about a millisecond
_PAGES_A_STEP = 2_560  # 10 MiB
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class ReadClock:
    """Stops a statement that works longer than its limit; what the caller does is not timed."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        self._deadline = float("inf")

    def restart(self) -> None:
        """Gives the next step of a statement the whole limit."""
        self._deadline = time.monotonic() + self.limit_s

    def expired(self) -> bool:
        """SQLite asks this under way; True interrupts it."""
        return time.monotonic() > self._deadline


def open_for_writing(path: Path) -> Engine:
    """An engine that makes folder and file if need be; its transactions take the write lock."""
    with suppress(OSError):  # SQLite says that it cannot open a file there
        path.parent.mkdir(parents=True, exist_ok=True)

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        for pragma in _WRITER_PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    # Each thread gets a connection of its own, and a third one's may end another's: `Transactions`
    # lets one thread in at a time.
    return _with_begin(create_engine("sqlite://", creator=connect, pool_size=2), "BEGIN IMMEDIATE")


def put_into_one_file(engine: Engine) -> None:
    """Takes what stands in the file beside the database into it, so that it can be renamed."""
    with closing(engine.raw_connection()) as connection:  # outside of any transaction
        connection.cursor().execute("PRAGMA journal_mode = DELETE").close()


def open_for_reading(path: Path, clock: ReadClock, *, copied: bool = False) -> Engine:
    """An engine that cannot write; each transaction is one snapshot.

    While a snapshot is held, the file beside the database grows by all that is written: one that is
    read for minutes is `copied` first, in a second.
    """

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            check_same_thread=False,
        )
        if copied:
            connection = _copy_of(connection)
        connection.execute("PRAGMA query_only = ON")
        # Nothing is mapped: a file that is cut short under a reader (a copy is put over it) would
        # end the process, and reading is no slower without.
        connection.execute("PRAGMA mmap_size = 0")
        connection.set_progress_handler(clock.expired, _INSTRUCTIONS_BETWEEN_LOOKS)
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "before_cursor_execute", lambda *_: clock.restart())
    return _with_begin(engine, "BEGIN")


def _copy_of(source: sqlite3.Connection) -> sqlite3.Connection:
    """A private copy of one snapshot of a database, which is closed; StoreUnavailable where there
    is no room for it."""
    # A database without a name is a temporary file that SQLite makes for its owner alone and
    # unlinks at once: nothing is left, however the process ends.
    copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    try:
        source.backup(copy)
    except sqlite3.Error as error:
        copy.close()
        if error.sqlite_errorcode not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN):
            raise
        raise StoreUnavailable(
            f"The store cannot be copied to a temporary file: {error}.",
            rule="What reads the store for minutes reads a copy, so that the job is not disturbed.",
            next_step="name a folder with room for the store's file in the variable TMPDIR",
        ) from error
    finally:
        source.close()
    return copy


def copy_snapshot(path: Path, target: Path, on_pages: Callable[[int, int], None]) -> None:
    """Copies one snapshot of a database into one file, while it may be written to.

    Nobody waits for it: who writes meanwhile goes on, into the file beside the database.

    Args:
        path: the database.
        target: a file that is empty or not there.
        on_pages: told how many pages are still to be copied, of how many; may raise.

    Raises:
        OSError: the target cannot be written (ENOSPC: no room).
        StoreUnavailable: the database cannot be read.
    """
    with translated(path), ExitStack() as open_files:
        source = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
        )
        open_files.enter_context(closing(source))
        # Within one transaction, so that each step copies pages of the same snapshot: else a step
        # would begin from the start again whenever somebody has written.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        target.touch(mode=0o600)
        copy = open_files.enter_context(closing(sqlite3.connect(target, isolation_level=None)))
        copy.execute("PRAGMA journal_mode = OFF")  # whoever makes the copy throws half a one away
        copy.execute("PRAGMA synchronous = OFF")  # and sees to it that a whole one is on the disk
        try:
            source.backup(
                copy, pages=_PAGES_A_STEP, progress=lambda _, left, due: on_pages(left, due)
            )
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, until it is written to
        except sqlite3.Error as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise OSError(ENOSPC, os.strerror(ENOSPC), str(target)) from error
            raise


def _with_begin(engine: Engine, statement: str) -> Engine:
    # Python's driver opens a transaction only before the first INSERT: too late for a snapshot.
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(statement))
    return engine


@contextmanager
def translated(path: Path, clock: ReadClock | None = None) -> Iterator[None]:
    """Turns every error of the database into `StoreUnavailable`; with the clock of a reader, an
    interrupted statement is named as what it is."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error) as error:
        cause = getattr(error, "orig", None) or error
        if clock and getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
            raise ReadTooLong(
                f"A read of the store {path} took more than {clock.limit_s:g} s."
            ) from error
        if getattr(cause, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            raise damaged(path, str(cause)) from error
        raise StoreUnavailable(
            f"The store {path} cannot be used: {cause}.",
            next_step="check that the file is an sfcrime store, that its folder can be written "
            "and that the disk is not full",
        ) from error


def damaged(path: Path, what: str) -> StoreDamaged:
    """The error of a store that is no state of its ledger; `what` is wrong with it."""
    names = (path.with_name(f"damaged-{number}") for number in count(1))
    aside = quote(str(next(name for name in names if not name.exists())))
    return StoreDamaged(
        f"The store {path} is damaged: {what}.",
        rule="A store is copied as a whole, with no job running or by SQLite's own backup "
        "(docs/changing.md).",
        next_step="restore a whole copy; or move the damaged one away, and the next start counts "
        f"the topic from the beginning: mkdir {aside} && mv {quote(str(path))}* {aside}",
    )


def release_pages(connection: Connection) -> None:
    """Gives back the memory of the pages that a connection keeps for its next use; those of a
    transaction under way stay."""
    connection.exec_driver_sql("PRAGMA shrink_memory")


def wrong_pages(connection: Connection, most: int) -> list[str]:
    """What the database finds wrong with its pages and indexes."""
    lines = connection.scalars(text(f"PRAGMA quick_check({most})")).all()
    return [str(line) for line in lines if line != "ok"]


def lost_references(connection: Connection) -> list[str]:
    """The rows that refer to others that are not there."""
    found = connection.execute(text("PRAGMA foreign_key_check")).all()
    return [f"a row of {row[0]} refers to a {row[2]} that is not there" for row in found]
