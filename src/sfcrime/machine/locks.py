"""File locks between processes. The system frees one when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sfcrime.errors import AlreadyRunning


class LockHeld(Exception):
    """Another process holds the lock."""


@contextmanager
def file_lock(path: Path, *, wait: bool) -> Iterator[None]:
    """Holds an exclusive lock on `path`, which is created if needed and never removed.

    Args:
        path: on a local disk; children do not inherit the lock.
        wait: wait for the holder, instead of failing at once.

    Raises:
        LockHeld: `wait` is false and another process holds the lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise LockHeld(str(path)) from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def only_one(what: str, lock: Path, next_step: str | None = None) -> Iterator[None]:
    """Holds a lock that says: one process alone does this in the folder of the lock.

    Raises:
        AlreadyRunning: another does it; see there for the arguments.
    """
    with ExitStack() as held:
        try:
            held.enter_context(file_lock(lock, wait=False))
        except LockHeld as error:
            raise AlreadyRunning(what, lock.parent, next_step) from error
        yield


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock now; nothing is made where there is no such file."""
    if not path.exists():
        return False
    try:
        with file_lock(path, wait=False):
            return False
    except LockHeld:
        return True
