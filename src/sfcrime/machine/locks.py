"""File locks between processes. The system frees one when its holder ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LockHeld(Exception):
    """Another process holds the lock; its caller says what that means."""


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


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock now; nothing is made where there is no such file."""
    if not path.exists():
        return False
    try:
        with file_lock(path, wait=False):
            return False
    except LockHeld:
        return True
