"""Folders that sfcrime writes its own files into: made or taken once, and refused where they are
the user's.

A folder that sfcrime made, or found empty, carries a mark. Files of general names (`kafka/`,
`run/`, `lock`) are written, emptied and deleted only below a mark, and others cannot open what a
mark makes ours.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sfcrime.errors import UsageError

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
BROKER_FOLDER = FolderKind("broker's folder", "--data-dir", ("lock", "broker.json"))


def take_folder(folder: Path, kind: FolderKind) -> None:
    """Makes the folder, or makes sure that an existing one is ours; marked in both cases.

    Nothing below a symbolic link is looked at. Repeatable; two processes may do it at once.

    Raises:
        UsageError: it holds something and is not ours, or it cannot be made or written.
    """
    try:
        if not is_takeable(folder, kind):
            raise UsageError(
                f"The {kind.name} {folder} is not empty, and was not made by sfcrime.",
                rule="sfcrime writes and deletes only in folders of its own, so that nothing of "
                "yours is lost.",
                next_step=f"name a folder that is empty or not there with {kind.setting}",
            )
        folder.mkdir(parents=True, exist_ok=True)
        if kind.private and folder.stat().st_mode & PRIVATE_UMASK:
            with suppress(PermissionError):  # another user's, which this one may write into
                folder.chmod(0o700)
        (folder / MARK).touch(mode=0o600)
    except OSError as error:
        raise UsageError(
            f"The {kind.name} {folder} cannot be made or written: {error.strerror}.",
            next_step=f"name a folder that you can write with {kind.setting}",
        ) from error


def is_takeable(folder: Path, kind: FolderKind) -> bool:
    """Whether the folder is ours, or could become ours: nothing is in it that could be lost."""
    if (folder / MARK).is_file() or not _holds_something(folder):
        return True
    # Again the mark: where another process takes the folder now, it was there before all else.
    return any(any(folder.glob(sign)) for sign in (MARK, *kind.old_signs))


def remove_folder(folder: Path) -> None:
    """Removes a folder that carries the mark, as far as that can be done; no other."""
    if (folder / MARK).is_file() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)


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
