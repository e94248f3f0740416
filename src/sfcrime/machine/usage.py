"""What a process and all its descendants use: memory and CPU time, from /proc (Linux)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import numpy as np

from sfcrime.machine.processes import pids, stat_fields

SAMPLE_S = 0.5
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

OTHER = "other"
"""The role of a process that is not known, or not yet."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process as it is now."""

    pid: int
    parent: int
    cpu_s: float
    """Since it began."""
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What was used up to a moment, and is held at it."""

    at_s: float
    """Since 1970."""
    cpu_s: Mapping[str, float]
    """By role; a process that has ended keeps its last value."""
    rss_bytes: Mapping[str, int]
    """By role; a page that two processes share is counted twice."""
    machine_s: float
    """CPU time of the whole machine since it was started."""


class UsageMeter:
    """Samples process trees while its `with` block runs; read it once the block is over.

    Args:
        roots: process ids; they and their descendants are counted.
        role_of: what a process is, by its id; asked again while it says `OTHER`.
    """

    def __init__(self, roots: Sequence[int], role_of: Callable[[int], str]) -> None:
        self.samples: list[Sample] = []
        self._roots = roots
        self._role_of = role_of
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="usage-meter", daemon=True)
        self._roles: dict[int, str] = {}
        self._cpu_s: dict[int, float] = {}

    def __enter__(self) -> UsageMeter:
        self._sample()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()
        self._sample()

    def cpu_between(self, start_s: float, end_s: float) -> dict[str, float]:
        """CPU seconds by role between two moments (seconds since 1970); between two looks, in
        proportion."""
        looked = [sample.at_s for sample in self.samples]
        found = {}
        for role in self.samples[-1].cpu_s:
            used = [sample.cpu_s.get(role, 0.0) for sample in self.samples]
            found[role] = float(np.diff(np.interp([start_s, end_s], looked, used))[0])
        return found

    def others_share(self) -> float:
        """How much of all CPU time while it watched was somebody else's."""
        first, last = self.samples[0], self.samples[-1]
        machine_s = last.machine_s - first.machine_s
        own_s = sum(last.cpu_s.values()) - sum(first.cpu_s.values())
        return max(0.0, machine_s - own_s) / (max(machine_s, own_s) or 1.0)

    def peak_mb_by_role(self) -> dict[str, float]:
        """Each role's own peak, all its processes at one moment together."""
        roles = dict.fromkeys(role for sample in self.samples for role in sample.rss_bytes)
        return {
            role: max(sample.rss_bytes.get(role, 0) for sample in self.samples) / 1e6
            for role in roles
        }

    def _watch(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            self._sample()

    def _sample(self) -> None:
        rss: dict[str, int] = {}
        for process in process_tree(self._roots):
            if self._roles.get(process.pid, OTHER) == OTHER:  # it may not be itself yet
                self._roles[process.pid] = self._role_of(process.pid)
            role = self._roles[process.pid]
            # A process about to start another one is two for a moment, with one memory: only
            # what was there half a second ago is counted.
            if process.pid in self._cpu_s:
                rss[role] = rss.get(role, 0) + process.rss_bytes
            self._cpu_s[process.pid] = process.cpu_s
        cpu: dict[str, float] = {}
        for pid, cpu_s in self._cpu_s.items():
            cpu[self._roles[pid]] = cpu.get(self._roles[pid], 0.0) + cpu_s
        self.samples.append(Sample(time.time(), cpu, rss, _machine_busy_s()))


def process_tree(roots: Sequence[int]) -> list[Process]:
    """The roots and all their descendants that live."""
    by_parent: dict[int, list[Process]] = {}
    found = []
    for pid in pids():
        process = _read(pid)
        if process is None:
            continue
        if process.pid in roots:
            found.append(process)
        else:
            by_parent.setdefault(process.parent, []).append(process)
    for process in found:  # grows under way
        found += by_parent.get(process.pid, [])
    return found


def _read(pid: int) -> Process | None:
    fields = stat_fields(pid)
    if fields is None:
        return None
    return Process(
        pid=pid,
        parent=int(fields[1]),
        cpu_s=(int(fields[11]) + int(fields[12])) / _TICKS_PER_S,
        rss_bytes=int(fields[21]) * _PAGE_BYTES,
    )


def _machine_busy_s() -> float:
    """User, nice, system, irq, softirq and steal time of all cores."""
    fields = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]
    user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / _TICKS_PER_S
