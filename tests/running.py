"""Runs `sfcrime` as a user does: processes of their own, what they print, what they leave behind.

Only processes found below one that this module started are ever signalled, by their id.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sfcrime.domain.outcomes import Accounting
from sfcrime.errors import StoreEmpty
from sfcrime.kafka.broker_record import ProcessIdentity, identity_of, is_alive
from sfcrime.machine.processes import descendants
from sfcrime.settings import KafkaSettings, Settings, StoreSettings
from sfcrime.store import STORE_FILE
from sfcrime.store.reader import open_reader

WAIT_S = 120.0
"""For things that take 2 to 15 s on two idle cores."""
BARE_PYTHON = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
"""Has the standard library and nothing else."""


def settings_in(data_dir: Path, kafka: KafkaSettings) -> Settings:
    """Settings of a data folder, with the Java of the wheel and the user's own jar cache."""
    return Settings(kafka=kafka, store=StoreSettings(data_dir=str(data_dir)))


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code in (0, 3), f"exit code {self.code}\n{self.out}\n{self.err}"
        return json.loads(self.out)


@dataclass
class Sfcrime:
    """The command on one data folder; every port is a free one."""

    data_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    umask: int = -1
    """Of what `started` starts; -1: that of the tests."""

    def _environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SFCRIME_")}
        ports = {
            "SFCRIME_KAFKA_PORT": "0",
            "SFCRIME_STREAM_UI_PORT": "0",
            "SFCRIME_DASHBOARD_PORT": "0",
        }
        return {
            **inherited,
            **ports,
            "SFCRIME_DATA_DIR": str(self.data_dir),
            "COLUMNS": "120",
            **self.environment,
        }

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "sfcrime", *arguments]

    def __call__(self, *arguments: str, timeout_s: float = 300.0, typed: str | None = None) -> Ran:
        """Runs a command to its end, with `typed` as its standard input."""
        done = subprocess.run(
            self._command(arguments),
            env=self._environment(),
            input=typed,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[Started]:
        """Starts a command; whatever is left of it and of its children ends with the block."""
        name = f"{self.data_dir.name}-{arguments[0]}-{time.monotonic_ns()}.log"
        log_path = self.data_dir.with_name(name)
        with started_command(
            self._command(arguments), self._environment(), log_path, umask=self.umask
        ) as started:
            yield started

    def accounting(self) -> Accounting | None:
        """What the store says; None before it holds a generation."""
        try:
            with open_reader(self.data_dir / STORE_FILE) as reader:
                return reader.totals().accounting
        except StoreEmpty:
            return None

    def read(self) -> int:
        """Records accounted for so far."""
        accounting = self.accounting()
        return 0 if accounting is None else accounting.read

    def batches(self) -> int:
        """Batches in the ledger so far."""
        try:
            with open_reader(self.data_dir / STORE_FILE) as reader:
                return reader.totals().batches
        except StoreEmpty:
            return 0

    def digest(self) -> Digest:
        """Everything that was counted, in few words."""
        with open_reader(self.data_dir / STORE_FILE) as reader:
            cells = [f"{tuple(cell)}\n" for cell in reader.cells()]
            hashed = hashlib.sha256("".join(cells).encode())
            return Digest(reader.totals().accounting, len(cells), hashed.hexdigest()[:16])


@dataclass(frozen=True)
class Digest:
    """Two counts have the same accounting and cells iff their digests are equal."""

    accounting: Accounting
    cells: int
    sha256: str


@dataclass
class Started:
    """A running command."""

    process: subprocess.Popen[bytes]
    log_path: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_running(self) -> bool:
        return self.process.poll() is None

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def tree(self) -> list[ProcessIdentity]:
        """The command and everything below it, children of children included."""
        return tree_of(self.pid)

    def wait(self, timeout_s: float = WAIT_S) -> int:
        """Its exit code."""
        return self.process.wait(timeout_s)

    def wait_for(self, condition: Callable[[], bool], what: str, timeout_s: float = WAIT_S) -> None:
        """Until a condition holds, while the command runs."""

        def holds() -> bool:
            if condition():
                return True
            assert self.is_running(), f"it ended before {what}:\n{self.log()}"
            return False

        try:
            wait_until(holds, what, timeout_s)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.log()}") from None

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@contextmanager
def started_command(
    command: Sequence[str],
    environment: Mapping[str, str],
    log_path: Path,
    folder: Path | None = None,
    umask: int = -1,
) -> Iterator[Started]:
    """Starts a command in a folder; whatever is left of it and of its children ends with the
    block."""
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=umask,
        )
    started = Started(process, log_path)
    try:
        yield started
    finally:
        kill_all(started.tree())
        process.wait(WAIT_S)


def opened_to_others(folder: Path) -> list[str]:
    """The files and folders, this one included, that another account could open, with modes."""
    found = []
    for path in (folder, *folder.rglob("*")):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:  # a running job removed it
            continue
        if mode & 0o077:
            found.append(f"{path} {mode:o}")
    return found


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = WAIT_S) -> None:
    """Asks 20 times a second."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"waited {timeout_s:.0f} s for: {what}"
        time.sleep(0.05)


def spark_was_awaited(data_dir: Path) -> bool:
    """Whether a job waited until Spark's JVM answered; the file for its answer is gone then."""
    assert (data_dir / "spark" / "driver.properties").is_file(), "Spark's JVM was never started"
    return not list(data_dir.glob("spark/gateway-*"))


def tree_of(pid: int) -> list[ProcessIdentity]:
    """A process and all its descendants that live, whatever session they are in."""
    return [found for each in (pid, *descendants(pid)) if (found := identity_of(each))]


def command_line(identity: ProcessIdentity) -> str:
    """Its arguments; empty where it is gone."""
    try:
        text = Path(f"/proc/{identity.pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return text.replace(b"\0", b" ").decode(errors="replace").strip()


def kill_all(processes: list[ProcessIdentity]) -> None:
    """SIGKILL, parents first, to those that still live."""
    for identity in processes:
        if is_alive(identity):
            try:
                os.kill(identity.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def alive(processes: list[ProcessIdentity]) -> list[str]:
    """Those that still run, as text."""
    return [f"{each.pid} {command_line(each)[:120]}" for each in processes if is_alive(each)]


def listening_addresses(processes: list[ProcessIdentity]) -> set[str]:
    """Local addresses (hexadecimal, as the kernel writes them) that the processes listen on."""
    inodes = set()
    for identity in processes:
        try:
            links = [str(each.readlink()) for each in Path(f"/proc/{identity.pid}/fd").iterdir()]
        except OSError:
            continue
        inodes |= {link[8:-1] for link in links if link.startswith("socket:[")}
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.add(fields[1].partition(":")[0])
    return found


LOOPBACK_ADDRESSES = {
    "0100007F",
    "0000000000000000FFFF00000100007F",
    "00000000000000000000000001000000",
}
"""127.0.0.1, the same as IPv6 writes it, and ::1."""
