"""Folders that sfcrime works in: made or taken, locked, emptied, and refused where they are the
user's.

A folder that sfcrime made, or found empty, carries a mark. Files of general names (`kafka/`,
`run/`, `lock`) are written, emptied and deleted only below a mark, and others cannot open what a
mark makes ours. A lock is freed by the system when its holder ends, however it ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sfcrime.errors import AlreadyRunning, UsageError

MARK = ".sfcrime"
"""A file of this name says that sfcrime made the folder, or found it empty."""
PRIVATE_UMASK = 0o077
"""What is made under it can be opened by its owner alone."""
NO_WRITING_UMASK = 0o022
"""What is made under it can be changed by its owner alone."""


@dataclass(frozen=True, slots=True)
class FolderKind:
    """What a folder is for."""

    name: str
    setting: str
    """What names another one."""
    old_signs: tuple[str, ...]
    """Patterns of files of which version 0.1, which set no mark, left one in every such folder."""
    private: bool = True
    """Only its owner may open it (0700)."""


DATA_FOLDER = FolderKind(
    "data folder",
    "--data-dir",
    ("sfcrime.db", "kafka/broker.json", "run/*Activity.json", "spark/sfcrime-scratch"),
)
SPARK_FOLDER = FolderKind("folder of Spark", "--data-dir", ("sfcrime-scratch", "driver.properties"))
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - only a folder of our own in it is used


def take_folder(folder: Path, kind: FolderKind) -> None:
    """Makes the folder, or makes sure that an existing one is ours; marked in both cases.

    Nothing below a symbolic link is looked at. Repeatable; two processes may do it at once.

    Raises:
        UsageError: it holds something and is not ours, or it cannot be made or written.
    """
    try:
        if not is_takeable(folder, kind):
            raise _not_ours(folder, kind, "is not empty, and was not made by sfcrime")
        folder.mkdir(mode=0o700 if kind.private else 0o777, parents=True, exist_ok=True)
        if kind.private and folder.stat().st_mode & PRIVATE_UMASK:
            with suppress(PermissionError):  # another user's, which this one may write into
                folder.chmod(0o700)
        (folder / MARK).touch(mode=0o600)
    except OSError as error:
        raise UsageError(
            f"The {kind.name} {folder} cannot be made or written: {error.strerror}.",
            next_step=f"name a folder that you can write with {kind.setting}",
        ) from error


def _not_ours(folder: Path, kind: FolderKind, because: str) -> UsageError:
    return UsageError(
        f"The {kind.name} {folder} {because}.",
        rule="sfcrime writes and deletes only in folders of its own, so that nothing of yours is "
        "lost.",
        next_step=f"name a folder that is empty or not there with {kind.setting}",
    )


@contextmanager
def take_alone(
    folder: Path, kind: FolderKind, what: str, lock: str = "lock", next_step: str | None = None
) -> Iterator[None]:
    """Takes a folder, and holds a lock in it that says: one process alone does this in it.

    Args:
        folder, kind: as of `take_folder`.
        what, next_step: see `AlreadyRunning`.
        lock: the name of its file.

    Raises:
        UsageError: as `take_folder`.
        AlreadyRunning: another process does it.
    """
    take_folder(folder, kind)
    with ExitStack() as held:
        try:
            held.enter_context(file_lock(folder / lock, wait=False))
        except LockHeld as error:
            raise AlreadyRunning(what, folder, next_step) from error
        yield


def take_empty(folder: Path, kind: FolderKind) -> Path:
    """Takes a folder and removes what is in it; the folder, which only its owner may open.

    Raises:
        UsageError: as `take_folder`; it is a link or another user's.
    """
    if not _is_anothers(folder):
        take_folder(folder, kind)
    if _is_anothers(folder):  # perhaps only now: anybody may make folders in memory
        raise _not_ours(folder, kind, "is a link or another user's")
    _empty(folder)
    return folder


def _is_anothers(folder: Path) -> bool:
    return folder.is_symlink() or (folder.exists() and folder.lstat().st_uid != os.getuid())


def memory_folder(data_dir: Path, memory: Path = MEMORY_FOLDER) -> Path:
    """The folder in memory that goes with a data folder, there or not."""
    digest = hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]
    return memory / f"sfcrime-{os.getuid()}-{digest}"


def is_takeable(folder: Path, kind: FolderKind) -> bool:
    """Whether the folder is ours, or could become ours: nothing is in it that could be lost."""
    if (folder / MARK).is_file() or not _holds_something(folder):
        return True
    # Again the mark: where another process takes the folder now, it was there before all else.
    return any(any(folder.glob(sign)) for sign in (MARK, *kind.old_signs))


def remove_folder(folder: Path) -> None:
    """Removes a folder that carries the mark, as far as that can be done; no other. What cannot be
    removed keeps the mark."""
    if not (folder / MARK).is_file() or folder.is_symlink():
        return
    _empty(folder)
    try:
        (folder / MARK).unlink()
        folder.rmdir()
    except OSError:
        with suppress(OSError):
            (folder / MARK).touch(mode=0o600)


def _empty(folder: Path) -> None:
    """Removes what is in a folder of ours but the mark, as far as that can be done: a JVM whose job
    was killed may be writing there still."""
    with suppress(OSError):
        for each in folder.iterdir():
            if each.name == MARK:
                continue
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each, ignore_errors=True)
            else:
                with suppress(OSError):
                    each.unlink()


@contextmanager
def closed_to_others(umask: int) -> Iterator[None]:
    """What this process makes meanwhile has no mode that `umask` or the user's own forbids."""
    users = os.umask(umask)
    os.umask(users | umask)
    try:
        yield
    finally:
        os.umask(users)


def _holds_something(folder: Path) -> bool:
    """Whether anything but folders and files without content is in it, or would be in its way.

    What cannot be looked into (`lost+found`) cannot be written into.
    """
    if not folder.is_dir():
        return folder.exists()
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            mode = path.lstat().st_mode
            if not (stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and path.lstat().st_size == 0)):
                return True
    return False


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


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock now; nothing is made where there is no such file."""
    if not path.exists():
        return False
    try:
        with file_lock(path, wait=False):
            return False
    except LockHeld:
        return True
