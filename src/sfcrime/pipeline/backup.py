"""Copies store and topic while they are written to, into a folder that proves itself; and back.

The store is copied first, one moment of it, then the embedded broker's files. So the topic's copy
reaches at least as far as the copied ledger, and a run on both goes on from there.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EDQUOT, ENOSPC
from pathlib import Path
from shlex import quote

from msgspec.structs import replace

from sfcrime.domain.wall_clock import instant_iso
from sfcrime.errors import BackupFailed, UsageError
from sfcrime.kafka.broker import BROKER_FOLDER
from sfcrime.kafka.broker_copy import (
    copy_storage,
    holds_topic,
    storage_size,
    topic_ends,
)
from sfcrime.kafka.broker_record import broker_folder
from sfcrime.machine.clock import now_ms
from sfcrime.machine.own_folder import DATA_FOLDER, FolderKind, take_folder
from sfcrime.machine.whole_folders import (
    copy_file,
    facts_of,
    require_free,
    sync,
    whole_folder,
)
from sfcrime.pipeline.backup_manifest import (
    BACKUP_FOLDER,
    FORMAT,
    BackupManifest,
    read_manifest,
    require_same,
    require_whole,
    write_manifest,
)
from sfcrime.settings import Settings
from sfcrime.store import STORE_FILE
from sfcrime.store.address import store_address
from sfcrime.store.copying import copy_store
from sfcrime.store.reader import open_reader
from sfcrime.store.schema import SCHEMA_VERSION
from sfcrime.streaming.run_facts import versions

OnProgress = Callable[[str, int, int], None]
"""Told (step, bytes done, bytes due); may raise to end it."""

_SPARE_BYTES = 64 << 20
"""Stay free on the disk: the job and the broker may be writing to it, too."""


def back_up(
    settings: Settings, target: Path, on_progress: OnProgress, *, store_only: bool
) -> BackupManifest:
    """Makes a backup of the data folder, which may be in use; it is there whole or not at all.

    Args:
        settings: which data folder; with an outside cluster the topic is left out.
        target: the backup's folder, not there or empty.
        on_progress: told how far it is.
        store_only: leave the topic out.

    Raises:
        UsageError: the target holds something or cannot be written, or the store is in a database.
        AlreadyRunning: the same backup is being made.
        StoreEmpty, StoreUnavailable: there is no store, or it is damaged.
        BackupFailed: no room, or the topic's files do not reach as far as the ledger.
    """
    store, broker = _store_file(settings), broker_folder(settings.data_dir)
    target = target.resolve()
    require_free(target, BACKUP_FOLDER, "give each backup a name of its own, such as its day")
    _require_apart(target, BACKUP_FOLDER, settings.data_dir, DATA_FOLDER)
    with _written(target, BACKUP_FOLDER, "backup") as content:
        copied_store = content / STORE_FILE
        made_ms = now_ms()
        _copy_store(store, copied_store, on_progress)
        manifest = _described(copied_store, made_ms)
        outside = store_only or settings.kafka.bootstrap_servers != ""
        if not outside:
            manifest = _with_topic(manifest, broker, content, on_progress)
        write_manifest(content, manifest)
    return manifest


def _store_file(settings: Settings) -> Path:
    address = store_address(settings)
    if isinstance(address, Path):
        return address
    raise UsageError(
        f"The store {address} is in a database.",
        rule="A backup copies files of the data folder. A database has means of its own, and one "
        "dump of it is one moment of the store.",
        next_step=f"pg_dump --format=custom --file=store.dump {quote(str(address))}",
    )


def restore(backup: Path, data_dir: Path, on_progress: OnProgress) -> BackupManifest:
    """Makes a data folder of a backup; it is there whole or not at all.

    Interrupted, it can be repeated. Nothing is written before every file was compared with the
    manifest, and each is compared again as it is copied.

    Args:
        backup: the folder of a backup.
        data_dir: not there or empty.
        on_progress: told how far it is.

    Raises:
        UsageError: the data folder holds something, or cannot be written.
        AlreadyRunning: it is being restored to.
        BackupFailed: the backup is damaged, or there is no room.
    """
    data_dir = data_dir.resolve()
    require_free(
        data_dir,
        DATA_FOLDER,
        "name a folder that is not there yet with --data-dir; or end what runs on this one and "
        f"move it away: mv {quote(str(data_dir))} {quote(f'{data_dir}.old')}",
    )
    _require_apart(data_dir, DATA_FOLDER, backup, BACKUP_FOLDER)
    manifest = read_manifest(backup)
    require_whole(backup, manifest, _Step("checking the backup", manifest.size, on_progress).add)
    with _written(data_dir, DATA_FOLDER, "restore") as content:
        _require_room(content, manifest.size)
        copied = _Step("restoring", manifest.size, on_progress)
        if manifest.holds_topic:
            take_folder(broker_folder(content), BROKER_FOLDER)
        for name, due in manifest.files.items():
            require_same(backup / name, due, copy_file(backup / name, content / name, copied.add))
    return manifest


class _Step:
    """Adds up what is done of a step."""

    def __init__(self, name: str, due: int, on_progress: OnProgress) -> None:
        self._name, self._due, self._on_progress, self._done = name, due, on_progress, 0
        self.add(0)

    def add(self, more: int) -> None:
        self._done += more
        self._on_progress(self._name, min(self._done, self._due), self._due)


def _copy_store(store: Path, copy: Path, on_progress: OnProgress) -> None:
    name = "copying the store"
    if store.is_file():
        _require_room(copy.parent, store.stat().st_size)
    copy_store(store, copy, lambda left, due: on_progress(name, due - left, due))
    sync(copy)


def _described(store: Path, made_ms: int) -> BackupManifest:
    """The manifest of a backup that holds the store alone."""
    with open_reader(store) as reader:
        generation, totals = reader.generation(), reader.totals()
        ends = {each.partition: each.end for each in reader.partition_ledger()}
    return BackupManifest(
        format=FORMAT,
        made_at=instant_iso(made_ms) or "",
        versions={name: text for name, text in versions().items() if text is not None},
        schema_version=SCHEMA_VERSION,
        topic=generation.topic,
        topic_id=generation.topic_id,
        holds_topic=False,
        batches=totals.batches,
        committed_at=instant_iso(totals.committed_ms),
        accounting=totals.accounting,
        ledger_ends=ends,
        topic_ends={},
        files={STORE_FILE: facts_of(store)},
    )


def _with_topic(
    manifest: BackupManifest, broker: Path, content: Path, on_progress: OnProgress
) -> BackupManifest:
    """Copies the broker's files, and proves that they hold all that was counted."""
    _require_topic(broker, broker, manifest)
    due = storage_size(broker)
    _require_room(content, due)
    copied = _Step("copying the topic", due, on_progress)
    facts = copy_storage(broker, broker_folder(content), copied.add)
    _require_topic(broker_folder(content), broker, manifest)  # not one made again meanwhile
    ends = topic_ends(broker_folder(content), manifest.topic)
    for partition, counted in manifest.ledger_ends.items():
        if ends.get(partition, 0) < counted:
            raise BackupFailed(
                f"The broker's files hold partition {partition} of {manifest.topic} up to offset "
                f"{ends.get(partition, 0):,}, and the store counted up to {counted:,}.",
                rule="A backup holds at least the records that were counted.",
                next_step="see what `sfcrime audit` says; --store-only leaves the topic out",
            )
    files = manifest.files | {f"{broker_folder(Path()).name}/{name}": facts[name] for name in facts}
    return replace(manifest, holds_topic=True, topic_ends=ends, files=files)


def _require_topic(holder: Path, broker: Path, manifest: BackupManifest) -> None:
    """Raises BackupFailed where the broker's files, or their copy, hold another topic."""
    counted = [partition for partition, end in manifest.ledger_ends.items() if end]
    if not holds_topic(holder, manifest.topic, manifest.topic_id, counted):
        raise BackupFailed(
            f"The broker's files in {broker} do not hold the topic {manifest.topic} with the id "
            f"{manifest.topic_id!r}, which was counted.",
            rule="A backup holds the records that its numbers were made of.",
            next_step="name the cluster that was counted with --bootstrap-servers, or leave the "
            "topic out: --store-only",
        )


def _require_apart(folder: Path, kind: FolderKind, other: Path, others: FolderKind) -> None:
    """Refuses a folder that would be lost, or changed, together with what it is a copy of."""
    if folder.is_relative_to(other.resolve()):
        raise UsageError(
            f"The {kind.name} {folder} would be inside the {others.name} {other}.",
            rule="A copy is kept apart from what it is a copy of.",
            next_step="name a folder elsewhere, best on another disk",
        )


@contextmanager
def _written(folder: Path, kind: FolderKind, what: str) -> Iterator[Path]:
    """`whole_folder` whose errors say what was not made, and why."""
    try:
        with whole_folder(folder, kind, what) as content:
            yield content
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        raise BackupFailed(
            f"The {kind.name} {folder} cannot be made: {error.strerror}{place}.",
            rule="It is made whole or not at all; what was written of it is removed.",
            next_step="make room there, or name a folder on another disk"
            if error.errno in (ENOSPC, EDQUOT)
            else "mend what the system names, and run it again",
        ) from error


def _require_room(folder: Path, size: int) -> None:
    """Raises OSError where a disk has no room for so many bytes, before it is filled."""
    if shutil.disk_usage(folder).free < size + _SPARE_BYTES:
        raise OSError(ENOSPC, f"{os.strerror(ENOSPC)}: {size:,} bytes are needed")
