"""How the files of a store look, seen without opening it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

SURELY_SEEN_NS = 5_000_000_000
"""A write is in the files before its commit can be seen: as long as it takes to reach the disk. Who
looked when the newest write was not so old yet has to look again. (The index beside the database
would tell, but whoever closes that file loses SQLite's locks on it.)"""


class WrittenState(NamedTuple):
    """How the files of a store look; equal as long as nothing was written to them."""

    files: tuple[tuple[int, int, int], ...]
    """Inode, size, and time of the last write in nanoseconds, of each file that is there."""
    newest_ns: int
    """When the last write was, nanoseconds since 1970; 0 where there is no store."""


def written_state(path: Path) -> WrittenState:
    """Looked up without opening the store. The clock of a file system ticks every few
    milliseconds, so two writes of one tick may look the same."""
    found = []
    for file in (path, path.with_name(f"{path.name}-wal")):
        with suppress(OSError):
            status = file.stat()
            found.append((status.st_ino, status.st_size, status.st_mtime_ns))
    return WrittenState(tuple(found), max((each[2] for each in found), default=0))


def file_identity(path: Path) -> tuple[int, int] | None:
    """Which file stands under this name; None where there is none to be seen."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def was_closed_in_order(path: Path) -> bool:
    """Whether nothing is left beside the database: its last user has put all of it in one file."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size == 0
    except OSError:
        return True
