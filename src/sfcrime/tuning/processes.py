"""What a process and all its descendants use: memory and CPU time, from /proc (Linux)."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from types import TracebackType

SAMPLE_S = 0.5
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
Roles = Sequence[tuple[bytes, str]]
"""What a process is, by a word of its command line; the first that is found."""
ROLES: Roles = (
    (b"kafka.Kafka", "broker"),
    (b"SparkSubmit", "Spark driver"),
    (b"worker_daemon", "Python workers"),
    (b"pyspark.daemon", "Python workers"),  # of a Spark that sfcrime did not set up
    (b"sfcrime", "sfcrime"),
)
PARTS: Roles = (
    *ROLES[:3],
    (b"\0sfcrime\0run\0", "supervisor and view"),
    (b"\0sfcrime\0produce\0", "producer"),
    (b"\0sfcrime\0stream\0", "stream"),
    ROLES[-1],
)
"""The same, with each process of `sfcrime run` by itself."""


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    ticks: int
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What processes hold at one moment."""

    rss_mb: float
    """A page that two of them share is counted twice."""
    pss_mb: float
    """A shared page is counted once, in parts."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the processes used while they were watched."""

    seconds: float
    peak_rss_mb: float
    """Of all together at one moment; a page that two of them share is counted twice."""
    peak_rss_mb_by_role: Mapping[str, float]
    """Each role's own peak; all processes of a role together."""
    cpu_s_by_role: Mapping[str, float]
    others_cpu_s: float
    """CPU time that the machine spent on anything else meanwhile."""
    load_average: float
    """Of the last minute, when the watch began."""

    @property
    def cpu_s(self) -> float:
        return sum(self.cpu_s_by_role.values())

    @property
    def others_share(self) -> float:
        """How much of all CPU time used meanwhile was somebody else's."""
        return self.others_cpu_s / ((self.others_cpu_s + self.cpu_s) or 1.0)


class UsageMeter:
    """Samples process trees while its `with` block runs; `usage` is there from its end on.

    Args:
        roots: process ids; they and their descendants are counted.
        roles: how processes are told apart.
    """

    usage: Usage

    def __init__(self, roots: Sequence[int], roles: Roles = ROLES) -> None:
        self._roots = roots
        self._known_roles = roles
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="usage-meter", daemon=True)
        self._peak = 0
        self._peak_by_role: dict[str, int] = {}
        self._roles: dict[int, str] = {}
        self._ticks: dict[int, int] = {}
        self._times: list[float] = []
        self._cpu: list[dict[str, float]] = []

    def __enter__(self) -> UsageMeter:
        self._machine_ticks = _machine_busy_ticks()
        self._load = os.getloadavg()[0]
        self._sample()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self._sample()
        machine_s = (_machine_busy_ticks() - self._machine_ticks) / _TICKS_PER_S
        cpu = self.cpu_between(self._times[0], time.time())
        self.usage = Usage(
            seconds=time.time() - self._times[0],
            peak_rss_mb=self._peak / 1e6,
            peak_rss_mb_by_role={n: peak / 1e6 for n, peak in self._peak_by_role.items()},
            cpu_s_by_role=cpu,
            others_cpu_s=max(0.0, machine_s - sum(cpu.values())),
            load_average=self._load,
        )

    def cpu_between(self, start_s: float, end_s: float) -> dict[str, float]:
        """CPU seconds by role between two moments (seconds since 1970); between two looks, in
        proportion."""
        before, after = self._cpu_at(start_s), self._cpu_at(end_s)
        return {role: seconds - before.get(role, 0.0) for role, seconds in after.items()}

    def _cpu_at(self, moment_s: float) -> dict[str, float]:
        at = min(max(bisect_left(self._times, moment_s), 1), len(self._times) - 1)
        earlier, later = self._cpu[at - 1], self._cpu[at]
        began, ended = self._times[at - 1], self._times[at]
        share = min(max((moment_s - began) / ((ended - began) or 1.0), 0.0), 1.0)
        return {
            role: earlier.get(role, 0.0) + share * (seconds - earlier.get(role, 0.0))
            for role, seconds in later.items()
        }

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            self._sample()

    def _sample(self) -> None:
        rss: dict[str, int] = {}
        for process in _tree(self._roots):
            if self._roles.get(process.pid, "") in ("", "other"):  # it may not be itself yet
                self._roles[process.pid] = _role(process.pid, self._known_roles)
            role = self._roles[process.pid]
            # A process about to start another one is two for a moment, with one memory: only
            # what was there half a second ago is counted.
            if process.pid in self._ticks:
                rss[role] = rss.get(role, 0) + process.rss_bytes
            self._ticks[process.pid] = process.ticks
        self._peak = max(self._peak, sum(rss.values()))
        for role, used in rss.items():
            self._peak_by_role[role] = max(self._peak_by_role.get(role, 0), used)
        cpu: dict[str, float] = {}
        for pid, ticks in self._ticks.items():  # one that has ended keeps its last value
            role = self._roles[pid]
            cpu[role] = cpu.get(role, 0.0) + ticks / _TICKS_PER_S
        self._times.append(time.time())
        self._cpu.append(cpu)


def _tree(roots: Sequence[int]) -> list[_Process]:
    """The roots and all their descendants that live."""
    by_parent: dict[int, list[_Process]] = {}
    found = []
    for entry in Path("/proc").iterdir():
        process = _read(int(entry.name)) if entry.name.isdigit() else None
        if process is None:
            continue
        if process.pid in roots:
            found.append(process)
        else:
            by_parent.setdefault(process.parent, []).append(process)
    for process in found:  # grows under way
        found += by_parent.get(process.pid, [])
    return found


def _read(pid: int) -> _Process | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name in brackets may hold blanks and brackets; numbering from the state behind it.
    fields = stat.rpartition(")")[2].split()
    return _Process(
        pid=pid,
        parent=int(fields[1]),
        ticks=int(fields[11]) + int(fields[12]),
        rss_bytes=int(fields[21]) * _PAGE_BYTES,
    )


def _role(pid: int, roles: Roles) -> str:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return "other"
    return next((role for word, role in roles if word in command), "other")


def memory_by_role(roots: Sequence[int], roles: Roles = ROLES) -> dict[str, Memory]:
    """What each role's processes hold now; a process that ends meanwhile is left out."""
    found: dict[str, Memory] = {}
    for process in _tree(roots):
        role, held = _role(process.pid, roles), _memory(process.pid)
        before = found.get(role, Memory(0.0, 0.0))
        found[role] = Memory(before.rss_mb + held.rss_mb, before.pss_mb + held.pss_mb)
    return found


def _memory(pid: int) -> Memory:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return Memory(0.0, 0.0)
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return Memory(kib.get("Rss", 0) * 1024 / 1e6, kib.get("Pss", 0) * 1024 / 1e6)


def _machine_busy_ticks() -> int:
    """User, nice, system, irq, softirq and steal time of all cores."""
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
    return user + nice + system + irq + softirq + steal
