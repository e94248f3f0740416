"""Which process is the broker of a data folder, and where it listens.

A process is only ever ended by an identity that was taken when it was started, never by name.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from sfcrime.machine.child import STOP_GRACE_S
from sfcrime.machine.file_place import place_of
from sfcrime.machine.processes import stat_fields
from sfcrime.machine.whole_files import write_whole
from sfcrime.settings import KafkaSettings, Settings


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process id, and when it started: ids are used again, the pair is not."""

    pid: int
    started: str
    """As the system gives it; compared, never read."""


def identity_of(pid: int) -> ProcessIdentity | None:
    """The identity of a running process; None where there is none, or only its remains."""
    if sys.platform != "linux":
        return _identity_from_ps(pid)
    fields = stat_fields(pid)
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    if fields is None:
        return None
    state, started_ticks = fields[0], fields[19]
    return None if state in "ZX" else ProcessIdentity(pid, f"{boot}:{started_ticks}")


def noted_identity(pid: int) -> ProcessIdentity:
    """The identity of a process, to be noted; that of none where it has ended already."""
    return identity_of(pid) or ProcessIdentity(pid, "")


def is_alive(identity: ProcessIdentity) -> bool:
    """True while exactly this process runs."""
    return identity_of(identity.pid) == identity


def stop_identity(identity: ProcessIdentity, grace_s: float = STOP_GRACE_S) -> None:
    """Ends a process that is not our child: SIGTERM, then SIGKILL after `grace_s` seconds."""
    for number, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 5.0)):
        if not is_alive(identity):
            return
        try:
            os.kill(identity.pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + wait_s
        while is_alive(identity) and time.monotonic() < deadline:
            time.sleep(0.05)


class BrokerRecord(msgspec.Struct, frozen=True):
    """Which process is the broker, whose it is, and where it listens; kept in `broker.json`."""

    broker: ProcessIdentity
    owner: ProcessIdentity
    """The sfcrime process that started it."""
    bootstrap_servers: str
    answers: bool = False
    """It has answered once; before that, it is still starting."""
    place: tuple[int, int] | None = None
    """Device and inode of the folder that it was written in."""

    def is_running(self) -> bool:
        """Whether it can be used. A broker whose owner is gone is about to end."""
        return self.answers and is_alive(self.owner) and is_alive(self.broker)


def broker_folder(data_dir: Path) -> Path:
    """Where everything that the broker keeps is."""
    return data_dir / "kafka"


def write_record(folder: Path, record: BrokerRecord) -> None:
    """Replaces the record in one step, so a reader never sees half of it."""
    noted = replace(record, place=place_of(folder))
    write_whole(folder / "broker.json", msgspec.json.encode(noted))


def read_record(folder: Path) -> BrokerRecord | None:
    """The last broker of this folder, running or not; None where there was none. A record that was
    copied here with another folder names that one's broker, which is not to be used or ended."""
    try:
        found = msgspec.json.decode((folder / "broker.json").read_bytes(), type=BrokerRecord)
        return found if found.place in (None, place_of(folder)) else None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def running_bootstrap_servers(data_dir: Path) -> str | None:
    """Where the broker of a data folder listens, if it runs."""
    record = read_record(broker_folder(data_dir))
    return record.bootstrap_servers if record and record.is_running() else None


def is_starting(data_dir: Path) -> bool:
    """Whether the broker of a data folder runs and has not answered yet."""
    record = read_record(broker_folder(data_dir))
    return record is not None and not record.answers and replace(record, answers=True).is_running()


def known_kafka(settings: Settings) -> KafkaSettings | None:
    """Where Kafka can be asked now: the outside cluster that is named, whether it answers or not,
    else the embedded broker, if it runs."""
    if settings.kafka.bootstrap_servers:
        return settings.kafka
    running = running_bootstrap_servers(settings.data_dir)
    return replace(settings.kafka, bootstrap_servers=running) if running else None


def _identity_from_ps(pid: int) -> ProcessIdentity | None:
    # One `-o` each: all that follows `state=` would be its heading.
    asked = ["ps", "-o", "state=", "-o", "lstart=", "-p", str(pid)]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False)
    state, _, started = answer.stdout.strip().partition(" ")
    if not state or state.startswith("Z"):
        return None
    return ProcessIdentity(pid, started.strip())
