"""A copy of the store in one file, of one moment, proved to be whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sfcrime.store import sqlite
from sfcrime.store.reader import open_reader
from sfcrime.store.soundness import store_problems


def copy_store(path: Path, target: Path, on_pages: Callable[[int, int], None]) -> None:
    """Copies the store while a job may write to it, which goes on, and proves the copy.

    Args:
        path: the store.
        target: a file that is not there.
        on_pages: told how many pages are still to be copied, of how many; may raise.

    Raises:
        StoreEmpty: there is no store, or nothing in it yet.
        StoreUnavailable: it cannot be read, is damaged, or has another schema version.
        OSError: the copy cannot be written.
    """
    with open_reader(path):  # what it refuses is not copied first
        pass
    sqlite.copy_snapshot(path, target, on_pages)
    for problem in store_problems(target):
        raise sqlite.damaged(path, problem)
