"""What a backup says of itself: where its ledger ends, and what each of its files holds."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import msgspec

from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import BackupFailed
from sfcrime.kafka.broker_copy import STORAGE
from sfcrime.machine.own_folder import FolderKind
from sfcrime.machine.sealed_files import BrokenSeal, open_sealed, sealed
from sfcrime.machine.whole_files import write_whole
from sfcrime.machine.whole_folders import FileFacts, OnBytes, facts_of
from sfcrime.store import STORE_FILE

MANIFEST_FILE = "backup.json"
BACKUP_FOLDER = FolderKind("backup", "another name", ())
FORMAT = 1
"""Of the manifest; another one where it has other fields."""
_TOPIC_FILE = re.compile(rf"kafka/{STORAGE}(/(?!\.{{1,2}}(/|$))[^/\0]+){{1,2}}")
"""Where the files of the topic are, in a backup as in a data folder."""
_DAMAGED = "A backup is restored as it was made, every bit of it, or not at all."
_ANOTHER = "restore another backup; nothing was written"


class BackupManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file `backup.json`."""

    format: int
    """Of this file: `FORMAT`."""
    made_at: str
    """When the copied state of the store was the newest, an instant."""
    versions: dict[str, str]
    """Of sfcrime, Python and the packages that take part."""
    schema_version: int
    """Of the store."""
    topic: str
    topic_id: str
    holds_topic: bool
    """Whether the embedded broker's files are in it."""
    batches: int
    committed_at: str | None
    """The newest batch, an instant."""
    accounting: Accounting
    ledger_ends: dict[int, int]
    """By partition, the first offset that is not accounted for."""
    topic_ends: dict[int, int]
    """By partition, the first offset that the topic's copy lacks; empty without the topic."""
    files: dict[str, FileFacts]
    """All but this one, by their path in the backup."""
    seal: str = ""
    """SHA-256 of this file with an empty seal."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(each.size for each in self.files.values())


class _Format(msgspec.Struct):
    """What can be read of a manifest of any format."""

    format: int


def write_manifest(folder: Path, manifest: BackupManifest) -> None:
    """Seals it, and puts it into a backup that is otherwise complete."""
    write_whole(folder / MANIFEST_FILE, sealed(manifest))


def read_manifest(folder: Path) -> BackupManifest:
    """The manifest of a backup, none of its other files.

    Raises:
        BackupFailed: there is none, or it is damaged.
    """
    path = folder / MANIFEST_FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BackupFailed(
            f"There is no backup in {folder}: {MANIFEST_FILE} cannot be read ({error.strerror}).",
            rule="A backup is complete once it has this file.",
            next_step="name the folder that `sfcrime backup` made",
        ) from error
    with suppress(msgspec.DecodeError, UnicodeDecodeError):  # told below, with all else
        found = msgspec.json.decode(content, type=_Format).format
        if found != FORMAT:
            raise _damaged(path, f"it has the format {found}, and {FORMAT} is known")
    try:
        manifest = open_sealed(content, BackupManifest)
    except BrokenSeal as error:
        raise _damaged(path, str(error)) from error
    for name in manifest.files:
        if name != STORE_FILE and not _TOPIC_FILE.fullmatch(name):
            raise _damaged(path, f"it names the file {name!r}, which no backup has")
    if STORE_FILE not in manifest.files:
        raise _damaged(path, f"it does not name {STORE_FILE}, which every backup has")
    return manifest


def require_whole(folder: Path, manifest: BackupManifest, on_bytes: OnBytes) -> None:
    """Compares every file with the manifest.

    Raises:
        BackupFailed: naming the first that differs.
    """
    for name, due in manifest.files.items():
        try:
            found = facts_of(folder / name, on_bytes)
        except OSError as error:
            raise _damaged(folder / name, f"it cannot be read ({error.strerror})") from error
        require_same(folder / name, due, found)


def require_same(path: Path, due: FileFacts, found: FileFacts) -> None:
    """Raises BackupFailed where a file does not hold what it has to."""
    if found.size != due.size:
        raise _damaged(path, f"it has {found.size:,} bytes, and had {due.size:,} when it was made")
    if found.sha256 != due.sha256:
        raise _damaged(path, "its content has changed since it was made (SHA-256)")


def _damaged(path: Path, what: str) -> BackupFailed:
    return BackupFailed(
        f"The backup is damaged at {path}: {what}.", rule=_DAMAGED, next_step=_ANOTHER
    )
