"""Folders of a run that nobody needs once it has ended: Spark's working files and its checkpoint.

Spark must have a checkpoint to run a query; this query's is of no use to the next one, which
continues where the ledger ends. So it is thrown away at every start, and may be in memory. Only
folders that carry our mark are ever emptied.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sfcrime.errors import Refused

MARK = "sfcrime-scratch"
"""A file of this name says that the folder is ours, and that nothing in it has to last."""
WORK_FOLDER = "spark"
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - only a folder of our own in it is used
_OLD_CHECKPOINTS, _OLD_MARK = "checkpoint", "sfcrime.json"
"""Where version 0.1 kept Spark's checkpoints, and the file that it put into each of them."""
_OLD_WORK_FILE = "driver.properties"
"""What version 0.1 left in its unmarked `WORK_FOLDER`."""


def fresh_work_dir(data_dir: Path) -> Path:
    """An empty folder for Spark's log, configuration and sockets; the job's lock is held.

    Raises:
        Refused: a folder of that name exists and is not ours.
    """
    return _taken(data_dir / WORK_FOLDER, marks=(MARK, _OLD_WORK_FILE))


@contextlib.contextmanager
def throw_away_checkpoint(data_dir: Path, memory: Path = MEMORY_FOLDER) -> Iterator[Path]:
    """An empty folder for one start of the query, in memory where the system has such folders.

    What an earlier start left there is removed; the job's lock is held, so nobody uses it.

    Args:
        data_dir: of the job; another one has another folder.
        memory: where folders are in memory, if it exists.

    Raises:
        Refused: see `fresh_work_dir`.
    """
    folder = memory_folder(data_dir, memory)
    if not memory.is_dir() or not _take(folder):
        folder = _taken(data_dir / WORK_FOLDER / "checkpoint")
    # A JVM that is still dying may write into the folder of its own start, and into no other.
    try:
        yield Path(tempfile.mkdtemp(prefix="start-", dir=folder))
    finally:
        _remove(folder)


def memory_folder(data_dir: Path, memory: Path = MEMORY_FOLDER) -> Path:
    """Where a data folder's checkpoints are, if they can be in memory; there or not."""
    digest = hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]
    return memory / f"sfcrime-{os.getuid()}-{digest}"


def _taken(folder: Path, marks: tuple[str, ...] = (MARK,)) -> Path:
    if _take(folder, marks):
        return folder
    raise Refused(
        f"The folder {folder} is needed, and cannot be made or was not made by sfcrime.",
        rule="Only what carries sfcrime's mark is ever emptied.",
        next_step="move it elsewhere, or use another --data-dir",
    )


def _take(folder: Path, marks: tuple[str, ...] = (MARK,)) -> bool:
    """Makes the folder empty and ours alone; False where it is not ours, or cannot be made."""
    try:
        if folder.is_symlink():
            return False
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        marked = any((folder / mark).is_file() for mark in marks)
        is_empty = not any(folder.iterdir())  # new, or its maker was killed before it marked it
        if folder.lstat().st_uid != os.getuid() or not (marked or is_empty):
            return False
        folder.chmod(0o700)
        (folder / MARK).touch(mode=0o600)
    except OSError:
        return False
    _empty(folder)
    return True


def _remove(folder: Path) -> None:
    """Removes a folder of ours; one that cannot be emptied keeps its mark."""
    _empty(folder)
    try:
        (folder / MARK).unlink()
        folder.rmdir()
    except OSError:
        with contextlib.suppress(OSError):
            (folder / MARK).touch(mode=0o600)


def _empty(folder: Path) -> None:
    """Removes what is in a folder of ours, the mark excepted, as far as that can be done: a JVM
    whose job was killed may be writing there still."""
    with contextlib.suppress(OSError):
        for each in folder.iterdir():
            if each.name == MARK:
                continue
            if each.is_dir() and not each.is_symlink():
                shutil.rmtree(each, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    each.unlink()


def clear_old_checkpoints(data_dir: Path) -> None:
    """Removes the checkpoints of version 0.1 that carry its mark, and their folder once empty.

    To be called once there is a store that does not need them.
    """
    folder = data_dir / _OLD_CHECKPOINTS
    if not folder.is_dir() or folder.is_symlink():
        return
    for each in folder.iterdir():
        if (each / _OLD_MARK).is_file() and not each.is_symlink():
            shutil.rmtree(each)
    if not any(folder.iterdir()):
        folder.rmdir()
