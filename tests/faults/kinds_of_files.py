"""Faults of files: what a killed service finds lost, torn or old at its start; full disks."""

from __future__ import annotations

import errno
import os
import random
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from kinds import Inflicted, a_while
from service import Position, Service

from sfcrime.machine.own_folder import memory_folder
from sfcrime.spark.driver import WORK_FOLDER
from sfcrime.store import STORE_FILE

_BLOCK = b"\0" * 65_536
_COPY_IS_OLDER_BY_S = 5.0

DISKS = {"data": 192, "data/kafka": 192}
"""Folders of a service on small disks, with the size of each in MB: its store, its broker's log."""


@contextmanager
def _killed_meanwhile(service: Service, *, to_older_store: bool = False) -> Iterator[None]:
    """The files are changed within the block; readers see nothing of it."""
    with service.observer.looking_away(may_go_back=to_older_store):
        service.kill()
        yield
        service.start()


def lost(what: str, files_of: Callable[[Service], list[Path]]) -> Callable[..., Inflicted]:
    """Removes files and folders that have to be made again by themselves."""

    def inflict(service: Service, chance: random.Random) -> Inflicted:
        with _killed_meanwhile(service):
            since, gone = service.position(), [each for each in files_of(service) if each.exists()]
            assert gone, f"there are no {what}"
            for each in gone:
                shutil.rmtree(each) if each.is_dir() else each.unlink()
        return Inflicted(f"{len(gone)} {what}", since)

    return inflict


def checkpoint_folder(service: Service) -> list[Path]:
    return [memory_folder(service.data_dir.resolve())]


def spark_folder(service: Service) -> list[Path]:
    return [service.data_dir / WORK_FOLDER]


def activity_files(service: Service) -> list[Path]:
    return sorted((service.data_dir / "run").glob("*.json"))


def segment_indexes(service: Service) -> list[Path]:
    """Of the broker's log; it finds them broken where it was killed, and makes them again."""
    topics = (service.data_dir / "kafka").rglob("*.index")
    return [*topics, *(service.data_dir / "kafka").rglob("*.timeindex")]


def clean_shutdown_mark_lost(service: Service, chance: random.Random) -> Inflicted:
    """A broker that ended in order finds no mark of it, as after a power cut."""
    with service.observer.looking_away():
        service.stop()
        since = service.position()
        marks = list((service.data_dir / "kafka").rglob(".kafka_cleanshutdown"))
        assert marks, "there are no marks"
        for mark in marks:
            mark.unlink()
        service.start()
    return Inflicted(f"{len(marks)} marks", since)


def wal_torn(service: Service, chance: random.Random) -> Inflicted:
    """The last bytes of the file beside the database are gone, as after a power cut on a disk that
    said it had written them: the newest transactions were never made."""
    with _killed_meanwhile(service, to_older_store=True):
        before = service.position()
        wal = service.data_dir / f"{STORE_FILE}-wal"
        wal.with_name(f"{STORE_FILE}-shm").unlink(missing_ok=True)
        size = wal.stat().st_size if wal.exists() else 0
        assert size, "there is no file beside the database"
        torn = min(size, chance.randint(1, 40_000))
        os.truncate(wal, size - torn)
        since = service.position()
        assert -1 < since.batch <= before.batch, f"a torn store is at {since}, it was at {before}"
    batches = before.batch - since.batch
    return Inflicted(f"{torn} of {size} bytes, {batches} batches", since)


def backup_restored(service: Service, chance: random.Random) -> Inflicted:
    """A copy that SQLite made of the running store a while ago is put in its place."""
    store, copy = service.data_dir / STORE_FILE, service.folder / "copy.db"
    with closing(sqlite3.connect(store)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    a_while(chance, 2 * _COPY_IS_OLDER_BY_S, _COPY_IS_OLDER_BY_S)
    with _killed_meanwhile(service, to_older_store=True):
        before = service.position()
        _remove_store(service)
        shutil.move(copy, store)
        since = service.position()
        assert -1 < since.batch < before.batch, f"a copy is at {since}, the store was at {before}"
    return Inflicted(f"{before.batch - since.batch} batches older", since)


def store_lost(service: Service, chance: random.Random) -> Inflicted:
    """Nothing is left of the store: all is counted from the topic's beginning."""
    with _killed_meanwhile(service, to_older_store=True):
        before = service.position()
        _remove_store(service)
    return Inflicted(f"after batch {before.batch}", Position())


def _remove_store(service: Service) -> None:
    for file in service.data_dir.glob(f"{STORE_FILE}*"):
        file.unlink()


# Full disks

Fill = Callable[[Service], Path]


def data_disk(service: Service) -> Path:
    return service.data_dir


def broker_disk(service: Service) -> Path:
    return service.data_dir / "kafka"


def checkpoint_disk(service: Service) -> Path:
    """The small /dev/shm of the service, seen through a process that the full disk does not end."""
    return Path(f"/proc/{service.victim('run')}/root/dev/shm")


def disk_full(disk_of: Fill) -> Callable[[Service, random.Random], Inflicted]:
    """No byte is free for a while."""

    def inflict(service: Service, chance: random.Random) -> Inflicted:
        filler = disk_of(service) / "filler"
        filler.touch()
        seconds = chance.uniform(3, 20)
        ends_s, written = time.monotonic() + seconds, 0
        try:
            while time.monotonic() < ends_s:
                written += _fill(filler)
                time.sleep(0.1)
        finally:
            filler.unlink()  # where it cannot be, nothing was healed
        return Inflicted(f"{written >> 20} MB for {seconds:.0f} s", service.position())

    return inflict


def _fill(filler: Path) -> int:
    """Appends until no byte is free; how many it took."""
    written = 0
    try:
        with filler.open("ab", buffering=0) as file:
            while True:
                written += file.write(_BLOCK)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    return written


@contextmanager
def small_disks(folder: Path) -> Iterator[None]:
    """Mounts those of a service below its folder; they are gone with the block."""
    mounted: list[Path] = []
    try:
        for name, megabytes in DISKS.items():
            place = folder / name
            place.mkdir(mode=0o700)
            options = f"size={megabytes}m,mode=0700"
            subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)],
                check=True,
                capture_output=True,
            )
            mounted.append(place)
        yield
    finally:
        for place in reversed(mounted):
            _unmount(place)


def _unmount(place: Path) -> None:
    """At once where nobody uses it; else it is taken out of sight, and goes with its last user."""
    for command in (["umount", str(place)], ["umount", "--lazy", str(place)]):
        if subprocess.run(command, check=False, capture_output=True).returncode == 0:
            return
    raise OSError(f"{place} cannot be unmounted")


def can_mount(folder: Path) -> bool:
    """Whether this user may mount, here and in a namespace of its own."""
    try:
        with small_disks(folder):
            pass
        return subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0
    except (OSError, subprocess.CalledProcessError):
        return False
