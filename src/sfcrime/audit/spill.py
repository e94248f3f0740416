"""The files of an audit that lie on disk until it ends: rows of numbers, read as they were written.

They lie in a folder of their own in the place for temporary files (`TMPDIR`), which is removed at
the end; one that a killed audit left behind is removed by the next.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sfcrime.errors import Unreachable
from sfcrime.machine.own_folder import MARK, file_lock, is_locked, remove_folder

Rows: TypeAlias = NDArray[Any]
"""A column of numbers, or rows of several of them (a structured array)."""

CHUNK_ROWS = 250_000
"""Rows in memory at a time, wherever they come from a file."""
_PREFIX = "sfcrime-audit-"
_LOCK = "lock"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def open_spill() -> Iterator[Spill]:
    """An empty folder for the length of the `with` block, which only its owner can open.

    Raises:
        Unreachable: it cannot be made, or a file in it cannot be written or read.
    """
    _remove_orphans()
    with translated(Path(tempfile.tempdir or os.environ.get("TMPDIR") or "/tmp")):  # noqa: S108  # named only
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        with ExitStack() as held:
            with translated(folder):
                # First the lock, then the mark: what is marked and not locked belongs to nobody.
                # Who looks for what killed audits left may hold the lock for a moment.
                held.enter_context(file_lock(folder / _LOCK, wait=True))
                (folder / MARK).touch(mode=0o600)
            yield Spill(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_orphans() -> None:
    with suppress(OSError):
        for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
            if folder.lstat().st_uid == os.getuid() and not is_locked(folder / _LOCK):
                remove_folder(folder)


class Spill:
    """Files by name in one folder; each is written by one process, or lies elsewhere.

    How much was written to each is kept in memory: a file that holds another amount when it is
    read is an error, as its rows would be missing from both a count and what it is compared with.

    Args:
        folder: is there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sizes: dict[str, int] = {}
        """Bytes written, by name."""

    def append(self, name: str, rows: Rows) -> None:
        """Writes rows after those that the file holds; a file is made with its first row."""
        if not len(rows):
            return
        with translated(self.folder), (self.folder / name).open("ab") as file:
            size = file.write(np.ascontiguousarray(rows).view(np.uint8).data)
        self.sizes[name] = self.sizes.get(name, 0) + size

    def borrow(self, name: str, path: Path, size: int) -> None:
        """Takes a file that lies elsewhere for one of these; it is read, and left where it is.

        Args:
            name: no file has it yet.
            path: absolute.
            size: bytes that were written to it.
        """
        with translated(self.folder):
            (self.folder / name).symlink_to(path)
        self.sizes[name] = size

    def rows(self, name: str, kind: np.dtype[Any]) -> int:
        """How many rows a file holds; none where there is no such file.

        Raises:
            Unreachable: it does not hold what was written.
        """
        due = self.sizes.get(name, 0)
        with translated(self.folder):
            held = (self.folder / name).stat().st_size if due else 0
            if held != due:
                raise _cut(name)
        return held // kind.itemsize

    def chunks(
        self, name: str, kind: np.dtype[Any], most_rows: int | None = None
    ) -> Iterator[Rows]:
        """The rows of a file as they were written, up to so many at a time (`CHUNK_ROWS` where
        None); no list of them is empty."""
        most_rows = most_rows or CHUNK_ROWS
        due = self.rows(name, kind)
        for first in range(0, due, most_rows):
            with translated(self.folder):
                place = first * kind.itemsize
                rows = np.fromfile(self.folder / name, kind, most_rows, offset=place)
                if len(rows) != min(most_rows, due - first):  # NumPy passes over a failed read
                    raise _cut(name)
            yield rows

    def load(self, name: str, kind: np.dtype[Any]) -> Rows:
        """All rows of a file."""
        return np.concatenate([np.empty(0, kind), *self.chunks(name, kind)])

    def remove(self, name: str) -> None:
        """Gives the room of a file back."""
        self.sizes.pop(name, None)
        with translated(self.folder):
            (self.folder / name).unlink(missing_ok=True)


def _cut(name: str) -> OSError:
    return OSError(errno.EIO, f"the file {name} does not hold what was written to it")


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turns the system's errors about files of the folder into ours.

    Raises:
        Unreachable: saying whether the disk is full.
    """
    try:
        yield
    except OSError as error:
        raise unusable(folder, error) from error


def unusable(folder: Path, error: OSError) -> Unreachable:
    """The error of a folder whose files cannot be written or read."""
    full = error.errno in _NO_ROOM
    happened = "is full" if full else f"cannot be used: {error.strerror}"
    return Unreachable(
        f"The folder {folder} for the temporary files of the audit {happened}.",
        rule="An audit keeps what it reads on disk, up to 100 bytes a record, beside a copy of "
        "the store.",
        next_step="name a folder of a disk with room in the variable TMPDIR",
    )
