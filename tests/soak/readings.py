"""What a running service holds: memory, descriptors and threads by process, files on disk.

From /proc and the file system. `memory` is what a process alone needs: anonymous pages, those that
forked processes share in parts. Mapped files and the page cache are left out: the system takes
them back when it wants.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from usage import PARTS, role_of

from running import command_line
from sfcrime.kafka.broker_record import ProcessIdentity, identity_of
from sfcrime.machine.own_folder import memory_folder
from sfcrime.machine.usage import OTHER, process_tree
from sfcrime.store import STORE_FILE

ROLES = ("supervisor and view", "producer", "stream", "page", "Python workers")
"""The Python processes of a run, by role."""
JVM_ROLES = ("Spark driver", "broker")
SETTLED_S = 2.0
"""A process that is younger may be one about to become another."""
GC_OPTION = "-Xlog:gc:file={folder}/gc-%p.log::filecount=2,filesize=1m"
"""Lets each JVM note its collections of garbage."""
_FULL_COLLECTION = re.compile(rb"Pause Full .*?\d+M->(\d+)M\(\d+M\)")
_NEWEST_BYTES = 128 * 1024
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Member:
    """A process of the run."""

    identity: ProcessIdentity
    role: str
    age_s: float
    parent: int


@dataclass(slots=True)
class Sight:
    """What was read at one moment: figures by name, and whose life each belongs to."""

    values: dict[str, float] = field(default_factory=dict)
    lives: dict[str, tuple[str, float]] = field(default_factory=dict)
    """By role: a name for the set of its processes, and the age of the youngest."""


def members_of(root: int) -> list[Member]:
    """The run and all its descendants that have lived for a moment."""
    found = []
    for process in process_tree([root]):
        identity, role = identity_of(process.pid), role_of(process.pid, PARTS)
        if identity is None or role == OTHER:
            continue
        age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - (
            int(identity.started.rpartition(":")[2]) / _TICKS_PER_S
        )
        if age_s >= SETTLED_S:
            found.append(Member(identity, role, age_s, process.parent))
    return found


def see_processes(members: Iterable[Member], gc_folder: Path, sight: Sight) -> None:
    """Adds memory, descriptors and threads of each role; all its processes together."""
    by_role: dict[str, list[Member]] = {}
    for member in members:
        by_role.setdefault(member.role, []).append(member)
    for role, those in by_role.items():
        held = [figures_of(each.identity.pid) for each in those]
        if not all(held):  # one ended meanwhile: a sum without it would be another figure
            continue
        for name in held[0]:
            sight.values[f"{role}: {name}"] = sum(each[name] for each in held)
        pids = sorted(each.identity.pid for each in those)
        life = f"{' '.join(map(str, pids))} {min(each.identity.started[-9:] for each in those)}"
        sight.lives[role] = life, min(each.age_s for each in those)
        live_mb = live_heap_mb(gc_folder / f"gc-{pids[0]}.log")
        if live_mb is not None:
            sight.values[f"{role}: live heap MB"] = live_mb


def figures_of(pid: int) -> dict[str, float]:
    """Of one process; empty where it is gone."""
    folder = Path(f"/proc/{pid}")
    try:
        kib = _kib_by_name(folder / "smaps_rollup")
        descriptors = sum(1 for _ in (folder / "fd").iterdir())
        threads = sum(1 for _ in (folder / "task").iterdir())
        rss = int((folder / "statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return {}
    private = kib.get("Private_Clean", 0) + kib.get("Private_Dirty", 0)
    own = kib.get("Pss_Anon", kib.get("Anonymous", 0)) + kib.get("SwapPss", 0)
    return {
        "memory MB": own * 1024 / 1e6,
        "PSS MB": kib.get("Pss", 0) * 1024 / 1e6,
        "USS MB": private * 1024 / 1e6,
        "RSS MB": rss / 1e6,
        "descriptors": descriptors,
        "threads": threads,
    }


def _kib_by_name(path: Path) -> dict[str, int]:
    lines = path.read_text(encoding="ascii").splitlines()[1:]
    return {name: int(rest.split()[0]) for name, _, rest in (each.partition(":") for each in lines)}


def live_heap_mb(log: Path) -> float | None:
    """What the last full collection in a JVM's log left, in MB; None before the first. What others
    leave holds garbage of their elders, and grows until the next full one."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _NEWEST_BYTES))
            found = _FULL_COLLECTION.findall(file.read())
    except OSError:
        return None
    return int(found[-1]) * 2**20 / 1e6 if found else None


def see_folders(data_dir: Path, topic: str, sight: Sight) -> None:
    """Adds what store, topic, logs and work folders take on disk, in MB, and their files."""
    kafka, spark = data_dir / "kafka", data_dir / "spark"
    logs = [*spark.glob("driver.log*"), *spark.glob("driver.out")]
    places: Mapping[str, Iterable[Path]] = {
        "store": [data_dir / STORE_FILE],
        "store's log": [data_dir / f"{STORE_FILE}{end}" for end in ("-wal", "-shm")],
        "topic": kafka.glob(f"log/{topic}-*"),
        "broker's own records": set(kafka.glob("log/*")) - set(kafka.glob(f"log/{topic}-*")),
        "broker's logs": kafka.glob("broker.*"),
        "driver's logs": logs,
        "spark folder": set(spark.glob("*")) - set(logs),
        "checkpoint folder": [memory_folder(data_dir)],
        "run folder": [data_dir / "run"],
    }
    for name, paths in places.items():
        taken, files = taken_by(paths)
        sight.values[f"{name}: MB"] = taken / 1e6
        sight.values[f"{name}: files"] = files
    sight.values["free disk: MB"] = shutil.disk_usage(data_dir.parent).free / 1e6


def taken_by(paths: Iterable[Path]) -> tuple[int, int]:
    """Bytes on disk (holes are none) and number of files, of files and of all below folders."""
    taken = files = 0
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        try:
            if path.is_dir() and not path.is_symlink():
                waiting += path.iterdir()
                continue
            taken += path.lstat().st_blocks * 512
            files += 1
        except OSError:  # it was removed meanwhile
            continue
    return taken, files


def is_forked_worker(member: Member, members: Iterable[Member]) -> bool:
    """Whether it is a Python worker itself, and not the process that workers are forked from."""
    daemons = {each.identity.pid for each in members if each.role == member.role}
    return member.parent in daemons and "worker_daemon" in command_line(member.identity)
