"""Folders that are there whole or not at all, and copies of files that are proved as they are made.

A folder is filled beside its place, under the name with `.partial` behind it, and gets its name
by one rename, once all of it is on the disk.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sfcrime.errors import UsageError
from sfcrime.machine.own_folder import (
    PRIVATE_UMASK,
    FolderKind,
    closed_to_others,
    remove_folder,
    take_alone,
    take_empty,
)

PARTIAL = ".partial"
_CHUNK = 1 << 20
_SYNC_EVERY = 64 * _CHUNK
"""What is written goes to the disk bit by bit: one long wait at the end would be everybody's."""

OnBytes = Callable[[int], None]
"""Told how many more bytes were read."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file holds, in few words."""

    size: int
    """Bytes."""
    sha256: str


def require_free(folder: Path, kind: FolderKind, next_step: str) -> None:
    """Refuses a place where something is: UsageError unless it is empty or not there. Nothing gets
    the name of a folder that a disk is mounted on."""
    if folder.is_mount():
        raise UsageError(
            f"The {kind.name} {folder} is where a disk is mounted.",
            rule="It is made beside its place, and gets its name once it is whole.",
            next_step=f"name a folder on that disk, such as {folder / kind.name.split()[0]}",
        )
    try:
        held = folder.is_symlink() or (folder.exists() and any(folder.iterdir()))
    except OSError:  # a file, or what cannot be looked into
        held = True
    if held:
        raise UsageError(
            f"The {kind.name} {folder} is there already, and holds something.",
            rule="It is made as a whole, in place of nothing.",
            next_step=next_step,
        )


@contextmanager
def whole_folder(folder: Path, kind: FolderKind, what: str) -> Iterator[Path]:
    """Yields an empty folder of ours, which gets the name `folder` where the block ends well, and
    is removed where it does not. What a killed process left of an earlier one is removed first.

    Args:
        folder: empty, or not there; see `require_free`.
        kind: what it is.
        what: a noun for what is done, see `AlreadyRunning`.

    Raises:
        UsageError: what stands in the way is not ours, or nothing can be written there.
        AlreadyRunning: another process does the same at this moment.
        OSError: it cannot be put on the disk, or not be renamed.
    """
    partial = folder.with_name(f"{folder.name}{PARTIAL}")
    with closed_to_others(PRIVATE_UMASK), take_alone(partial, kind, what):
        try:
            content = take_empty(partial / "content", kind)
            yield content
            for place, _, _ in os.walk(content):
                sync(Path(place))
            content.rename(folder)
            sync(folder.parent)
        finally:
            remove_folder(partial)


def copy_file(source: Path, target: Path, on_bytes: OnBytes) -> FileFacts:
    """Copies as much of a file as it holds when it is opened, and syncs it; it may grow meanwhile.

    Raises:
        OSError: one of them cannot be read or written.
    """
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as reading:
        due = os.fstat(reading.fileno()).st_size
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as writing:
            while chunk := reading.read(min(_CHUNK, due - size)):
                writing.write(chunk)
                digest.update(chunk)
                size += len(chunk)
                on_bytes(len(chunk))
                if size % _SYNC_EVERY == 0:
                    writing.flush()
                    os.fsync(descriptor)
            writing.flush()
            os.fsync(descriptor)
    return FileFacts(size, digest.hexdigest())


def facts_of(path: Path, on_bytes: OnBytes = lambda _: None) -> FileFacts:
    """Reads a file to its end."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as reading:
        while chunk := reading.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            on_bytes(len(chunk))
    return FileFacts(size, digest.hexdigest())


def sync(path: Path) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
