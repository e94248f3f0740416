"""Whether a store was written to, seen without reading it; and which file it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from sfcrime.machine.file_place import place_of
from sfcrime.store.address import StoreAddress

SURELY_SEEN_NS = 5_000_000_000
"""A write is in the files before its commit can be seen: as long as it takes to reach the disk. Who
looked when the newest write was not so old yet has to look again. (The index beside the database
would tell, but whoever closes that file loses SQLite's locks on it.)"""


class WrittenState(NamedTuple):
    """How a store looks; equal as long as nothing was written to it."""

    marks: tuple[Hashable, ...]
    """Of each file that is there: inode, size, and time of the last write in nanoseconds. Of a
    database of PostgreSQL: what its newest commit changed."""
    newest_ns: int
    """When the last write was, nanoseconds since 1970; 0 where there is no store, and where a
    write is seen once it is committed."""


NO_ANSWER = WrittenState(("no answer",), 0)
"""How a database looks that does not answer; no other looks like it."""


def open_look(address: StoreAddress) -> Callable[[], WrittenState]:
    """What says how a store looks: to be called again and again, by one thread. It raises nothing:
    a database that does not answer is `NO_ANSWER`, and whoever reads it hears why."""
    if isinstance(address, Path):
        return partial(written_state, address)
    from sfcrime.store.postgresql_look import PostgresqlLook

    return PostgresqlLook(address)


def written_state(path: Path) -> WrittenState:
    """Looked up without opening the store. The clock of a file system ticks every few
    milliseconds, so two writes of one tick may look the same."""
    found = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        with suppress(OSError):
            status = file.stat()
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return WrittenState(tuple(found), max((each[2] for each in found), default=0))


def file_identity(address: StoreAddress) -> tuple[int, int] | None:
    """Which file stands under this name; None where there is none to be seen, and of a database,
    from which none of its users can be parted unseen."""
    return place_of(address) if isinstance(address, Path) else None


def was_closed_in_order(address: StoreAddress) -> bool:
    """Whether nothing is left beside the file: its last user has put all of it in one. PostgreSQL
    sees to that by itself."""
    try:
        return (
            not isinstance(address, Path)
            or address.with_name(f"{address.name}-wal").stat().st_size == 0
        )
    except OSError:
        return True
