"""What the processes of a benchmark use, by what they are, and all figures of a watch in one
record."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sfcrime.machine.usage import OTHER, UsageMeter, process_tree

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
    (b"\0sfcrime\0dashboard\0", "page"),
    ROLES[-1],
)
"""The same, with each process of `sfcrime run` by itself."""


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
    others_share: float
    """How much of all CPU time used meanwhile was somebody else's."""
    load_average: float
    """Of the last minute, when the watch began."""

    @property
    def cpu_s(self) -> float:
        return sum(self.cpu_s_by_role.values())


class Watch(UsageMeter):
    """Samples process trees while its `with` block runs; `usage` is there from its end on."""

    usage: Usage

    def __init__(self, roots: Sequence[int], roles: Roles = ROLES) -> None:
        super().__init__(roots, lambda pid: role_of(pid, roles))

    def __enter__(self) -> Watch:
        self._load = os.getloadavg()[0]
        super().__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        first, last = self.samples[0], self.samples[-1]
        cpu = self.cpu_between(first.at_s, last.at_s)
        self.usage = Usage(
            seconds=last.at_s - first.at_s,
            peak_rss_mb=max(sum(sample.rss_bytes.values()) for sample in self.samples) / 1e6,
            peak_rss_mb_by_role=self.peak_mb_by_role(),
            cpu_s_by_role=cpu,
            others_cpu_s=max(0.0, last.machine_s - first.machine_s - sum(cpu.values())),
            others_share=self.others_share(),
            load_average=self._load,
        )


def role_of(pid: int, roles: Roles) -> str:
    """What a process is; "other" where no word fits, or it is gone."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return OTHER
    return next((role for word, role in roles if word in command), OTHER)


def memory_by_role(roots: Sequence[int], roles: Roles = ROLES) -> dict[str, Memory]:
    """What each role's processes hold now; a process that ends meanwhile is left out."""
    found: dict[str, Memory] = {}
    for process in process_tree(roots):
        role, held = role_of(process.pid, roles), _memory(process.pid)
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
